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
 * <p>One thread at a time. Bytes: a page is copied once into a block, which is written when it is
 * full, when the run ends, or on {@link #flush}. The first block of a burst is what the last one
 * left as a spare, else {@value #FIRST_BLOCK_BYTES} bytes, so a burst of a few pages takes and
 * clears little memory; each next one is twice as large up to 256 KiB, less when the budget has no
 * such block. In append mode nothing that was written is ever written again; otherwise a page is
 * cached after it was written, when nobody can read the old bytes of its place any more.
 */
public final class PageWriter implements PageSink, AutoCloseable {
  private static final int FIRST_BLOCK_BYTES = 32 << 10;

  private final MemoryBudget budget;
  private final PageReader reader;
  private final FileSet files;
  private final PageAllocator allocator;
  private final int pageBytes;
  private final int pagesPerBlockMax;
  // As large as blocks of this burst may become.
  private int pagesPerBlockWidest;
  private final FileHold hold;
  // Files begun since the last settle, the tail last.
  private final List<Long> heldFiles = new ArrayList<>();
  private long block = MemoryBudget.NONE;
  private int blockBytes;
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
    this.pagesPerBlockWidest = pagesPerBlockMax;
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
      boolean isFull = pending == pagesPerBlock;
      flush();
      if (isFull) {
        widenBlock();
      }
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

  /**
   * What there is of a first block: when memory is in pieces, small writes are better than none.
   */
  private void takeBlock() {
    MemoryBudget.Block spare = budget.takeSpare();
    if (spare != null && spare.bytes() >= pageBytes) {
      useBlock(spare.at(), spare.bytes());
      return;
    }
    if (spare != null) {
      budget.free(spare.at(), spare.bytes(), MemoryUse.IO);
    }
    int bytes = Math.max(1, FIRST_BLOCK_BYTES / pageBytes) * pageBytes;
    long at = budget.allocate(bytes, MemoryUse.IO);
    while (at == MemoryBudget.NONE && bytes > pageBytes) {
      bytes = bytes / pageBytes / 2 * pageBytes;
      at = budget.allocate(bytes, MemoryUse.IO);
    }
    useBlock(at, bytes);
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

  private void useBlock(long at, int bytes) {
    block = at;
    blockBytes = bytes;
    pagesPerBlock = bytes / pageBytes;
  }

  /** Twice as large for what follows; without memory for it this burst goes on as it is. */
  private void widenBlock() {
    int pages = Math.min(2 * pagesPerBlock, pagesPerBlockWidest);
    if (pages <= pagesPerBlock) {
      return;
    }
    long wider = budget.allocate(pages * pageBytes, MemoryUse.IO);
    if (wider == MemoryBudget.NONE) {
      pagesPerBlockWidest = pagesPerBlock;
      return;
    }
    budget.free(block, blockBytes, MemoryUse.IO);
    useBlock(wider, pages * pageBytes);
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

  /** Gives the block up between bursts of writing; writes nothing. */
  public void releaseBlock() {
    if (block != MemoryBudget.NONE) {
      if (pending != 0) {
        throw new IllegalStateException(pending + " pages were not flushed");
      }
      budget.putBy(block, blockBytes);
      block = MemoryBudget.NONE;
      pagesPerBlockWidest = pagesPerBlockMax;
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
