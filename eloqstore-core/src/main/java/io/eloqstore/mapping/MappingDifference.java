/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import io.eloqstore.memory.Arena;

/**
 * The pages in which one version of a mapping differs from another, ascending by page id.
 *
 * <p>One thread; the caller holds both versions. Chunks that the versions share are skipped, so the
 * cost is that of the chunks that were changed.
 */
public final class MappingDifference {
  private final MappingSnapshot from;
  private final MappingSnapshot to;
  private final Arena arena;
  private final int chunkCount;
  private int chunkIndex = -1;
  private int indexInChunk = MappingSnapshot.CHUNK_PAGES;
  private int fromPlace;
  private int toPlace;
  private int pageId;
  private long filePage;

  /** Both versions live in the same budget. */
  public MappingDifference(MappingSnapshot from, MappingSnapshot to) {
    if (from.family().arena != to.family().arena) {
      throw new IllegalArgumentException("the mappings live in different budgets");
    }
    this.from = from;
    this.to = to;
    this.arena = to.family().arena;
    this.chunkCount = Math.max(from.chunks().length, to.chunks().length);
  }

  /** Goes to the next page that differs; false when there is none. */
  public boolean next() {
    while (true) {
      while (++indexInChunk < MappingSnapshot.CHUNK_PAGES) {
        filePage = entry(toPlace);
        if (filePage != entry(fromPlace)) {
          pageId = chunkIndex * MappingSnapshot.CHUNK_PAGES + indexInChunk;
          return true;
        }
      }
      do {
        if (++chunkIndex >= chunkCount) {
          chunkIndex = chunkCount;
          return false;
        }
        fromPlace = from.placeAt(chunkIndex);
        toPlace = to.placeAt(chunkIndex);
      } while (fromPlace == toPlace);
      indexInChunk = -1;
    }
  }

  private long entry(int place) {
    return place < 0 ? MappingSnapshot.UNMAPPED : MappingSnapshot.entry(arena, place, indexInChunk);
  }

  /** The page found by {@link #next}. */
  public int pageId() {
    return pageId;
  }

  /** Where the newer version has it, or {@link MappingSnapshot#UNMAPPED}. */
  public long filePage() {
    return filePage;
  }
}
