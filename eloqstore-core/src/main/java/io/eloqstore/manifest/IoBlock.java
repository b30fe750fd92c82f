/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;

/** A leased block for bytes on their way to or from a manifest. One thread. */
final class IoBlock implements AutoCloseable {
  final long at;
  final int bytes;
  private final MemoryBudget budget;
  private boolean closed;

  private IoBlock(MemoryBudget budget, long at, int bytes) {
    this.budget = budget;
    this.at = at;
    this.bytes = bytes;
  }

  /**
   * Takes a block of about this size: at most {@link MemoryBudget#BLOCK_BYTES_MAX}, less when
   * memory is short, a multiple of 4096.
   */
  static IoBlock take(MemoryBudget budget, long wantedBytes) {
    int wanted = (int) Math.min(MemoryBudget.BLOCK_BYTES_MAX, Math.max(1, wantedBytes));
    int bytes = MemoryBudget.blockSlots(wanted) * MemoryBudget.SLOT_BYTES;
    for (; bytes >= MemoryBudget.SLOT_BYTES; bytes /= 2) {
      long at = budget.allocate(bytes, MemoryUse.IO);
      if (at != MemoryBudget.NONE) {
        return new IoBlock(budget, at, bytes);
      }
    }
    throw new StoreException(
        StoreErrorCode.OUT_OF_MEMORY,
        "no I/O block of 4096 bytes is left in a budget of " + budget.budgetBytes() + " bytes");
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      budget.free(at, bytes, MemoryUse.IO);
    }
  }
}
