/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

import java.util.Arrays;

/**
 * The one hard budget of a shard: everything the engine keeps off the heap is a block of this
 * arena, and nothing is taken beyond it.
 *
 * <p>Memory is handed out in blocks of 1, 2, 4 ... {@value #BLOCK_SLOTS_MAX} slots of {@value
 * #SLOT_BYTES} bytes, aligned to their own size. When none is free the {@link Reclaimer} (the page
 * cache) is asked to evict; when that does not help the caller gets {@link #NONE} and must flush or
 * wait.
 *
 * <p>Any thread. Invariants: a slot is free or belongs to one block; the sum of all uses and the
 * free slots is the size of the arena. The memory is never unmapped while the budget is open, so a
 * reader may look at a block that was freed under it as long as it validates afterwards.
 */
public final class MemoryBudget implements AutoCloseable {
  /** The unit of allocation, bytes. */
  public static final int SLOT_BYTES = 4096;

  /** Largest block, slots. */
  public static final int BLOCK_SLOTS_MAX = 64;

  /** Largest block, bytes. */
  public static final int BLOCK_BYTES_MAX = BLOCK_SLOTS_MAX * SLOT_BYTES;

  /** Heap bytes that the page cache keeps for each slot; they count into the budget. */
  public static final int HEAP_BYTES_PER_SLOT = 40;

  /** Smallest budget, bytes. */
  public static final long BUDGET_BYTES_MIN = 1L << 20;

  /**
   * Largest budget, bytes: write buffers address the arena in units of eight bytes with 31 bits.
   */
  public static final long BUDGET_BYTES_MAX = 16L << 30;

  /** No block was free. */
  public static final long NONE = -1;

  /** What is evicted for one thread may be taken by another; that many times in a row it is not. */
  private static final int RECLAIM_ATTEMPTS = 64;

  /** This part of the budget may lie idle as a spare block, at most. */
  private static final int SPARE_SHARE = 256;

  /**
   * A block that was put by.
   *
   * @param at offset in the arena
   * @param bytes what was asked for when it was allocated
   */
  public record Block(long at, int bytes) {}

  private final Arena arena;
  private final long budgetBytes;
  private final int slots;
  // One bit for each slot, 1 = free; a word is one largest block.
  private final long[] free;
  private final int[] usedSlots = new int[MemoryUse.values().length];
  private final int[] maxSlots = new int[MemoryUse.values().length];
  private Reclaimer reclaimer = slotsWanted -> false;
  private int freeSlots;
  private int cursor;
  private Block spare;
  private final SmallBlocks mappingBlocks = new SmallBlocks(this, MemoryUse.MAPPING);
  private long freedCount;
  private boolean closed;

  /**
   * @param budgetBytes all memory of the shard, bookkeeping included; {@value #BUDGET_BYTES_MIN} to
   *     {@value #BUDGET_BYTES_MAX}
   */
  public MemoryBudget(long budgetBytes) {
    if (budgetBytes < BUDGET_BYTES_MIN || budgetBytes > BUDGET_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a memory budget must be "
              + BUDGET_BYTES_MIN
              + " to "
              + BUDGET_BYTES_MAX
              + " bytes, found "
              + budgetBytes);
    }
    this.budgetBytes = budgetBytes;
    this.slots = (int) (budgetBytes / (SLOT_BYTES + HEAP_BYTES_PER_SLOT));
    this.arena = Arena.allocate((long) slots * SLOT_BYTES);
    this.free = new long[(slots + Long.SIZE - 1) / Long.SIZE];
    for (int slot = 0; slot < slots; slot++) {
      free[slot >>> 6] |= 1L << slot;
    }
    this.freeSlots = slots;
    Arrays.fill(maxSlots, Integer.MAX_VALUE);
  }

  public Arena arena() {
    return arena;
  }

  /** The size asked for, bytes. */
  public long budgetBytes() {
    return budgetBytes;
  }

  /** Number of slots in the arena. */
  public int slots() {
    return slots;
  }

  /** Small blocks of mappings, which all partitions of the budget share. */
  public SmallBlocks mappingBlocks() {
    return mappingBlocks;
  }

  /** The slot a block begins with. */
  public static int slotOf(long at) {
    return (int) (at / SLOT_BYTES);
  }

  /** Names who evicts; once, before the first allocation that may need it. */
  public synchronized void setReclaimer(Reclaimer reclaimer) {
    this.reclaimer = reclaimer;
  }

  /** Bounds one use; allocations beyond it answer {@link #NONE} without evicting anything. */
  public synchronized void setLimit(MemoryUse use, long bytes) {
    maxSlots[use.ordinal()] = (int) Math.min(slots, bytes / SLOT_BYTES);
  }

  /** The bound of one use, bytes; the size of the arena when none was set. */
  public synchronized long limit(MemoryUse use) {
    return (long) Math.min(slots, maxSlots[use.ordinal()]) * SLOT_BYTES;
  }

  /** Bytes in blocks of this use. */
  public synchronized long used(MemoryUse use) {
    return (long) usedSlots[use.ordinal()] * SLOT_BYTES;
  }

  /** Bytes in no block. */
  public synchronized long freeBytes() {
    return (long) freeSlots * SLOT_BYTES;
  }

  /** Slots of the block that holds this many bytes. */
  public static int blockSlots(int bytes) {
    int wanted = (bytes + SLOT_BYTES - 1) / SLOT_BYTES;
    int rounded = wanted <= 1 ? 1 : Integer.highestOneBit(wanted - 1) << 1;
    if (bytes <= 0 || rounded > BLOCK_SLOTS_MAX) {
      throw new IllegalArgumentException(
          "a block holds 1 to " + BLOCK_BYTES_MAX + " bytes, asked for " + bytes);
    }
    return rounded;
  }

  /**
   * Takes a block; its bytes are whatever was there before.
   *
   * @param bytes 1 to {@link #BLOCK_BYTES_MAX}; rounded up to a power of two of slots
   * @return offset in the arena, or {@link #NONE} when neither free memory nor eviction could give
   *     it
   */
  public long allocate(int bytes, MemoryUse use) {
    int wanted = blockSlots(bytes);
    for (int attempt = 0; attempt < RECLAIM_ATTEMPTS; attempt++) {
      Reclaimer current;
      synchronized (this) {
        if (closed) {
          throw new IllegalStateException("the memory budget is closed");
        }
        if (usedSlots[use.ordinal()] > maxSlots[use.ordinal()] - wanted) {
          return NONE;
        }
        int slot = takeFree(wanted);
        if (slot >= 0) {
          usedSlots[use.ordinal()] += wanted;
          return (long) slot * SLOT_BYTES;
        }
        current = reclaimer;
      }
      if (!current.reclaim(wanted) && !freeSpare()) {
        return NONE;
      }
    }
    return NONE;
  }

  /**
   * Puts an {@link MemoryUse#IO} block by for whoever needs one next, so that a burst of writing
   * need not clear the cache for a run of slots each time. It counts as in use, and is freed when
   * memory is short. A block is just freed when another lies there or it is large for this budget.
   */
  public synchronized void putBy(long at, int bytes) {
    if (spare == null && !closed && bytes <= budgetBytes / SPARE_SHARE) {
      spare = new Block(at, bytes);
    } else {
      free(at, bytes, MemoryUse.IO);
    }
  }

  /** The block that was put by, to be freed or put by again; null when there is none. */
  public synchronized Block takeSpare() {
    Block taken = spare;
    spare = null;
    return taken;
  }

  private synchronized boolean freeSpare() {
    Block taken = takeSpare();
    if (taken != null) {
      free(taken.at, taken.bytes, MemoryUse.IO);
    }
    return taken != null;
  }

  /**
   * Gives a block back and wakes who waits for memory.
   *
   * @param bytes what was asked for when it was allocated
   */
  public synchronized void free(long at, int bytes, MemoryUse use) {
    int count = blockSlots(bytes);
    int slot = slotOf(at);
    long mask = mask(slot & 63, count);
    if (at % SLOT_BYTES != 0 || slot % count != 0 || (free[slot >>> 6] & mask) != 0) {
      throw new IllegalStateException(
          "block of " + count + " slots at slot " + slot + " is not an allocated block");
    }
    free[slot >>> 6] |= mask;
    freeSlots += count;
    usedSlots[use.ordinal()] -= count;
    freedCount++;
    notifyAll();
  }

  /** Whether a slot belongs to no block; another thread may change that at once. */
  public synchronized boolean isFree(int slot) {
    return (free[slot >>> 6] & 1L << slot) != 0;
  }

  /** Grows with each block that is freed; read it before an allocation that may fail. */
  public synchronized long freedCount() {
    return freedCount;
  }

  /**
   * Waits until a block was freed after {@code seen} was read, or the time is over.
   *
   * @param timeoutMs at least 1
   * @return whether one was freed
   */
  public synchronized boolean awaitFreed(long seen, long timeoutMs) throws InterruptedException {
    long deadline = System.nanoTime() + timeoutMs * 1_000_000;
    while (freedCount == seen && !closed) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return true;
  }

  private int takeFree(int count) {
    if (freeSlots < count) {
      return -1;
    }
    for (int i = 0; i < free.length; i++) {
      int word = cursor + i < free.length ? cursor + i : cursor + i - free.length;
      int bit = runStart(free[word], count);
      if (bit >= 0) {
        free[word] &= ~mask(bit, count);
        freeSlots -= count;
        cursor = word;
        return (word << 6) + bit;
      }
    }
    return -1;
  }

  /** First aligned run of {@code count} set bits, or -1. */
  private static int runStart(long word, int count) {
    if (word == 0) {
      return -1;
    }
    if (count == 1) {
      return Long.numberOfTrailingZeros(word);
    }
    for (int bit = 0; bit < Long.SIZE; bit += count) {
      long mask = mask(bit, count);
      if ((word & mask) == mask) {
        return bit;
      }
    }
    return -1;
  }

  private static long mask(int bit, int count) {
    return count == Long.SIZE ? -1L : ((1L << count) - 1) << bit;
  }

  /**
   * Unmaps the arena. Every block must have been freed by then.
   *
   * @throws IllegalStateException naming what is still in use; the memory is unmapped nevertheless
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      freeSpare();
      closed = true;
      notifyAll();
    }
    arena.close();
    if (freeSlots != slots) {
      StringBuilder leaks = new StringBuilder("memory was not given back:");
      for (MemoryUse use : MemoryUse.values()) {
        leaks.append(' ').append(use).append('=').append(usedSlots[use.ordinal()]);
      }
      throw new IllegalStateException(leaks.append(" slots").toString());
    }
  }
}
