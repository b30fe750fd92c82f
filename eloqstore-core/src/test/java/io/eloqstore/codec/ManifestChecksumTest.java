/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.memory.Arena;
import java.util.Random;
import net.openhft.hashing.LongHashFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The checksum against the formula of the format document, however the bytes are cut. */
class ManifestChecksumTest {
  private static final int MIB = 1 << 20;

  private static long formula(byte[] bytes) {
    long acc = 0;
    for (int at = 0; at < bytes.length; at += MIB) {
      int length = Math.min(MIB, bytes.length - at);
      acc = Long.rotateLeft(acc, 1) ^ LongHashFunction.xx3().hashBytes(bytes, at, length);
      acc *= 0x9E3779B97F4A7C15L;
    }
    return acc;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 37, 4095, 4096, 4097, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 5})
  void valueDoesNotDependOnHowTheBytesAreCut(int length) {
    byte[] bytes = new byte[length];
    Random random = new Random(length);
    random.nextBytes(bytes);
    try (Arena arena = Arena.allocate(length + 3)) {
      arena.put(3, bytes, 0, length);
      for (int step : new int[] {length, 4096, 256 * 1024, Math.max(1, length / 3)}) {
        ManifestChecksum checksum = new ManifestChecksum();
        for (int at = 0; at < length; at += step) {
          checksum.update(arena, 3 + at, Math.min(step, length - at));
        }
        assertThat(checksum.value()).as("steps of %d", step).isEqualTo(formula(bytes));
        assertThat(checksum.value()).as("asked again").isEqualTo(formula(bytes));
      }
    }
  }

  @Test
  void nothingSumsToZero() {
    assertThat(new ManifestChecksum().value()).isZero();
  }
}
