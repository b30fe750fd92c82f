/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.mapping.MappingChunks.Chunk;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Makes the next version of a mapping: copies each chunk that is changed once and shares the rest.
 *
 * <p>One thread. It holds its base until {@link #build} or {@link #abandon}, one of which must be
 * called; nothing else may be called afterwards.
 */
public final class MappingBuilder {
  private final MappingSnapshot base;
  private final MappingChunks family;
  private final Arena arena;
  private final int pagesPerFileShift;
  private final Map<Long, int[]> fileChanges = new HashMap<>();
  private final BitSet own = new BitSet();
  private final BitSet thinned = new BitSet();
  private Chunk[] chunks;
  private int pageCount;
  private int mappedCount;
  private boolean done;
  // The change of the file touched last: pages come in runs of one file.
  private long lastFileId = -1;
  private int[] lastChange;

  /** Starts from a version, which the caller holds during this call. */
  public MappingBuilder(MappingSnapshot base) {
    this.base = base.retain();
    this.family = base.family();
    this.arena = family.arena;
    this.pagesPerFileShift = base.pagesPerFileShift();
    this.chunks = base.chunks().clone();
    this.pageCount = base.pageCount();
    this.mappedCount = base.mappedCount();
  }

  /** One more than the highest page id so far. */
  public int pageCount() {
    return pageCount;
  }

  /** Number of mapped pages so far. */
  public int mappedCount() {
    return mappedCount;
  }

  /** Where a page lies in the version being made, or {@link MappingSnapshot#UNMAPPED}. */
  public long filePage(int pageId) {
    checkOpen();
    if (pageId < 0 || pageId >= pageCount) {
      return MappingSnapshot.UNMAPPED;
    }
    int index = pageId / MappingSnapshot.CHUNK_PAGES;
    Chunk chunk = chunks[index];
    return chunk == null
        ? MappingSnapshot.UNMAPPED
        : MappingSnapshot.entry(arena, chunk.place(), pageId - index * MappingSnapshot.CHUNK_PAGES);
  }

  /**
   * Says where a page lies from now on.
   *
   * @param pageId 0 to 2^31 - 2
   * @param filePage 0 to {@link MappingSnapshot#FILE_PAGE_MAX}
   * @throws StoreException {@link StoreErrorCode#OUT_OF_MEMORY}: nothing was changed
   */
  public void map(int pageId, long filePage) {
    if (filePage < 0 || filePage > MappingSnapshot.FILE_PAGE_MAX) {
      throw new IllegalArgumentException(
          "a file page is 0 to " + MappingSnapshot.FILE_PAGE_MAX + ", found " + filePage);
    }
    checkPageId(pageId);
    long old = filePage(pageId);
    if (old == filePage) {
      return;
    }
    set(pageId, filePage);
    count(filePage, 1);
    if (old == MappingSnapshot.UNMAPPED) {
      mappedCount++;
    } else {
      count(old, -1);
    }
  }

  /**
   * Takes a page out; fine if it is not mapped.
   *
   * @throws StoreException {@link StoreErrorCode#OUT_OF_MEMORY}: nothing was changed
   */
  public void unmap(int pageId) {
    checkPageId(pageId);
    long old = filePage(pageId);
    if (old == MappingSnapshot.UNMAPPED) {
      return;
    }
    set(pageId, MappingSnapshot.UNMAPPED);
    count(old, -1);
    mappedCount--;
    thinned.set(pageId / MappingSnapshot.CHUNK_PAGES);
  }

  /** Makes the page count at least this; the pages added are unmapped. */
  public void ensurePageCount(int count) {
    checkOpen();
    if (count > pageCount) {
      int needed = chunkCount(count);
      if (needed > chunks.length) {
        chunks = Arrays.copyOf(chunks, Math.max(needed, chunks.length + chunks.length / 2));
      }
      pageCount = count;
    }
  }

  /** Ends the work; the caller holds the new version. */
  public MappingSnapshot build() {
    checkOpen();
    for (int i = thinned.nextSetBit(0); i >= 0; i = thinned.nextSetBit(i + 1)) {
      if (isEmpty(chunks[i])) {
        family.free(chunks[i]);
        own.clear(i);
        chunks[i] = null;
      }
    }
    Chunk[] result = Arrays.copyOf(chunks, chunkCount(pageCount));
    FileCounts files = mergedFiles();
    family.share(result);
    done = true;
    base.release();
    return new MappingSnapshot(
        family, pagesPerFileShift, pageCount, mappedCount, result, files.ids, files.pages);
  }

  /** Ends the work without a result. Does nothing after {@link #build} or a second time. */
  public void abandon() {
    if (done) {
      return;
    }
    done = true;
    for (int i = own.nextSetBit(0); i >= 0; i = own.nextSetBit(i + 1)) {
      family.free(chunks[i]);
    }
    base.release();
  }

  private void checkOpen() {
    if (done) {
      throw new IllegalStateException("the mapping builder has built or abandoned its version");
    }
  }

  private static void checkPageId(int pageId) {
    if (pageId < 0 || pageId >= MappingSnapshot.PAGES_MAX) {
      throw new IllegalArgumentException("a page id is 0 to 2^31 - 2, found " + pageId);
    }
  }

  private static int chunkCount(int pages) {
    return (int) (((long) pages + MappingSnapshot.CHUNK_PAGES - 1) / MappingSnapshot.CHUNK_PAGES);
  }

  private void set(int pageId, long filePage) {
    int index = pageId / MappingSnapshot.CHUNK_PAGES;
    int offset = (pageId - index * MappingSnapshot.CHUNK_PAGES) * MappingSnapshot.ENTRY_BYTES;
    int end = offset + MappingSnapshot.ENTRY_BYTES;
    Chunk present = index < chunks.length ? chunks[index] : null;
    if (!own.get(index) || present.bytes < end) {
      Chunk copy = family.allocate(chunkBytes(index, end, present));
      if (copy == null) {
        throw outOfMemory(Math.max(pageCount, pageId + 1));
      }
      ensurePageCount(pageId + 1);
      replace(index, present, copy);
    }
    ensurePageCount(pageId + 1);
    long at = chunks[index].at + offset;
    long stored = filePage + 1;
    arena.putInt(at, (int) stored);
    arena.putByte(at + Integer.BYTES, (byte) (stored >>> 32));
  }

  /** Only the first chunk may be small: who has more of them has many pages. */
  private static int chunkBytes(int index, int end, Chunk present) {
    if (index > 0) {
      return MemoryBudget.SLOT_BYTES;
    }
    return present == null ? end : Math.max(end, present.bytes);
  }

  private void replace(int index, Chunk present, Chunk copy) {
    int known = present == null ? 0 : present.bytes;
    if (present != null) {
      arena.copy(present.at, copy.at, known);
    }
    arena.zero(copy.at + known, copy.bytes - known);
    if (own.get(index)) {
      family.free(present);
    }
    chunks[index] = copy;
    own.set(index);
  }

  private StoreException outOfMemory(int pages) {
    MemoryBudget budget = family.budget;
    long used = budget.used(MemoryUse.MAPPING);
    long slots = used / MemoryBudget.SLOT_BYTES + 1;
    long forNow = 2 * slots * (MemoryBudget.SLOT_BYTES + MemoryBudget.HEAP_BYTES_PER_SLOT);
    return new StoreException(
        StoreErrorCode.OUT_OF_MEMORY,
        "the mapping of a state of "
            + pages
            + " pages does not fit the memory budget of "
            + budget.budgetBytes()
            + " bytes, of which mappings use "
            + used
            + " and may use "
            + budget.limit(MemoryUse.MAPPING)
            + "; it needs a budget of "
            + Math.max(forNow, MappingSnapshot.budgetBytesFor(pages))
            + " bytes");
  }

  private void count(long filePage, int change) {
    long fileId = filePage >>> pagesPerFileShift;
    if (fileId != lastFileId) {
      lastChange = fileChanges.computeIfAbsent(fileId, id -> new int[1]);
      lastFileId = fileId;
    }
    lastChange[0] += change;
  }

  private boolean isEmpty(Chunk chunk) {
    for (int i = 0; i < chunk.bytes; i += Long.BYTES) {
      if (arena.getLong(chunk.at + i) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Live pages of each file, ascending by id, files without one left out. */
  private static final class FileCounts {
    private long[] ids;
    private int[] pages;
    private int count;

    FileCounts(int capacity) {
      ids = new long[capacity];
      pages = new int[capacity];
    }

    void add(long id, int live) {
      if (live != 0) {
        ids[count] = id;
        pages[count++] = live;
      }
    }

    FileCounts trimmed() {
      ids = Arrays.copyOf(ids, count);
      pages = Arrays.copyOf(pages, count);
      return this;
    }
  }

  private FileCounts mergedFiles() {
    long[] changed = fileChanges.keySet().stream().mapToLong(Long::longValue).sorted().toArray();
    int before = base.fileCount();
    FileCounts result = new FileCounts(before + changed.length);
    int i = 0;
    for (long id : changed) {
      for (; i < before && base.fileId(i) < id; i++) {
        result.add(base.fileId(i), base.livePagesAt(i));
      }
      int live = fileChanges.get(id)[0];
      if (i < before && base.fileId(i) == id) {
        live += base.livePagesAt(i++);
      }
      result.add(id, live);
    }
    for (; i < before; i++) {
      result.add(base.fileId(i), base.livePagesAt(i));
    }
    return result.trimmed();
  }
}
