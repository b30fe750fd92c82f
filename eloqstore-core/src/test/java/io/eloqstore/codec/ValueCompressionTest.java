/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Compressed values are read as they were put, and anything else is refused before it costs. */
class ValueCompressionTest {
  private static final byte[] PLAIN =
      "all work and no play. ".repeat(40).getBytes(StandardCharsets.US_ASCII);

  private final MemoryBudget budget = new MemoryBudget(4 << 20);
  private final ValueCompression compression =
      new ValueCompression(budget, ValueCompression.NO_DICTIONARY, "t.0");
  private final ValueBuffer target = new ValueBuffer();

  @AfterEach
  void everythingIsGivenBack() {
    compression.close();
    budget.close();
  }

  private static byte[] stored(long length, byte[] frame) {
    byte[] bytes = new byte[Varints.BYTES_MAX_64 + frame.length];
    int header = Varints.put(bytes, 0, length);
    System.arraycopy(frame, 0, bytes, header, frame.length);
    return Arrays.copyOf(bytes, header + frame.length);
  }

  private static byte[] dictionary() {
    Random random = new Random(5);
    byte[][] samples = new byte[4000][];
    for (int i = 0; i < samples.length; i++) {
      String text = "{\"id\":" + random.nextInt() + ",\"town\":\"T" + random.nextInt(90) + "\"}";
      samples[i] = text.repeat(8).getBytes(StandardCharsets.US_ASCII);
    }
    byte[] dictionary = new byte[16_384];
    assertThat(Zstd.isError(Zstd.trainFromBuffer(samples, dictionary))).isFalse();
    return dictionary;
  }

  private void assertCorrupt(byte[] stored, String... named) {
    assertThatThrownBy(() -> compression.decompress(stored, stored.length, target))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("t.0")
        .hasMessageContaining("compressed value")
        .hasMessageContainingAll(named);
    // Refused before memory was taken for what it claims.
    assertThat(target.bytes().length).isLessThanOrEqualTo(8 * PLAIN.length);
  }

  @Test
  void valueIsReadAsItWasPutAndTimesStay() {
    byte[] stored = stored(PLAIN.length, Zstd.compress(PLAIN));
    target.setTimes(7, 8);
    compression.decompress(Arrays.copyOf(stored, 2000), stored.length, target);
    assertThat(target.toByteArray()).isEqualTo(PLAIN);
    assertThat(target.timestamp()).isEqualTo(7);
    assertThat(target.expireTs()).isEqualTo(8);
    assertThat(compression.valueLength(stored, stored.length)).isEqualTo(PLAIN.length);
    byte[] empty = stored(0, Zstd.compress(new byte[0]));
    compression.decompress(empty, empty.length, target);
    assertThat(target.length()).isZero();
  }

  /** That of docs/format/pages.md. */
  @Test
  void workedExample() {
    String text = "78 28b52ffd 20 78 8d0000 50 656c6f7173746f726520 0100ab694102".replace(" ", "");
    byte[] stored = HexFormat.of().parseHex(text);
    compression.decompress(stored, stored.length, target);
    assertThat(target.toByteArray())
        .isEqualTo("eloqstore ".repeat(12).getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void dictionaryIsUsedAndFramesWithoutOneAreReadBesides() {
    byte[] dictionary = dictionary();
    byte[] with = stored(PLAIN.length, Zstd.compressUsingDict(PLAIN, dictionary, 3));
    byte[] without = stored(PLAIN.length, Zstd.compress(PLAIN));
    try (ValueCompression trained = new ValueCompression(budget, dictionary, "t.0")) {
      for (byte[] stored : new byte[][] {with, without, with}) {
        trained.decompress(stored, stored.length, target);
        assertThat(target.toByteArray()).isEqualTo(PLAIN);
      }
    }
    assertCorrupt(with, "zstd frame", "mismatch");
  }

  @Test
  void lengthIsHeldAgainstTheFrameBeforeMemoryIsTaken() {
    byte[] frame = Zstd.compress(PLAIN);
    assertCorrupt(stored(PLAIN.length + 1, frame), "content size", "" + PLAIN.length);
    assertCorrupt(stored(PLAIN.length - 1, frame), "content size", "" + PLAIN.length);
    assertCorrupt(stored(OwnedPartition.VALUE_BYTES_MAX + 1L, frame), "length");
    assertCorrupt(stored(1L << 32, frame), "length", "none");
    assertCorrupt(new byte[0], "length", "none");
    assertCorrupt(new byte[] {(byte) 0x80}, "length", "none");
    // A header that agrees with the length, but the frame could never hold that much.
    byte[] header = Arrays.copyOf(Zstd.compress(new byte[64 << 20]), 9);
    assertCorrupt(stored(64 << 20, header), "length", "frame of 9 bytes");
  }

  @Test
  void damagedFramesAreRefused() {
    byte[] frame = Zstd.compress(PLAIN);
    assertCorrupt(stored(PLAIN.length, Arrays.copyOf(frame, frame.length - 1)), "zstd frame");
    assertCorrupt(stored(PLAIN.length, Arrays.copyOf(frame, frame.length + 3)), "zstd frame");
    assertCorrupt(stored(PLAIN.length, PLAIN), "content size");
    byte[] twice = Arrays.copyOf(frame, 2 * frame.length);
    System.arraycopy(frame, 0, twice, frame.length, frame.length);
    assertCorrupt(stored(PLAIN.length, twice), "zstd frame");
    // What is sound is read with the same context afterwards.
    valueIsReadAsItWasPutAndTimesStay();
  }

  @Test
  void flippedBitsAreRefusedOrGiveTheWrongBytesButNeverMore() {
    Random random = new Random(3);
    byte[] stored = stored(PLAIN.length, Zstd.compress(PLAIN));
    for (int i = 0; i < 2000; i++) {
      byte[] flipped = stored.clone();
      flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
      try {
        compression.decompress(flipped, flipped.length, target);
        assertThat(target.length()).isEqualTo(PLAIN.length);
      } catch (CorruptionException e) {
        assertThat(e.path()).isEqualTo("t.0");
      }
    }
  }

  @Test
  void brokenDictionaryIsNamed() {
    // The magic and the id stay, the tables behind them do not.
    byte[] broken = dictionary();
    Arrays.fill(broken, 8, 200, (byte) 0xff);
    byte[] stored = stored(PLAIN.length, Zstd.compress(PLAIN));
    try (ValueCompression bad = new ValueCompression(budget, broken, "t.0")) {
      assertThatThrownBy(() -> bad.decompress(stored, stored.length, target))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("dictionary of the partition");
    }
    assertThat(budget.used(MemoryUse.IO)).isZero();
    try (MemoryBudget large = new MemoryBudget(16 << 20);
        ValueCompression bad = new ValueCompression(large, broken, "t.0");
        ValueCompressor compressor = bad.newCompressor()) {
      assertThatThrownBy(() -> compressor.compress(PLAIN, 0, PLAIN.length))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("dictionary of the partition");
    }
  }

  @Test
  void contextsAreCountedKeptForTheNextAndGivenBackWhenClosed() {
    byte[] stored = stored(PLAIN.length, Zstd.compress(PLAIN));
    assertThat(budget.used(MemoryUse.IO)).isZero();
    for (int i = 0; i < 3; i++) {
      compression.decompress(stored, stored.length, target);
      assertThat(budget.used(MemoryUse.IO)).isEqualTo(DecompressionContext.NATIVE_BYTES);
    }
    compression.close();
    assertThat(budget.used(MemoryUse.IO)).isZero();
    assertThatThrownBy(() -> compression.decompress(stored, stored.length, target))
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.CLOSED));
  }

  @Test
  void whatIsCompressedIsReadAgain() {
    byte[][] samples = new byte[4000][];
    for (int i = 0; i < samples.length; i++) {
      samples[i] =
          ("value " + i * 7919L % 1000 + " of " + i).repeat(9).getBytes(StandardCharsets.US_ASCII);
    }
    try (MemoryBudget large = new MemoryBudget(16 << 20);
        ValueCompression trained =
            new ValueCompression(large, ValueCompression.NO_DICTIONARY, "t.0");
        ValueCompressor compressor = trained.newCompressor()) {
      assertThat(compressor.compress(PLAIN, 0, PLAIN.length)).isEqualTo(ValueCompressor.RAW);
      // A context that knows no dictionary stays behind.
      byte[] before = stored(PLAIN.length, Zstd.compress(PLAIN));
      trained.decompress(before, before.length, target);
      assertThat(trained.train(samples)).isTrue();
      assertThat(trained.dictionary()).hasSize(ValueCompression.DICTIONARY_BYTES);
      assertThatThrownBy(() -> trained.train(samples)).isInstanceOf(IllegalStateException.class);
      for (byte[] sample : samples) {
        byte[] shifted = new byte[sample.length + 9];
        System.arraycopy(sample, 0, shifted, 4, sample.length);
        int length = compressor.compress(shifted, 4, sample.length);
        if (sample.length < 100) {
          assertThat(length).isEqualTo(ValueCompressor.RAW);
          continue;
        }
        assertThat(length).isBetween(1, sample.length - 1);
        trained.decompress(compressor.stored().clone(), length, target);
        assertThat(target.toByteArray()).isEqualTo(sample);
      }
      assertThat(large.used(MemoryUse.IO))
          .isEqualTo(CompressionContext.NATIVE_BYTES + DecompressionContext.NATIVE_BYTES);
    }
  }

  @Test
  void samplesThatGiveNoDictionaryLeaveNone() {
    assertThat(compression.train(new byte[][] {PLAIN, PLAIN, PLAIN})).isFalse();
    assertThat(compression.train(new byte[0][])).isFalse();
    assertThat(compression.dictionary()).isEmpty();
  }

  @Test
  void withoutMemoryValuesStayRaw() {
    byte[] dictionary = dictionary();
    for (long bytes : new long[] {4 << 20, 10 << 20, 11 << 20}) {
      try (MemoryBudget small = new MemoryBudget(bytes);
          ValueCompression trained = new ValueCompression(small, dictionary, "t.0");
          ValueCompressor compressor = trained.newCompressor();
          ValueCompressor next = trained.newCompressor()) {
        assertThat(compressor.compress(PLAIN, 0, PLAIN.length) != ValueCompressor.RAW)
            .isEqualTo(bytes == 11 << 20);
        small.setLimit(MemoryUse.IO, small.used(MemoryUse.IO));
        assertThat(next.compress(PLAIN, 0, PLAIN.length)).isEqualTo(ValueCompressor.RAW);
        byte[] alone = new byte[(10 << 20) + 1];
        assertThat(next.compress(alone, 0, alone.length)).isEqualTo(ValueCompressor.RAW);
      }
    }
  }

  @Test
  void withoutMemoryNothingIsRead() {
    byte[] stored = stored(PLAIN.length, Zstd.compress(PLAIN));
    budget.setLimit(MemoryUse.IO, DecompressionContext.NATIVE_BYTES - 1);
    assertThatThrownBy(() -> compression.decompress(stored, stored.length, target))
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_MEMORY))
        .hasMessageContaining("t.0");
    assertThat(budget.used(MemoryUse.IO)).isZero();
    budget.setLimit(MemoryUse.IO, DecompressionContext.NATIVE_BYTES);
    compression.decompress(stored, stored.length, target);
    assertThat(target.toByteArray()).isEqualTo(PLAIN);
  }

  @Test
  void manyThreadsReadAtOnce() throws InterruptedException {
    byte[] stored = stored(PLAIN.length, Zstd.compress(PLAIN));
    int[] sound = new int[6];
    Thread[] threads = new Thread[sound.length];
    for (int i = 0; i < threads.length; i++) {
      int mine = i;
      threads[i] =
          new Thread(
              () -> {
                ValueBuffer into = new ValueBuffer();
                for (int round = 0; round < 2000; round++) {
                  compression.decompress(stored, stored.length, into);
                  sound[mine] += Arrays.equals(into.toByteArray(), PLAIN) ? 1 : 0;
                }
              });
      threads[i].start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(sound).containsOnly(2000);
    assertThat(budget.used(MemoryUse.IO))
        .isLessThanOrEqualTo(2L * DecompressionContext.NATIVE_BYTES);
  }
}
