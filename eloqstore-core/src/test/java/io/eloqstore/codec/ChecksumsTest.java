/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.memory.Arena;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checksums: published vectors, records of the C++ engine, independence of how bytes are cut. */
class ChecksumsTest {
  private static final long PHI = 0x9E3779B97F4A7C15L;

  /** The vectors of the xxHash sanity test, seed 0, over its generated buffer. */
  @ParameterizedTest
  @CsvSource({
    "0, 2D06800538D394C2",
    "1, C44BDFF4074EECDB",
    "12, A713DAF0DFBB77E7",
    "80, BCDEFBBB2C47C90A",
    "195, CD94217EE362EC3A",
    "512, 617E49599013CB6B",
    "2367, CB37AEB9E5D361ED"
  })
  void publishedVectors(int length, String expected) {
    byte[] input = new byte[length + 7];
    long generator = 2654435761L;
    for (int i = 0; i < length; i++) {
      input[i + 3] = (byte) (generator >>> 56);
      generator *= 0x9E3779B185EBCA8DL;
    }
    long hash = Long.parseUnsignedLong(expected, 16);
    assertThat(Xxh3.hash(input, 3, length)).isEqualTo(hash);
    try (Arena arena = Arena.allocate(input.length)) {
      arena.put(0, input, 0, input.length);
      assertThat(Xxh3.hash(arena, 3, length)).isEqualTo(hash);
    }
  }

  @Test
  void hashOutsideTheArenaIsRefused() {
    try (Arena arena = Arena.allocate(100)) {
      for (int i = 0; i < 100; i++) {
        arena.putByte(i, (byte) i);
      }
      assertThat(Xxh3.hash(arena, 0, 100)).isNotEqualTo(Xxh3.hash(arena, 0, 99));
      for (long[] range : new long[][] {{0, 101}, {1, 100}, {-1, 5}, {100, 1}, {5, -1}}) {
        assertThatThrownBy(() -> Xxh3.hash(arena, range[0], range[1]))
            .isInstanceOf(IndexOutOfBoundsException.class);
      }
    }
  }

  @Test
  void manifestRecordsOfTheFormatDocument() {
    record(
        "01000000ffffffff19000000 02 00 02000000 0109 0d000000 0000 feffffffffffffffff0100",
        "74cbbc2884b849f1");
    record(
        "01000000ffffffff17000000 02000000 0011 0d000000 0000 feffffffffffffffff0100",
        "722c7fdba147ee74");
  }

  private static void record(String covered, String checksum) {
    byte[] bytes = HexFormat.of().parseHex(covered.replace(" ", ""));
    long expected = Long.reverseBytes(Long.parseUnsignedLong(checksum, 16));
    try (Arena arena = Arena.allocate(64)) {
      arena.put(0, bytes, 0, bytes.length);
      ManifestChecksum sum = new ManifestChecksum();
      assertThat(sum.value()).isZero();
      sum.update(arena, 0, 5);
      sum.update(arena, 5, bytes.length - 5);
      assertThat(sum.value()).isEqualTo(expected);
      assertThat(sum.value()).isEqualTo(expected);
    }
  }

  /** Exactly one chunk, one byte more, and several, cut at random. */
  @Test
  void chunksOfOneMebibyteAreMixed() {
    int chunk = 1 << 20;
    byte[] bytes = new byte[3 * chunk];
    new Random(5).nextBytes(bytes);
    try (Arena arena = Arena.allocate(bytes.length)) {
      arena.put(0, bytes, 0, bytes.length);
      for (int length : new int[] {1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 77}) {
        long expected = 0;
        for (int at = 0; at < length; at += chunk) {
          long hash = Xxh3.hash(bytes, at, Math.min(chunk, length - at));
          expected = (Long.rotateLeft(expected, 1) ^ hash) * PHI;
        }
        Random random = new Random(length);
        ManifestChecksum sum = new ManifestChecksum();
        for (int at = 0; at < length; ) {
          int step = Math.min(length - at, 1 + random.nextInt(700_000));
          sum.update(arena, at, step);
          at += step;
        }
        assertThat(sum.value()).as("length %d", length).isEqualTo(expected);
      }
    }
  }
}
