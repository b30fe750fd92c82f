/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Off-heap bytes against a heap array, with every access on both sides of the bounds. */
class ArenaTest {
  private static final int BYTES = 1000;

  @TempDir Path temp;

  private final Arena arena = Arena.allocate(BYTES);

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void firstByteIsAligned() {
    assertThat(arena.address() % Arena.ALIGNMENT).isZero();
    assertThat(arena.bytes()).isEqualTo(BYTES);
  }

  /** Once the offset into the source array was ignored. */
  @Test
  void putTakesBytesFromTheOffsetOfTheArray() {
    byte[] source = {10, 11, 12, 13, 14, 15};
    arena.zero(0, BYTES);
    arena.put(100, source, 2, 3);
    byte[] target = new byte[7];
    arena.get(99, target, 1, 5);
    assertThat(target).containsExactly(0, 0, 12, 13, 14, 0, 0);
  }

  @Test
  void copiesAgreeWithAHeapArray() {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      byte[] model = new byte[BYTES];
      arena.zero(0, BYTES);
      for (int i = 0; i < 200; i++) {
        int length = random.nextInt(random.nextBoolean() ? 20 : BYTES + 1);
        int at = random.nextInt(BYTES - length + 1);
        int other = random.nextInt(BYTES - length + 1);
        byte[] source = new byte[BYTES];
        random.nextBytes(source);
        switch (random.nextInt(4)) {
          case 0 -> {
            arena.put(at, source, other, length);
            System.arraycopy(source, other, model, at, length);
          }
          case 1 -> {
            // Ranges overlap now and then.
            arena.copy(other, at, length);
            System.arraycopy(model, other, model, at, length);
          }
          case 2 -> {
            int zeros = length / 4;
            arena.zero(at, zeros);
            Arrays.fill(model, at, at + zeros, (byte) 0);
          }
          default -> {
            byte[] expected = source.clone();
            System.arraycopy(model, at, expected, other, length);
            arena.get(at, source, other, length);
            assertThat(source).as("seed %d", seed).isEqualTo(expected);
          }
        }
      }
      byte[] all = new byte[BYTES];
      arena.get(0, all, 0, BYTES);
      assertThat(all).as("seed %d", seed).isEqualTo(model);
    }
  }

  @Test
  void numbersAreLittleEndianAtAnyOffset() {
    for (int at : new int[] {0, 1, 3, 501, BYTES - 8}) {
      arena.putLong(at, 0x8877665544332211L);
      byte[] bytes = new byte[8];
      arena.get(at, bytes, 0, 8);
      assertThat(bytes)
          .isEqualTo(
              ByteBuffer.allocate(8)
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .putLong(0x8877665544332211L)
                  .array());
      assertThat(arena.getLong(at)).isEqualTo(0x8877665544332211L);
      assertThat(arena.getLongBigEndian(at)).isEqualTo(0x1122334455667788L);
      assertThat(arena.getInt(at)).isEqualTo(0x44332211);
      assertThat(arena.getInt(at + 4)).isEqualTo(0x88776655);
      assertThat(arena.getUnsignedShort(at + 6)).isEqualTo(0x8877);
      assertThat(arena.getByte(at + 7)).isEqualTo((byte) 0x88);
      assertThat(arena.getUnsignedByte(at + 7)).isEqualTo(0x88);
      arena.putShort(at, 0x1fedc);
      arena.putInt(at + 2, 0xcafebabe);
      arena.putByte(at + 6, (byte) -1);
      assertThat(arena.getLong(at)).isEqualTo(0x88ff_cafebabe_fedcL);
    }
    arena.putLongOrdered(8, -5);
    assertThat(arena.getLongVolatile(8)).isEqualTo(-5);
    arena.putIntOrdered(16, 0x80000001);
    assertThat(arena.getIntVolatile(16)).isEqualTo(0x80000001);
  }

  @Test
  void compareIsUnsignedAndAPrefixIsSmaller() {
    Random random = new Random(3);
    for (int i = 0; i < 5000; i++) {
      byte[] left = new byte[random.nextInt(40)];
      random.nextBytes(left);
      byte[] right = Arrays.copyOf(left, random.nextInt(40));
      if (right.length > 0 && random.nextInt(4) > 0) {
        right[random.nextInt(right.length)] = (byte) random.nextInt();
      }
      int at = random.nextInt(BYTES - left.length + 1);
      int offset = random.nextInt(9);
      byte[] padded = new byte[offset + right.length + random.nextInt(3)];
      System.arraycopy(right, 0, padded, offset, right.length);
      arena.put(at, left, 0, left.length);
      assertThat(Integer.signum(arena.compare(at, left.length, padded, offset, right.length)))
          .as("round %d", i)
          .isEqualTo(Integer.signum(Arrays.compareUnsigned(left, right)));
      int mismatch = Arrays.mismatch(left, right);
      assertThat(arena.commonPrefix(at, left.length, padded, offset, right.length))
          .as("round %d", i)
          .isEqualTo(mismatch < 0 ? left.length : mismatch);
    }
  }

  @Test
  void everyAccessEndsAtTheBounds() {
    byte[] ten = new byte[10];
    for (long at : new long[] {-1, BYTES, BYTES + 1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      refused(() -> arena.getByte(at));
      refused(() -> arena.putByte(at, (byte) 0));
      refused(() -> arena.get(at, ten, 0, 1));
      refused(() -> arena.put(at, ten, 0, 1));
      refused(() -> arena.zero(at, 1));
      refused(() -> arena.copy(at, 0, 1));
      refused(() -> arena.copy(0, at, 1));
      refused(() -> arena.buffer(at, 1));
      refused(() -> arena.compare(at, 1, ten, 0, 1));
      refused(() -> arena.commonPrefix(at, 1, ten, 0, 1));
    }
    arena.putByte(BYTES - 1, (byte) 1);
    arena.putShort(BYTES - 2, 1);
    refused(() -> arena.putShort(BYTES - 1, 1));
    refused(() -> arena.getUnsignedShort(BYTES - 1));
    arena.putInt(BYTES - 4, 1);
    refused(() -> arena.putInt(BYTES - 3, 1));
    refused(() -> arena.getInt(BYTES - 3));
    refused(() -> arena.putIntOrdered(BYTES, 1));
    refused(() -> arena.getIntVolatile(BYTES));
    arena.putLong(BYTES - 8, 1);
    refused(() -> arena.putLong(BYTES - 7, 1));
    refused(() -> arena.getLong(BYTES - 7));
    refused(() -> arena.putLongOrdered(BYTES, 1));
    refused(() -> arena.getLongVolatile(BYTES));
    arena.get(BYTES - 10, ten, 0, 10);
    refused(() -> arena.get(BYTES - 9, ten, 0, 10));
    arena.zero(BYTES, 0);
    refused(() -> arena.zero(0, -1));
    refused(() -> arena.zero(1, Long.MAX_VALUE));
  }

  @Test
  void arraysAreCheckedToo() {
    byte[] ten = new byte[10];
    for (int[] range :
        new int[][] {{-1, 2}, {9, 2}, {11, 0}, {0, 11}, {0, -1}, {Integer.MAX_VALUE, 1}}) {
      refused(() -> arena.get(0, ten, range[0], range[1]));
      refused(() -> arena.put(0, ten, range[0], range[1]));
      refused(() -> arena.compare(0, 5, ten, range[0], range[1]));
      refused(() -> arena.commonPrefix(0, 5, ten, range[0], range[1]));
    }
    arena.put(0, ten, 10, 0);
    arena.put(0, ten, 9, 1);
    refused(() -> arena.compare(0, -1, ten, 0, 1));
  }

  private static void refused(ThrowingCallable access) {
    assertThatThrownBy(access).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void bufferIsAViewOfTheSameBytes() throws IOException {
    for (int i = 0; i < BYTES; i++) {
      arena.putByte(i, (byte) i);
    }
    ByteBuffer buffer = arena.buffer(100, 50);
    assertThat(buffer.isDirect()).isTrue();
    assertThat(buffer.position()).isZero();
    assertThat(buffer.limit()).isEqualTo(50);
    assertThat(buffer.capacity()).isEqualTo(50);
    assertThat(buffer.get(0)).isEqualTo((byte) 100);
    buffer.put(49, (byte) 77);
    assertThat(arena.getByte(149)).isEqualTo((byte) 77);
    assertThat(arena.buffer(BYTES, 0).hasRemaining()).isFalse();
    refused(() -> arena.buffer(BYTES - 49, 50));
    refused(() -> buffer.get(50));
    try (FileChannel channel =
        FileChannel.open(
            temp.resolve("bytes"),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      assertThat(channel.write(buffer, 0)).isEqualTo(50);
      assertThat(channel.read(arena.buffer(200, 50), 0)).isEqualTo(50);
    }
    assertThat(arena.getByte(200)).isEqualTo((byte) 100);
    assertThat(arena.getByte(249)).isEqualTo((byte) 77);
    assertThat(arena.getByte(250)).isEqualTo((byte) 250);
  }

  @Test
  void arenaOfNoBytesIsRefusedAndCloseMayBeRepeated() {
    assertThatThrownBy(() -> Arena.allocate(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Arena.allocate(-1)).isInstanceOf(IllegalArgumentException.class);
    Arena other = Arena.allocate(1);
    other.putByte(0, (byte) 9);
    assertThat(other.getByte(0)).isEqualTo((byte) 9);
    refused(() -> other.getByte(1));
    other.close();
    other.close();
  }
}
