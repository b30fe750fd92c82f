/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.memory.Arena;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers of variable length: the examples of the format, both ends of each width, bad bytes. */
class VarintsTest {
  private final Arena arena = Arena.allocate(64);

  @AfterEach
  void close() {
    arena.close();
  }

  @ParameterizedTest
  @CsvSource({
    "00, 0",
    "7f, 127",
    "8001, 128",
    "ac02, 300",
    "d0df908fff66, 3538816348112",
    "feffffffffffffffff01, -2",
    "ffffffffffffffffff01, -1",
    "ffffffffffffffff7f, 9223372036854775807"
  })
  void examples64(String hex, long value) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    byte[] written = new byte[20];
    assertThat(Varints.put(written, 3, value)).isEqualTo(3 + bytes.length);
    assertThat(Arrays.copyOfRange(written, 3, 3 + bytes.length)).isEqualTo(bytes);
    assertThat(Varints.put(arena, 5, value)).isEqualTo(5 + bytes.length);
    assertThat(Varints.get64(arena, 5)).isEqualTo(value);
    assertThat(Varints.length(arena, 5)).isEqualTo(bytes.length);
    assertThat(Varints.size64(value)).isEqualTo(bytes.length);
    byte[] back = new byte[bytes.length];
    arena.get(5, back, 0, back.length);
    assertThat(back).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource({"00, 0", "7f, 127", "8001, 128", "ffffffff07, 2147483647", "ffffffff0f, -1"})
  void examples32(String hex, int value) {
    byte[] bytes = put(hex);
    assertThat(Varints.get32(arena, 0)).isEqualTo(value);
    assertThat(Varints.size32(value)).isEqualTo(bytes.length);
    assertThat(Varints.put(arena, 20, value & 0xffffffffL)).isEqualTo(20 + bytes.length);
    assertThat(Varints.get32(arena, 20)).isEqualTo(value);
  }

  @Test
  void paddedNumbersAreRead() {
    put("ff808000");
    assertThat(Varints.get32(arena, 0)).isEqualTo(127);
    assertThat(Varints.get64(arena, 0)).isEqualTo(127);
    assertThat(Varints.length(arena, 0)).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ffffffffffffffffff02", "80808080808080808080", "ffffffffffffffffffff01"})
  void numberOver64BitsIsRefused(String hex) {
    put(hex);
    assertThatThrownBy(() -> Varints.get64(arena, 0))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessageContaining("10 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ffffffff10", "808080808001", "8080808080"})
  void numberOver32BitsIsRefused(String hex) {
    put(hex);
    assertThatThrownBy(() -> Varints.get32(arena, 0))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessageContaining("5 bytes");
  }

  @Test
  void lengthLooksAtTenBytesAtMost() {
    put("80808080808080808000");
    assertThat(Varints.length(arena, 0)).isEqualTo(10);
    put("8080808080808080808000");
    assertThatThrownBy(() -> Varints.length(arena, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void numberThatRunsOverTheArenaIsRefused() {
    arena.putByte(63, (byte) 0x80);
    for (long at : new long[] {63, 64, -1}) {
      assertThatThrownBy(() -> Varints.get32(arena, at))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> Varints.get64(arena, at))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> Varints.length(arena, at))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThatThrownBy(() -> Varints.put(arena, 63, 128))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void everyPowerOfTwoAndItsNeighbours() {
    for (int bit = 0; bit < 64; bit++) {
      for (long value = (1L << bit) - 1; value != (1L << bit) + 2; value++) {
        long end = Varints.put(arena, 1, value);
        assertThat(end).isEqualTo(1 + Varints.size64(value));
        assertThat(Varints.get64(arena, 1)).as("value %d", value).isEqualTo(value);
        if (bit < 32 && value <= 0xffffffffL) {
          assertThat(Varints.get32(arena, 1)).as("value %d", value).isEqualTo((int) value);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 2",
    "-1, 3",
    "-2, 5",
    "1769408174056, 3538816348112",
    "9223372036854775807, -2",
    "-9223372036854775807, -1"
  })
  void differences(long delta, long code) {
    assertThat(Varints.encodeDelta(delta)).isEqualTo(code);
    assertThat(Varints.decodeDelta(code)).isEqualTo(delta);
  }

  @Test
  void minusZeroIsReadAsZero() {
    assertThat(Varints.decodeDelta(1)).isZero();
  }

  @Test
  void randomDifferencesComeBack() {
    Random random = new Random(11);
    for (int i = 0; i < 1000; i++) {
      long delta = random.nextLong() >> random.nextInt(64);
      if (delta != Long.MIN_VALUE) {
        assertThat(Varints.decodeDelta(Varints.encodeDelta(delta))).isEqualTo(delta);
      }
    }
  }

  private byte[] put(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    arena.put(0, bytes, 0, bytes.length);
    return bytes;
  }

  @ParameterizedTest
  @CsvSource({
    "00, 0",
    "7f, 127",
    "8001, 128",
    "8000, 0",
    "ffffffff0f, 4294967295",
    "ffffffff1f, -1",
    "ffffffff8f00, -1",
    "8080, -1",
    "'', -1"
  })
  void numbersOnTheHeapEndWhereTheBytesDo(String hex, long value) {
    byte[] bytes = HexFormat.of().parseHex("55" + hex + "01");
    int end = bytes.length - 1;
    assertThat(Varints.get32(bytes, 1, end)).isEqualTo(value);
    if (value >= 0) {
      assertThat(Varints.length(bytes, 1)).isEqualTo(end - 1);
    }
  }
}
