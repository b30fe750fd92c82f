/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;

/**
 * Counts how many snapshots of one family share each chunk, and frees a chunk with its last one. If
 * file pages are used again, a chunk holds those it names as long as it lives.
 *
 * <p>Any thread; the counts are guarded by this object.
 */
final class MappingChunks {
  /** One block of entries; {@code snapshots} is guarded by its {@link MappingChunks}. */
  static final class Chunk {
    final int slot;
    private int snapshots;

    private Chunk(int slot) {
      this.slot = slot;
    }

    long at() {
      return (long) slot * MemoryBudget.SLOT_BYTES;
    }
  }

  final MemoryBudget budget;
  final Arena arena;
  // Null in append mode.
  private SlotSpace slots;

  MappingChunks(MemoryBudget budget) {
    this.budget = budget;
    this.arena = budget.arena();
  }

  /** A chunk that belongs to nobody yet, or null when there is no memory for it. */
  Chunk allocate() {
    long at = budget.allocate(MemoryBudget.SLOT_BYTES, MemoryUse.MAPPING);
    return at == MemoryBudget.NONE ? null : new Chunk(MemoryBudget.slotOf(at));
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
        slots.holdChunk(arena, chunk.slot);
      }
    }
  }

  /** Counts a new snapshot that holds these chunks; null entries are skipped. */
  synchronized void share(Chunk[] chunks) {
    for (Chunk chunk : chunks) {
      if (chunk != null && chunk.snapshots++ == 0 && slots != null) {
        slots.holdChunk(arena, chunk.slot);
      }
    }
  }

  /** Forgets a snapshot that held these chunks. */
  synchronized void release(Chunk[] chunks) {
    for (Chunk chunk : chunks) {
      if (chunk != null && --chunk.snapshots == 0) {
        if (slots != null) {
          slots.dropChunk(arena, chunk.slot);
        }
        free(chunk);
      }
    }
  }

  /** Gives back a chunk that no snapshot ever held, or none holds any more. */
  void free(Chunk chunk) {
    budget.free(chunk.at(), MemoryBudget.SLOT_BYTES, MemoryUse.MAPPING);
  }
}
