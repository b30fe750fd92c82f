/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Blocks of less than a slot, for what thousands of small partitions have one each of: a slot is
 * cut into blocks of one size, and goes back to the budget with the last of them.
 *
 * <p>Any thread. Belongs to its {@link MemoryBudget}, which counts the slots.
 */
public final class SmallBlocks {
  /** Smallest block, bytes. */
  public static final int BLOCK_BYTES_MIN = 256;

  private static final int SIZES =
      Integer.numberOfTrailingZeros(MemoryBudget.SLOT_BYTES / BLOCK_BYTES_MIN);

  /** One slot that is cut up: bit {@code i} of {@code free} is its block {@code i}. */
  private static final class Cut {
    private final long at;
    private final int all;
    private int free;

    Cut(long at, int count) {
      this.at = at;
      this.all = (1 << count) - 1;
      this.free = all;
    }
  }

  private final MemoryBudget budget;
  private final MemoryUse use;
  private final Map<Long, Cut> cuts = new HashMap<>();
  // By size: the slots that have a free block.
  private final List<Set<Cut>> withFree = new ArrayList<>();
  private long freeBytes;

  SmallBlocks(MemoryBudget budget, MemoryUse use) {
    this.budget = budget;
    this.use = use;
    for (int i = 0; i < SIZES; i++) {
      withFree.add(new LinkedHashSet<>());
    }
  }

  /** Bytes of the block that holds this many: a power of two from the smallest to a slot. */
  public static int blockBytes(int bytes) {
    if (bytes <= 0 || bytes > MemoryBudget.SLOT_BYTES) {
      throw new IllegalArgumentException(
          "a small block holds 1 to " + MemoryBudget.SLOT_BYTES + " bytes, asked for " + bytes);
    }
    return bytes <= BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : Integer.highestOneBit(bytes - 1) << 1;
  }

  /** Bytes of cut slots that are in no block. */
  public synchronized long freeBytes() {
    return freeBytes;
  }

  private static int size(int blockBytes) {
    return Integer.numberOfTrailingZeros(blockBytes / BLOCK_BYTES_MIN);
  }

  /**
   * Takes a block; its bytes are whatever was there before.
   *
   * @param bytes 1 to a slot
   * @return offset in the arena, or {@link MemoryBudget#NONE}
   */
  public synchronized long allocate(int bytes) {
    int blockBytes = blockBytes(bytes);
    if (blockBytes == MemoryBudget.SLOT_BYTES) {
      return budget.allocate(blockBytes, use);
    }
    Set<Cut> candidates = withFree.get(size(blockBytes));
    Cut cut;
    if (candidates.isEmpty()) {
      long at = budget.allocate(MemoryBudget.SLOT_BYTES, use);
      if (at == MemoryBudget.NONE) {
        return MemoryBudget.NONE;
      }
      cut = new Cut(at, MemoryBudget.SLOT_BYTES / blockBytes);
      cuts.put(at, cut);
      candidates.add(cut);
      freeBytes += MemoryBudget.SLOT_BYTES;
    } else {
      cut = candidates.iterator().next();
    }
    int block = Integer.numberOfTrailingZeros(cut.free);
    cut.free &= ~(1 << block);
    freeBytes -= blockBytes;
    if (cut.free == 0) {
      candidates.remove(cut);
    }
    return cut.at + (long) block * blockBytes;
  }

  /**
   * Gives a block back.
   *
   * @param bytes what was asked for when it was allocated
   */
  public synchronized void free(long at, int bytes) {
    int blockBytes = blockBytes(bytes);
    if (blockBytes == MemoryBudget.SLOT_BYTES) {
      budget.free(at, blockBytes, use);
      return;
    }
    Cut cut = cuts.get(at & -MemoryBudget.SLOT_BYTES);
    int mask = cut == null ? 0 : 1 << (int) ((at - cut.at) / blockBytes);
    if (cut == null || at % blockBytes != 0 || (cut.free & mask) != 0 || (cut.all & mask) == 0) {
      throw new IllegalStateException(
          "block of " + blockBytes + " bytes at " + at + " is not an allocated block");
    }
    cut.free |= mask;
    freeBytes += blockBytes;
    Set<Cut> candidates = withFree.get(size(blockBytes));
    if (cut.free == cut.all) {
      candidates.remove(cut);
      cuts.remove(cut.at);
      freeBytes -= MemoryBudget.SLOT_BYTES;
      budget.free(cut.at, MemoryBudget.SLOT_BYTES, use);
    } else {
      candidates.add(cut);
    }
  }
}
