/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import io.eloqstore.mapping.MappingChunks.Chunk;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where each logical page of a partition lies in its data files: one immutable version.
 *
 * <p>Entries of {@value #ENTRY_BYTES} bytes are packed into chunks of {@value #CHUNK_PAGES} pages,
 * blocks of the memory budget; versions made from each other by a {@link MappingBuilder} share the
 * chunks in which they agree. A chunk without a mapped page takes no memory, and the first one of a
 * small partition is a small block: 51 pages fit 256 bytes.
 *
 * <p>Any thread. A version is counted: who got it from {@link #empty} or {@link
 * MappingBuilder#build} holds one count and gives it back with {@link #release}; the last release
 * frees the chunks that no other version holds. A reader may look at a version that was released
 * under it, as the budget never unmaps memory, but must then drop what it read.
 *
 * <p>Memory: a budget for a store of {@code n} pages should be at least {@link #budgetBytesFor}.
 */
public final class MappingSnapshot {
  /** Answer for a page that is not mapped. */
  public static final long UNMAPPED = -1;

  /** Pages in one chunk: as many entries of five bytes as fit 4096. */
  public static final int CHUNK_PAGES = 819;

  /** Bytes of an entry: the file page plus one, so that 0 says unmapped. */
  public static final int ENTRY_BYTES = 5;

  /** Largest file page that an entry can hold: 40 bits less the value for unmapped. */
  public static final long FILE_PAGE_MAX = (1L << 40) - 2;

  /** Number of logical pages at most: ids are 0 to 2^31 - 2. */
  public static final int PAGES_MAX = Integer.MAX_VALUE;

  static final Chunk[] NO_CHUNKS = {};
  private static final int[] NO_INTS = {};
  private static final long[] NO_LONGS = {};

  private final MappingChunks family;
  private final Arena arena;
  private final int pagesPerFileShift;
  private final int pageCount;
  private final int mappedCount;
  private final Chunk[] chunks;
  // The same chunks as places in the arena, -1 for none: one step less on the way of every read.
  private final int[] places;
  private final long[] fileIds;
  private final int[] livePages;
  private final AtomicInteger holders = new AtomicInteger(1);

  /** Takes the arrays over; the chunks must have been shared. */
  MappingSnapshot(
      MappingChunks family,
      int pagesPerFileShift,
      int pageCount,
      int mappedCount,
      Chunk[] chunks,
      long[] fileIds,
      int[] livePages) {
    this.family = family;
    this.arena = family.arena;
    this.pagesPerFileShift = pagesPerFileShift;
    this.pageCount = pageCount;
    this.mappedCount = mappedCount;
    this.chunks = chunks;
    this.places = new int[chunks.length];
    for (int i = 0; i < places.length; i++) {
      places[i] = chunks[i] == null ? -1 : chunks[i].place();
    }
    this.fileIds = fileIds;
    this.livePages = livePages;
  }

  /**
   * The first version of a partition: no pages.
   *
   * @param pagesPerFileShift a data file holds {@code 1 << shift} pages
   */
  public static MappingSnapshot empty(MemoryBudget budget, int pagesPerFileShift) {
    return new MappingSnapshot(
        new MappingChunks(budget), pagesPerFileShift, 0, 0, NO_CHUNKS, NO_LONGS, NO_INTS);
  }

  /**
   * Budget of a shard whose only store has this many pages: {@code 4 * ceil(pages / 819) * (4096 +
   * 40)} bytes. A slot of 4096 bytes costs 40 more on the heap; two versions that differ in every
   * chunk must fit (a flush that touches all of them); mappings may fill half of the budget.
   */
  public static long budgetBytesFor(long pages) {
    long chunkCount = (pages + CHUNK_PAGES - 1) / CHUNK_PAGES;
    return 4 * chunkCount * (MemoryBudget.SLOT_BYTES + MemoryBudget.HEAP_BYTES_PER_SLOT);
  }

  /**
   * Where a page lies. Allocates nothing, takes no lock.
   *
   * @return the file page, or {@link #UNMAPPED}, also for an id outside of the pages
   */
  public long filePage(int pageId) {
    if (pageId < 0 || pageId >= pageCount) {
      return UNMAPPED;
    }
    int index = pageId / CHUNK_PAGES;
    int place = places[index];
    return place < 0 ? UNMAPPED : entry(arena, place, pageId - index * CHUNK_PAGES);
  }

  /** An entry of a chunk; what lies behind a small one is unmapped. */
  static long entry(Arena arena, int place, int indexInChunk) {
    int offset = indexInChunk * ENTRY_BYTES;
    if (offset + ENTRY_BYTES > MappingChunks.bytes(place)) {
      return UNMAPPED;
    }
    long at = MappingChunks.at(place) + offset;
    long low = arena.getInt(at) & 0xffff_ffffL;
    return (low | (long) arena.getUnsignedByte(at + Integer.BYTES) << 32) - 1;
  }

  /** One more than the highest page id that was ever mapped or named in this history. */
  public int pageCount() {
    return pageCount;
  }

  /** Number of mapped pages. */
  public int mappedCount() {
    return mappedCount;
  }

  public int pagesPerFileShift() {
    return pagesPerFileShift;
  }

  /** Off-heap bytes of this version, what it shares included. */
  public long bytes() {
    long sum = 0;
    for (int place : places) {
      sum += place < 0 ? 0 : MappingChunks.bytes(place);
    }
    return sum;
  }

  /** Number of data files that hold a mapped page. */
  public int fileCount() {
    return fileIds.length;
  }

  /**
   * A data file that holds a mapped page.
   *
   * @param index 0 to {@link #fileCount} - 1, ascending by id
   */
  public long fileId(int index) {
    return fileIds[index];
  }

  /** Mapped pages in the file of that index. */
  public int livePagesAt(int index) {
    return livePages[index];
  }

  /** Mapped pages in a data file; 0 for a file that has none. */
  public int livePages(long fileId) {
    int index = Arrays.binarySearch(fileIds, fileId);
    return index < 0 ? 0 : livePages[index];
  }

  /** Holds this version once more. */
  public MappingSnapshot retain() {
    if (!tryRetain()) {
      throw new IllegalStateException("the mapping snapshot was released by its last holder");
    }
    return this;
  }

  /** Holds this version once more unless its last holder has released it. */
  public boolean tryRetain() {
    int seen = holders.get();
    while (seen > 0) {
      if (holders.compareAndSet(seen, seen + 1)) {
        return true;
      }
      seen = holders.get();
    }
    return false;
  }

  /** Gives one hold back; the last one frees what no other version shares. */
  public void release() {
    int left = holders.decrementAndGet();
    if (left < 0) {
      throw new IllegalStateException("the mapping snapshot was released more often than held");
    }
    if (left == 0) {
      family.release(chunks);
    }
  }

  MappingChunks family() {
    return family;
  }

  Chunk[] chunks() {
    return chunks;
  }

  int placeAt(int chunkIndex) {
    return chunkIndex < places.length ? places[chunkIndex] : -1;
  }

  long[] fileIds() {
    return fileIds;
  }
}
