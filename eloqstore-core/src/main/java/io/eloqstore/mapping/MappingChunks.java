/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.SmallBlocks;

/**
 * Counts how many snapshots of one family share each chunk, and frees a chunk with its last one. If
 * file pages are used again, a chunk holds those it names as long as it lives.
 *
 * <p>Any thread; the counts are guarded by this object.
 */
final class MappingChunks {
  /** One block of entries; {@code snapshots} is guarded by its {@link MappingChunks}. */
  static final class Chunk {
    final long at;
    final int bytes;
    private int snapshots;

    private Chunk(long at, int bytes) {
      this.at = at;
      this.bytes = bytes;
    }

    /** Where it lies and how large it is, in one number that is not negative. */
    int place() {
      return placeOf(at, bytes);
    }
  }

  // A place: the size above, as a power of two of the smallest, the offset in units of it below.
  private static final int SIZE_SHIFT = 28;
  private static final int UNIT_LOG = Integer.numberOfTrailingZeros(SmallBlocks.BLOCK_BYTES_MIN);

  private static int placeOf(long at, int bytes) {
    int size = Integer.numberOfTrailingZeros(bytes) - UNIT_LOG;
    return size << SIZE_SHIFT | (int) (at >>> UNIT_LOG);
  }

  static long at(int place) {
    return (long) (place & (1 << SIZE_SHIFT) - 1) << UNIT_LOG;
  }

  static int bytes(int place) {
    return SmallBlocks.BLOCK_BYTES_MIN << (place >>> SIZE_SHIFT);
  }

  final MemoryBudget budget;
  final Arena arena;
  // Null in append mode.
  private SlotSpace slots;

  MappingChunks(MemoryBudget budget) {
    this.budget = budget;
    this.arena = budget.arena();
  }

  /**
   * A chunk that belongs to nobody yet, or null when there is no memory for it.
   *
   * @param bytes at least, up to a slot
   */
  Chunk allocate(int bytes) {
    int blockBytes = SmallBlocks.blockBytes(bytes);
    long at = budget.mappingBlocks().allocate(blockBytes);
    return at == MemoryBudget.NONE ? null : new Chunk(at, blockBytes);
  }

  /**
   * From now on chunks hold their file pages.
   *
   * @param present all chunks that a snapshot has
   */
  synchronized void countIn(SlotSpace space, Chunk[] present) {
    if (slots != null) {
      throw new IllegalStateException("the file pages of this mapping are counted already");
    }
    slots = space;
    for (Chunk chunk : present) {
      if (chunk != null) {
        slots.holdChunk(arena, chunk.place());
      }
    }
  }

  /** Counts a new snapshot that holds these chunks; null entries are skipped. */
  synchronized void share(Chunk[] chunks) {
    for (Chunk chunk : chunks) {
      if (chunk != null && chunk.snapshots++ == 0 && slots != null) {
        slots.holdChunk(arena, chunk.place());
      }
    }
  }

  /** Forgets a snapshot that held these chunks. */
  synchronized void release(Chunk[] chunks) {
    for (Chunk chunk : chunks) {
      if (chunk != null && --chunk.snapshots == 0) {
        if (slots != null) {
          slots.dropChunk(arena, chunk.place());
        }
        free(chunk);
      }
    }
  }

  /** Gives back a chunk that no snapshot ever held, or none holds any more. */
  void free(Chunk chunk) {
    budget.mappingBlocks().free(chunk.at, chunk.bytes);
  }
}
