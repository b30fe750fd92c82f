/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.memory.Reservation;

/**
 * What zstd needs to decompress, with a dictionary loaded: native memory, taken off the budget.
 *
 * <p>One thread at a time. A frame that was compressed without a dictionary is read as well.
 */
final class DecompressionContext implements AutoCloseable {
  /**
   * What a context takes at most, dictionary included; measured with zstd 1.5.7: 136 KiB, whatever
   * the length of the value.
   */
  static final int NATIVE_BYTES = 144 << 10;

  private final byte[] dictionary;
  private final Reservation memory;
  private final ZstdDecompressCtx zstd;

  private DecompressionContext(byte[] dictionary, Reservation memory) {
    this.dictionary = dictionary;
    this.memory = memory;
    this.zstd = new ZstdDecompressCtx();
    if (dictionary.length > 0) {
      zstd.loadDict(dictionary);
    }
  }

  /**
   * Makes a context.
   *
   * @param dictionary empty for none
   * @return {@code null} when the budget does not have the memory
   * @throws ZstdException when the dictionary is none
   */
  static DecompressionContext open(MemoryBudget budget, byte[] dictionary) {
    Reservation memory = Reservation.take(budget, NATIVE_BYTES, MemoryUse.IO);
    if (memory == null) {
      return null;
    }
    try {
      return new DecompressionContext(dictionary, memory);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  byte[] dictionary() {
    return dictionary;
  }

  /** Length of the content as a frame says it; negative when it does not, or is no frame. */
  static long contentBytes(byte[] source, int offset, int length) {
    return Zstd.getFrameContentSize(source, offset, length);
  }

  /**
   * Decompresses a frame.
   *
   * @return the length of the content
   * @throws ZstdException when the bytes are no sound frame, or it is longer than the target
   */
  int decompress(byte[] source, int offset, int length, byte[] target, int targetLength) {
    return zstd.decompressByteArray(target, 0, targetLength, source, offset, length);
  }

  @Override
  public void close() {
    zstd.close();
    memory.close();
  }
}
