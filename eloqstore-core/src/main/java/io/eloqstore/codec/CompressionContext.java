/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.memory.Reservation;

/**
 * What zstd needs to compress at its default level, with a dictionary loaded: native memory, taken
 * off the budget.
 *
 * <p>One thread at a time.
 */
final class CompressionContext implements AutoCloseable {
  /**
   * What a context takes at most, dictionary included; measured with zstd 1.5.7: 500 KiB after
   * values of a page, 1,304 KiB after values of 128 KiB and more.
   */
  static final int NATIVE_BYTES = 1312 << 10;

  /** Compressing is not worth more of the budget than one part of this many. */
  static final int BUDGET_PARTS = 8;

  private final Reservation memory;
  private final ZstdCompressCtx zstd;

  private CompressionContext(byte[] dictionary, Reservation memory) {
    this.memory = memory;
    this.zstd = new ZstdCompressCtx();
    zstd.setLevel(Zstd.defaultCompressionLevel());
    if (dictionary.length > 0) {
      zstd.loadDict(dictionary);
    }
  }

  /**
   * Makes a context.
   *
   * @param dictionary empty for none
   * @return {@code null} when the budget does not have the memory, or is too small as a whole
   */
  static CompressionContext open(MemoryBudget budget, byte[] dictionary) {
    Reservation memory =
        NATIVE_BYTES > budget.budgetBytes() / BUDGET_PARTS
            ? null
            : Reservation.take(budget, NATIVE_BYTES, MemoryUse.IO);
    if (memory == null) {
      return null;
    }
    try {
      return new CompressionContext(dictionary, memory);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  /** Room for the frame of any content of this length. */
  static long frameBytesMax(int length) {
    return Zstd.compressBound(length);
  }

  /**
   * Compresses a value into a frame.
   *
   * @return length of the frame; -1 when it does not fit the target
   */
  int compress(byte[] value, int offset, int length, byte[] target, int targetOffset) {
    try {
      int room = target.length - targetOffset;
      return zstd.compressByteArray(target, targetOffset, room, value, offset, length);
    } catch (ZstdException e) {
      if (e.getErrorCode() == Zstd.errDstSizeTooSmall()) {
        return -1;
      }
      throw e;
    }
  }

  @Override
  public void close() {
    zstd.close();
    memory.close();
  }
}
