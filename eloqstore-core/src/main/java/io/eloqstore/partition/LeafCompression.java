/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.codec.ValueCompressor;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;

/**
 * Compresses values on their way from a write buffer into leaves, with the dictionary.
 *
 * <p>Worker only; for one flush.
 */
final class LeafCompression implements AutoCloseable {
  private final PartitionContext context;
  private final ValueCompressor compressor;
  private final byte[] raw;
  // A leaf takes value bytes from the arena.
  private long scratch = MemoryBudget.NONE;
  private int valueLength;

  private LeafCompression(PartitionContext context) {
    this.context = context;
    this.compressor = context.compression().newCompressor();
    this.raw = new byte[context.options().pageBytes()];
  }

  /** {@code null} when values are not compressed in this flush. */
  static LeafCompression open(PartitionContext context) {
    return context.options().compression() && context.compression().dictionary().length > 0
        ? new LeafCompression(context)
        : null;
  }

  /**
   * Compresses a value that fits a leaf.
   *
   * @param at arena offset of the value
   * @return whether it is to be stored compressed; what is stored is at {@link #valueAt} until the
   *     next call
   */
  boolean compress(long at, int length) {
    context.arena().get(at, raw, 0, length);
    valueLength = compressor.compress(raw, 0, length);
    if (valueLength == ValueCompressor.RAW || !hasScratch()) {
      return false;
    }
    context.arena().put(scratch, compressor.stored(), 0, valueLength);
    return true;
  }

  /** Without memory for it the value stays raw. */
  private boolean hasScratch() {
    if (scratch == MemoryBudget.NONE) {
      scratch = context.budget().allocate(context.options().pageBytes(), MemoryUse.IO);
    }
    return scratch != MemoryBudget.NONE;
  }

  long valueAt() {
    return scratch;
  }

  int valueLength() {
    return valueLength;
  }

  @Override
  public void close() {
    compressor.close();
    if (scratch != MemoryBudget.NONE) {
      context.budget().free(scratch, context.options().pageBytes(), MemoryUse.IO);
      scratch = MemoryBudget.NONE;
    }
  }
}
