/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.pagestore;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.cache.PageCache;
import io.eloqstore.file.FileSet;
import io.eloqstore.mapping.PageAllocator;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.PageHeader;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes pages where an allocator of its own says, in writes as large as the runs it gives: in
 * append mode to a tail file, one behind the other; otherwise to places that nobody reads any more.
 *
 * <p>One thread at a time. Bytes: a page is copied once into a block of up to 256 KiB (less when
 * the budget has no such block), which is written when it is full, when the run ends, or on {@link
 * #flush}. In append mode nothing that was written is ever written again; otherwise a page is
 * cached after it was written, when nobody can read the old bytes of its place any more.
 */
public final class PageWriter implements PageSink, AutoCloseable {
  private final MemoryBudget budget;
  private final PageReader reader;
  private final FileSet files;
  private final PageAllocator allocator;
  private final int pageBytes;
  private final int pagesPerBlockMax;
  private final FileHold hold;
  // Files begun since the last settle, the tail last.
  private final List<Long> heldFiles = new ArrayList<>();
  private long block = MemoryBudget.NONE;
  private int pagesPerBlock;
  private long firstFilePage;
  private int pending;
  private final int[] marks;
  private long heldFile = -1;
  private long bytesWritten;

  public PageWriter(
      MemoryBudget budget,
      PageReader reader,
      FileSet files,
      PageAllocator allocator,
      int pageBytes,
      FileHold hold) {
    this.budget = budget;
    this.reader = reader;
    this.files = files;
    this.allocator = allocator;
    this.pageBytes = pageBytes;
    this.hold = hold;
    this.pagesPerBlockMax = MemoryBudget.BLOCK_BYTES_MAX / pageBytes;
    this.marks = new int[pagesPerBlockMax];
  }

  /** Pages that come next and should lie in few pieces; no promise. */
  public void expect(int pages) {
    allocator.expect(pages);
  }

  @Override
  public long append(long at, int mark) {
    PageHeader.seal(budget.arena(), at, pageBytes);
    if (allocator.atRunEnd()) {
      flush();
    }
    // Before a file page is given out: without memory nothing changes.
    if (block == MemoryBudget.NONE) {
      takeBlock();
    }
    long filePage = allocator.allocate();
    holdFile(filePage);
    if (pending > 0 && (filePage != firstFilePage + pending || pending == pagesPerBlock)) {
      flush();
    }
    if (pending == 0) {
      firstFilePage = filePage;
    }
    budget.arena().copy(at, block + (long) pending * pageBytes, pageBytes);
    marks[pending++] = Math.min(mark, PageCache.HOT);
    if (mark > 0 && !allocator.reusesPlaces()) {
      reader
          .cache()
          .install(reader.cacheKey(filePage), at, pageBytes, Math.min(mark, PageCache.HOT));
    }
    return filePage;
  }

  /** The largest block there is: when memory is in pieces, small writes are better than none. */
  private void takeBlock() {
    pagesPerBlock = pagesPerBlockMax;
    block = budget.allocate(pagesPerBlock * pageBytes, MemoryUse.IO);
    while (block == MemoryBudget.NONE && pagesPerBlock > 1) {
      pagesPerBlock /= 2;
      block = budget.allocate(pagesPerBlock * pageBytes, MemoryUse.IO);
    }
    if (block == MemoryBudget.NONE) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          "no block of "
              + pageBytes
              + " bytes for writing pages: budget "
              + budget.budgetBytes()
              + " bytes");
    }
  }

  private void holdFile(long filePage) {
    long fileId = files.fileIdOf(filePage);
    if (allocator.reusesPlaces()) {
      if (fileId != heldFile) {
        files.ensure(fileId);
        heldFile = fileId;
      }
      return;
    }
    if (heldFiles.isEmpty() || heldFiles.get(heldFiles.size() - 1) != fileId) {
      hold.hold(fileId);
      heldFiles.add(fileId);
      files.create(fileId);
    }
  }

  /**
   * What was written has its owner now: lets go of every place, and of every file but the tail,
   * which more pages will go to. Nothing is pending.
   */
  public void settle() {
    allocator.settle();
    while (heldFiles.size() > 1) {
      hold.drop(heldFiles.remove(0));
    }
  }

  @Override
  public boolean isPending(long filePage) {
    return filePage >= firstFilePage && filePage < firstFilePage + pending;
  }

  @Override
  public void flush() {
    if (pending > 0) {
      int pages = pending;
      pending = 0;
      files.write(firstFilePage, block, pages);
      bytesWritten += (long) pages * pageBytes;
      if (allocator.reusesPlaces()) {
        replaceCached(pages);
      }
    }
  }

  /** A reader of an outdated root may have brought the old bytes into the cache until now. */
  private void replaceCached(int pages) {
    for (int i = 0; i < pages; i++) {
      reader
          .cache()
          .replace(
              reader.cacheKey(firstFilePage + i),
              block + (long) i * pageBytes,
              pageBytes,
              marks[i]);
    }
  }

  /** Bytes written to data files so far. */
  public long bytesWritten() {
    return bytesWritten;
  }

  /** Gives the block back between bursts of writing; writes nothing. */
  public void releaseBlock() {
    if (block != MemoryBudget.NONE) {
      if (pending != 0) {
        throw new IllegalStateException(pending + " pages were not flushed");
      }
      budget.free(block, pagesPerBlock * pageBytes, MemoryUse.IO);
      block = MemoryBudget.NONE;
    }
  }

  /** Forgets what was not flushed; gives the block, the places and the files back. */
  @Override
  public void close() {
    pending = 0;
    allocator.settle();
    releaseBlock();
    heldFiles.forEach(hold::drop);
    heldFiles.clear();
  }

  /** Keeps the files that are being written from being taken for garbage. */
  public interface FileHold {
    void hold(long fileId);

    void drop(long fileId);
  }
}
