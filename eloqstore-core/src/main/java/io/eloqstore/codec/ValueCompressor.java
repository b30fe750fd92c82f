/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import io.eloqstore.api.CorruptionException;

/**
 * Compresses the values of one partition for one thread and one burst of writes.
 *
 * <p>The first value that is worth it takes a native context of {@value
 * CompressionContext#NATIVE_BYTES} bytes off the memory budget; {@link #close} gives it back. When
 * the budget does not have it, or is less than {@value CompressionContext#BUDGET_PARTS} times as
 * large, values stay raw: that is always right, for each entry says by itself what it holds.
 */
public final class ValueCompressor implements AutoCloseable {
  /** The value is stored as it is. */
  public static final int RAW = -1;

  private final ValueCompression compression;
  private CompressionContext context;
  private boolean refused;
  private byte[] stored = new byte[0];

  ValueCompressor(ValueCompression compression) {
    this.compression = compression;
  }

  /**
   * Compresses a value: by itself if {@link ValueCompression#isAlone}, else with the dictionary.
   *
   * @return length of what to store instead, smaller than the value and in {@link #stored}; {@link
   *     #RAW} when the value is to be stored as it is
   * @throws CorruptionException when the dictionary of the partition is none
   */
  public int compress(byte[] value, int offset, int length) {
    if (length < ValueCompression.VALUE_BYTES_MIN || refused) {
      return RAW;
    }
    return ValueCompression.isAlone(length)
        ? compressAlone(value, offset, length)
        : compressWithDictionary(value, offset, length);
  }

  /** What the last value became, in the first bytes. */
  public byte[] stored() {
    return stored;
  }

  private int compressWithDictionary(byte[] value, int offset, int length) {
    if (compression.dictionary().length == 0) {
      return RAW;
    }
    if (context == null) {
      context = compression.openContext(compression.dictionary());
      refused = context == null;
    }
    long room = Varints.BYTES_MAX_32 + CompressionContext.frameBytesMax(length);
    return refused ? RAW : compress(context, value, offset, length, (int) room);
  }

  /** So large a value pays for a context of its own, which has no dictionary. */
  private int compressAlone(byte[] value, int offset, int length) {
    try (CompressionContext alone = compression.openContext(ValueCompression.NO_DICTIONARY)) {
      // No more room than is of use: the frame of incompressible bytes may be longer than an array.
      return alone == null ? RAW : compress(alone, value, offset, length, length);
    }
  }

  private int compress(CompressionContext by, byte[] value, int offset, int length, int room) {
    if (stored.length < room) {
      stored = new byte[room];
    }
    int header = Varints.put(stored, 0, length);
    int frame;
    try {
      frame = by.compress(value, offset, length, stored, header);
    } catch (RuntimeException e) {
      throw compression.failure(e, ValueCompression.DICTIONARY);
    }
    return frame < 0 || header + frame >= length ? RAW : header + frame;
  }

  /** Gives native memory back. Does nothing the second time. */
  @Override
  public void close() {
    if (context != null) {
      context.close();
      context = null;
    }
  }
}
