/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

/**
 * Memory that a native library takes from the process by itself, taken off the budget: blocks that
 * nobody writes to, so what the library takes instead of them keeps the sum within the budget.
 *
 * <p>One thread at a time.
 */
public final class Reservation implements AutoCloseable {
  private final MemoryBudget budget;
  private final MemoryUse use;
  private final long[] blocks;
  private final int[] blockBytes;
  private int count;

  private Reservation(MemoryBudget budget, MemoryUse use, int slots) {
    this.budget = budget;
    this.use = use;
    this.blocks = new long[slots];
    this.blockBytes = new int[slots];
  }

  /**
   * Takes memory off a budget, in pieces if it must be.
   *
   * @param bytes at least 1
   * @return {@code null} when the budget does not have it; nothing is kept then
   */
  public static Reservation take(MemoryBudget budget, int bytes, MemoryUse use) {
    int slots = (bytes + MemoryBudget.SLOT_BYTES - 1) / MemoryBudget.SLOT_BYTES;
    Reservation reservation = new Reservation(budget, use, slots);
    if (!reservation.fill(slots)) {
      reservation.close();
      return null;
    }
    return reservation;
  }

  private boolean fill(int slots) {
    int largest = MemoryBudget.BLOCK_SLOTS_MAX;
    for (int left = slots; left > 0; ) {
      int wanted = Math.min(largest, Integer.highestOneBit(left));
      long block = budget.allocate(wanted * MemoryBudget.SLOT_BYTES, use);
      if (block == MemoryBudget.NONE) {
        if (wanted == 1) {
          return false;
        }
        largest = wanted / 2;
        continue;
      }
      blocks[count] = block;
      blockBytes[count++] = wanted * MemoryBudget.SLOT_BYTES;
      left -= wanted;
    }
    return true;
  }

  /** Gives it back. Does nothing the second time. */
  @Override
  public void close() {
    while (count > 0) {
      count--;
      budget.free(blocks[count], blockBytes[count], use);
    }
  }
}
