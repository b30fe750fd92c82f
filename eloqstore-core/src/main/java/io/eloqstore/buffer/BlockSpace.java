/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;

/**
 * The memory of one write buffer: blocks of the budget, handed out from front to back, and lists of
 * outgrown records by size.
 *
 * <p>The writer's thread; {@link #release} by whoever is the last user. The first block is {@value
 * #BLOCK_BYTES_MIN} bytes and each next one as large as all before it up to the largest of the
 * budget, so a buffer with little in it is little.
 *
 * <p>A block begins with {@value #BLOCK_HEADER} bytes: offset of the block before it (8, -1 =
 * none), its size (8). So offset 0 of the arena is never handed out and a handle of 0 is free to
 * mean nothing, and the list of blocks costs no heap.
 */
final class BlockSpace {
  static final int BLOCK_BYTES_MIN = MemoryBudget.SLOT_BYTES;
  private static final int BLOCK_HEADER = 16;
  private static final long NO_BLOCK = -1;

  // Outgrown records: one list for each size up to 1 KiB, above that four for each power of two.
  private static final int EXACT_UNITS_MAX = 128;
  private static final int EXACT_UNITS_LOG = 7;
  private static final int LISTS = EXACT_UNITS_MAX + 4 * 8;

  private final MemoryBudget budget;
  private final Arena arena;
  private final BufferRecords records;
  private long lastBlock = NO_BLOCK;
  private long blockBytes;
  private long next;
  private long limit;
  // What was left of a block when a large request needed another one.
  private long spareNext;
  private long spareLimit;
  private int[] outgrown;

  BlockSpace(MemoryBudget budget, BufferRecords records) {
    this.budget = budget;
    this.arena = budget.arena();
    this.records = records;
  }

  /** Bytes of all blocks. */
  long blockBytes() {
    return blockBytes;
  }

  /** Bytes that no record and no node took yet. */
  long unusedBytes() {
    return limit - next + spareLimit - spareNext;
  }

  /**
   * Makes sure that the next {@link #take} calls up to this many bytes succeed.
   *
   * @return false if the budget had no memory
   */
  boolean reserve(int bytes) {
    return bytes <= limit - next || reserveElsewhere(bytes);
  }

  private boolean reserveElsewhere(int bytes) {
    if (bytes > spareLimit - spareNext) {
      int least = MemoryBudget.blockSlots(bytes + BLOCK_HEADER) * MemoryBudget.SLOT_BYTES;
      int wanted = Math.max(least, nextBlockBytes());
      long block = budget.allocate(wanted, MemoryUse.WRITE_BUFFER);
      if (block == MemoryBudget.NONE && wanted > least) {
        wanted = least;
        block = budget.allocate(wanted, MemoryUse.WRITE_BUFFER);
      }
      if (block == MemoryBudget.NONE) {
        return false;
      }
      arena.putLong(block, lastBlock);
      arena.putLong(block + Long.BYTES, wanted);
      lastBlock = block;
      blockBytes += wanted;
      if (limit - next > spareLimit - spareNext) {
        spareNext = next;
        spareLimit = limit;
      }
      next = block + BLOCK_HEADER;
      limit = block + wanted;
      return true;
    }
    long oldNext = next;
    long oldLimit = limit;
    next = spareNext;
    limit = spareLimit;
    spareNext = oldNext;
    spareLimit = oldLimit;
    return true;
  }

  private int nextBlockBytes() {
    return (int) Math.min(Math.max(blockBytes, BLOCK_BYTES_MIN), MemoryBudget.BLOCK_BYTES_MAX);
  }

  /**
   * Hands out reserved memory; its bytes are whatever was there before.
   *
   * @param bytes a multiple of 8
   * @return handle
   */
  int take(int bytes) {
    assert bytes <= limit - next && (bytes & 7) == 0;
    int handle = Nodes.handle(next);
    next += bytes;
    return handle;
  }

  /** An outgrown record of at least this size, or 0; it stays in its list. */
  int peekOutgrown(int bytes) {
    return outgrown == null ? 0 : outgrown[listToTake(bytes >>> 3)];
  }

  /** Takes the record that {@link #peekOutgrown} named. */
  void takeOutgrown(int record, int bytes) {
    outgrown[listToTake(bytes >>> 3)] = records.previous(record);
  }

  /** Keeps a locked record that is no longer in the tree for a later one of its size. */
  void keepOutgrown(int record) {
    if (outgrown == null) {
      outgrown = new int[LISTS];
    }
    int list = listToKeep(records.roomBytes(record) >>> 3);
    records.setPrevious(record, outgrown[list]);
    outgrown[list] = record;
  }

  /** The list a record of this size goes to: rounds down. */
  private static int listToKeep(int units) {
    if (units < EXACT_UNITS_MAX) {
      return units;
    }
    int log = 31 - Integer.numberOfLeadingZeros(units);
    int quarter = units >>> log - 2 & 3;
    return EXACT_UNITS_MAX + (log - EXACT_UNITS_LOG) * 4 + quarter;
  }

  /** The list in which every record has this size at least: rounds up. */
  private static int listToTake(int units) {
    if (units <= EXACT_UNITS_MAX) {
      return listToKeep(units);
    }
    return listToKeep(units - 1) + 1;
  }

  /** Gives all blocks back. */
  void release() {
    long block = lastBlock;
    while (block != NO_BLOCK) {
      long before = arena.getLong(block);
      int bytes = (int) arena.getLong(block + Long.BYTES);
      budget.free(block, bytes, MemoryUse.WRITE_BUFFER);
      block = before;
    }
    lastBlock = NO_BLOCK;
  }
}
