/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

/** Whoever can give memory back when it is asked to: the page cache. */
@FunctionalInterface
public interface Reclaimer {

  /**
   * Frees enough for a block of this many slots, aligned to its own size. Called without any lock
   * of the budget held.
   *
   * @param slots a power of two, at most {@link MemoryBudget#BLOCK_SLOTS_MAX}
   * @return whether anything was freed
   */
  boolean reclaim(int slots);
}
