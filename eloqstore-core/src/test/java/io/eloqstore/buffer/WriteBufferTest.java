/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Limits, memory and life cycle of a write buffer. */
class WriteBufferTest {
  private static final int KEY_MAX = BufferRecords.KEY_BYTES_MAX;
  private static final int VALUE_MAX = BufferRecords.VALUE_BYTES_MAX;

  private final MemoryBudget budget = new MemoryBudget(32L << 20);
  private final WriteBuffer buffer = new WriteBuffer(budget, false);
  private final BufferRecords records = buffer.records();
  private final ValueBuffer target = new ValueBuffer();
  private long sequence;

  @AfterEach
  void everythingIsGivenBack() {
    buffer.release();
    assertThat(budget.used(MemoryUse.WRITE_BUFFER)).isZero();
    budget.close();
  }

  private boolean put(WriteBuffer to, byte[] key, byte[] value) {
    return to.put(key, 0, key.length, value, 0, value.length, 0, 0, 0, ++sequence);
  }

  private byte[] get(WriteBuffer from, byte[] key) {
    int flags = from.read(key, 0, key.length, Long.MAX_VALUE, target);
    return flags == WriteBuffer.ABSENT ? null : target.toByteArray();
  }

  private static byte[] number(int n) {
    return new byte[] {0, 1, (byte) (n >>> 24), (byte) (n >>> 16), (byte) (n >>> 8), (byte) n};
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  @Test
  void emptyBufferHoldsNoMemoryAndFindsNothing() {
    byte[] key = {1};
    assertThat(buffer.bytes()).isZero();
    assertThat(buffer.isEmpty()).isTrue();
    assertThat(buffer.find(key, 0, 1)).isZero();
    assertThat(buffer.floor(key, 0, 1)).isZero();
    assertThat(buffer.cursor().first()).isFalse();
    assertThat(buffer.cursor().last()).isFalse();
    assertThat(buffer.cursor().next()).isFalse();
    assertThat(buffer.minSequence()).isZero();
    assertThat(buffer.maxSequence()).isZero();
  }

  @Test
  void smallBufferIsOneSlot() {
    put(buffer, number(1), new byte[100]);
    assertThat(buffer.bytes()).isEqualTo(MemoryBudget.SLOT_BYTES);
  }

  @Test
  void longestKeysAndValuesFitAndOneByteMoreIsRefused() {
    byte[] longest = filled(KEY_MAX, 9);
    byte[] neighbour = longest.clone();
    neighbour[KEY_MAX - 1] = 8;
    byte[] prefix = filled(KEY_MAX - 1, 9);
    byte[] middle = longest.clone();
    middle[KEY_MAX / 2] = 0;
    byte[] value = filled(VALUE_MAX, 0xee);
    for (byte[] key : new byte[][] {longest, neighbour, prefix, middle}) {
      assertThat(put(buffer, key, value)).isTrue();
    }
    assertThat(buffer.entryCount()).isEqualTo(4);
    for (byte[] key : new byte[][] {longest, neighbour, prefix, middle}) {
      assertThat(get(buffer, key)).isEqualTo(value);
    }
    BufferCursor cursor = buffer.cursor();
    assertThat(cursor.first()).isTrue();
    assertThat(Arrays.copyOf(cursor.key(), cursor.keyLength())).isEqualTo(middle);
    assertThat(cursor.next() && cursor.next() && cursor.next()).isTrue();
    assertThat(Arrays.copyOf(cursor.key(), cursor.keyLength())).isEqualTo(longest);
    assertThatThrownBy(() -> put(buffer, new byte[KEY_MAX + 1], value))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> put(buffer, new byte[0], value))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> put(buffer, longest, new byte[VALUE_MAX + 1]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(buffer.entryCount()).isEqualTo(4);
  }

  @Test
  void aBadCallChangesNothing() {
    byte[] key = {5};
    byte[] value = {1, 2, 3};
    put(buffer, key, value);
    long next = sequence + 1;
    assertThatThrownBy(() -> buffer.put(key, 0, 1, value, 1, 3, 0, 0, 0, next))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> buffer.put(key, 0, 2, value, 0, 3, 0, 0, 0, next))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> buffer.put(key, 0, 1, value, 0, 1, BufferRecords.DELETE, 0, 0, next))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> buffer.put(key, 0, 1, value, 0, 1, 0, 0, 0, next - 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(get(buffer, key)).isEqualTo(value);
  }

  @Test
  void frozenBufferRefusesWritesAndReads() {
    byte[] key = {5};
    put(buffer, key, key);
    assertThat(buffer.isFrozen()).isFalse();
    assertThat(buffer.freeze()).isEqualTo(1);
    assertThat(buffer.isFrozen()).isTrue();
    assertThatThrownBy(() -> put(buffer, key, key)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(
            () -> buffer.appendValue(key, 0, 1, (byte) ',', key, 0, 1, 100, sequence + 1))
        .isInstanceOf(IllegalStateException.class);
    assertThat(get(buffer, key)).isEqualTo(key);
  }

  @Test
  void releaseHappensOnce() {
    WriteBuffer other = new WriteBuffer(budget, false);
    put(other, number(1), number(1));
    other.release();
    assertThatThrownBy(other::release).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> put(other, number(2), number(2)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aSnapshotThatIsNotOpenCannotBeClosed() {
    assertThatThrownBy(() -> buffer.closeSnapshot(0)).isInstanceOf(IllegalStateException.class);
    put(buffer, number(1), number(1));
    long opened = buffer.openSnapshot(0);
    assertThat(opened).isEqualTo(1);
    assertThatThrownBy(() -> buffer.closeSnapshot(2)).isInstanceOf(IllegalStateException.class);
    buffer.closeSnapshot(opened);
  }

  @Test
  void versionsAreKeptOnlyForASnapshot() {
    byte[] key = number(1);
    put(buffer, key, new byte[] {1});
    long used = buffer.usedBytes();
    for (int i = 0; i < 1000; i++) {
      put(buffer, key, new byte[] {(byte) i});
    }
    assertThat(buffer.usedBytes()).isEqualTo(used);
    long snapshot = buffer.openSnapshot(sequence);
    put(buffer, key, new byte[] {77});
    long withVersion = buffer.usedBytes();
    assertThat(withVersion).isGreaterThan(used);
    // One old version is enough for the snapshot: the new record is overwritten again.
    for (int i = 0; i < 1000; i++) {
      put(buffer, key, new byte[] {(byte) i});
    }
    assertThat(buffer.usedBytes()).isEqualTo(withVersion);
    assertThat(buffer.read(key, 0, key.length, snapshot, target)).isZero();
    assertThat(target.toByteArray()).containsExactly(999 & 0xff);
    buffer.closeSnapshot(snapshot);
  }

  @Test
  void spaceOfOutgrownRecordsIsUsedAgain() {
    int sizes = 100;
    for (int i = 1; i <= sizes; i++) {
      put(buffer, number(1), new byte[8 * i]);
    }
    long used = buffer.usedBytes();
    assertThat(get(buffer, number(1))).hasSize(8 * sizes);
    for (int i = sizes - 1; i >= 1; i--) {
      put(buffer, number(0x1000 + i), new byte[8 * i]);
    }
    // The growing value left one record of each size; so only nodes need memory: one path node, and
    // a node that went through all four types.
    assertThat(buffer.usedBytes() - used).isLessThan(32 + 32 + 88 + 456 + 1032 + 1);
    for (int i = sizes - 1; i >= 1; i--) {
      assertThat(get(buffer, number(0x1000 + i))).hasSize(8 * i);
    }
  }

  @Test
  void appendingInSmallStepsCopiesSeldom() {
    byte[] key = number(1);
    put(buffer, key, new byte[0]);
    byte[] element = {1, 2, 3};
    int count = 0;
    int replaced = 0;
    int last = buffer.find(key, 0, key.length);
    while (buffer.appendValue(last, (byte) 44, element, 0, 3, 4000, ++sequence)
        == AppendOutcome.EXTENDED) {
      count++;
      int record = buffer.find(key, 0, key.length);
      replaced += record == last ? 0 : 1;
      last = record;
    }
    assertThat(count).isEqualTo(1000);
    assertThat(replaced).isLessThan(15);
    byte[] value = get(buffer, key);
    assertThat(value).hasSize(3999);
    for (int i = 0; i < value.length; i++) {
      assertThat(value[i]).isEqualTo(new byte[] {1, 2, 3, 44}[i % 4]);
    }
  }

  @Test
  void appendRefusesWhatIsNoPlainValue() {
    byte[] key = number(1);
    byte[] more = {1};
    int length = key.length;
    assertThat(buffer.appendValue(key, 0, length, (byte) 0, more, 0, 1, 10, ++sequence))
        .isEqualTo(AppendOutcome.NOT_PRESENT);
    buffer.put(key, 0, length, more, 0, 0, BufferRecords.DELETE, 0, 0, ++sequence);
    assertThat(buffer.appendValue(key, 0, length, (byte) 0, more, 0, 1, 10, ++sequence))
        .isEqualTo(AppendOutcome.NOT_PRESENT);
    buffer.put(key, 0, length, more, 0, 1, BufferRecords.LARGE, 0, 0, ++sequence);
    assertThat(buffer.appendValue(key, 0, length, (byte) 0, more, 0, 1, 10, ++sequence))
        .isEqualTo(AppendOutcome.NOT_PRESENT);
    buffer.put(key, 0, length, more, 0, 1, 0, 0, 0, ++sequence);
    assertThat(buffer.appendValue(key, 0, length, (byte) 0, more, 0, 1, 3, ++sequence))
        .isEqualTo(AppendOutcome.EXTENDED);
    assertThat(buffer.appendValue(key, 0, length, (byte) 0, more, 0, 0, 3, ++sequence))
        .isEqualTo(AppendOutcome.TOO_LARGE);
    assertThat(get(buffer, key)).containsExactly(1, 0, 1);
  }

  @Test
  void writesWithoutMemoryChangeNothing() {
    for (long seed = 0; seed < 6; seed++) {
      String name = "seed " + seed;
      Random random = new Random(seed);
      long startSequence = sequence;
      try (MemoryBudget small = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN)) {
        small.setLimit(MemoryUse.WRITE_BUFFER, 64L << 10);
        WriteBuffer full = new WriteBuffer(small, false);
        RandomKeys keys = new RandomKeys(random, 500);
        NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
        int refused = 0;
        while (refused < 300) {
          byte[] key = keys.next();
          byte[] value = new byte[random.nextInt(300)];
          random.nextBytes(value);
          if (put(full, key, value)) {
            model.put(key, value);
          } else {
            refused++;
            // The sequence may be used again after a refusal.
            sequence--;
            assertThat(full.maxSequence()).as(name).isEqualTo(sequence);
          }
          byte[] list = model.isEmpty() ? key : model.floorKey(keys.next());
          if (list != null && full.find(list, 0, list.length) != 0) {
            AppendOutcome outcome =
                full.appendValue(
                    list,
                    0,
                    list.length,
                    (byte) 1,
                    value,
                    0,
                    9 % (value.length + 1),
                    900,
                    ++sequence);
            byte[] old = model.get(list);
            if (outcome == AppendOutcome.EXTENDED) {
              model.put(list, get(full, list));
              assertThat(model.get(list).length).isGreaterThanOrEqualTo(old.length);
            } else {
              sequence--;
              assertThat(get(full, list)).as(name).isEqualTo(old);
            }
          }
        }
        assertThat(full.entryCount()).as(name).isEqualTo(model.size());
        BufferCursor cursor = full.cursor();
        boolean moved = cursor.first();
        for (byte[] key : model.keySet()) {
          assertThat(moved).as(name).isTrue();
          assertThat(Arrays.copyOf(cursor.key(), cursor.keyLength())).as(name).isEqualTo(key);
          assertThat(get(full, key)).as(name).isEqualTo(model.get(key));
          moved = cursor.next();
        }
        assertThat(moved).as(name).isFalse();
        assertThat(small.used(MemoryUse.WRITE_BUFFER)).isEqualTo(full.bytes());
        full.release();
        assertThat(sequence).isGreaterThan(startSequence);
      }
    }
  }

  @Test
  void lateReadsOfReusedMemoryEnd() {
    int answered = 0;
    for (long seed = 0; seed < 12; seed++) {
      String name = "seed " + seed;
      Random random = new Random(seed);
      try (MemoryBudget reused = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN)) {
        WriteBuffer late = new WriteBuffer(reused, false);
        RandomKeys keys = new RandomKeys(random, 2_000);
        for (int i = 0; i < 2_000; i++) {
          assertThat(put(late, keys.next(), new byte[random.nextInt(30)])).as(name).isTrue();
        }
        late.release();
        BufferCursor cursor = late.cursor();
        for (int round = 0; round < 200; round++) {
          scribble(reused.arena(), random, round);
          for (int i = 0; i < 20; i++) {
            byte[] key = keys.next();
            answered += late(() -> late.find(key, 0, key.length));
            answered += late(() -> late.floor(key, 0, key.length));
            answered += late(() -> late.findVisible(key, 0, key.length, 100));
            answered += late(() -> late.read(key, 0, key.length, Long.MAX_VALUE, target));
            answered += late(() -> cursor.seek(key, 0, key.length) && cursor.next() ? 1 : 0);
            answered += late(() -> cursor.seekFloor(key, 0, key.length, true) ? 1 : 0);
          }
        }
      }
    }
    assertThat(answered).isPositive();
  }

  /** Damages more with each round: from single words to whole slots of noise. */
  private static void scribble(Arena arena, Random random, int round) {
    int words = 1 << Math.min(12, round / 10);
    for (int i = 0; i < words; i++) {
      long word = random.nextLong();
      // Small numbers look like handles and lengths.
      arena.putLong(
          random.nextInt((int) (arena.bytes() / 8) / 8) * 8L,
          random.nextBoolean() ? word : word & 0x0000_ffff_0000_7fffL);
    }
  }

  private interface LateRead {
    int run();
  }

  private static int late(LateRead read) {
    try {
      read.run();
      return 1;
    } catch (IndexOutOfBoundsException expected) {
      assertThat(expected).isNotNull();
      return 0;
    }
  }

  @Test
  void findsAndOverwritesAllocateNothing() {
    int keys = 10_000;
    byte[][] all = new byte[keys][];
    byte[] value = new byte[24];
    for (int i = 0; i < keys; i++) {
      all[i] = number(i * 7919);
      assertThat(put(buffer, all[i], value)).isTrue();
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    long found = work(all, value, 200_000);
    threads.getThreadAllocatedBytes(thread);
    long before = threads.getThreadAllocatedBytes(thread);
    long nothing = threads.getThreadAllocatedBytes(thread) - before;
    before = threads.getThreadAllocatedBytes(thread);
    found += work(all, value, 200_000);
    long allocated = threads.getThreadAllocatedBytes(thread) - before - nothing;
    assertThat(found).isEqualTo(400_000L * 3);
    assertThat(allocated).isZero();
  }

  private long work(byte[][] keys, byte[] value, int rounds) {
    long found = 0;
    for (int i = 0; i < rounds; i++) {
      byte[] key = keys[i % keys.length];
      value[0] = (byte) i;
      int record = buffer.find(key, 0, key.length);
      found += record != 0 ? 1 : 0;
      int length = 1 + i % value.length;
      found += buffer.put(key, 0, key.length, value, 0, length, 0, 0, 0, ++sequence) ? 1 : 0;
      found += buffer.read(key, 0, key.length, Long.MAX_VALUE, target) == 0 ? 1 : 0;
    }
    return found;
  }

  @Test
  void costOfAnEntryIsWhatTheDecisionRecordSays() {
    Random random = new Random(1);
    assertThat(indexBytes(100_000, i -> random.nextLong())).isBetween(14.0, 16.0);
    assertThat(indexBytes(100_000, i -> Long.reverseBytes(i))).isBetween(6.0, 6.8);
  }

  /** Bytes of nodes for each entry of an 11-byte key with 3 constant bytes and an 8-byte value. */
  private double indexBytes(int entries, LongUnaryOperator keyOf) {
    WriteBuffer measured = new WriteBuffer(budget, false);
    ByteBuffer key = ByteBuffer.allocate(11);
    byte[] value = new byte[8];
    for (int i = 0; i < entries; i++) {
      key.putLong(3, Long.reverseBytes(keyOf.applyAsLong(i)));
      assertThat(put(measured, key.array(), value)).isTrue();
    }
    assertThat(measured.entryCount()).isEqualTo(entries);
    int recordBytes = BufferRecords.bytes(key.capacity(), value.length);
    assertThat(recordBytes).isEqualTo(40);
    double used = (double) measured.usedBytes() / entries;
    assertThat((double) measured.bytes() / measured.usedBytes()).isLessThan(1.1);
    measured.release();
    return used - recordBytes;
  }
}
