/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.pagestore;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.cache.PageCache;
import io.eloqstore.file.FileSet;
import io.eloqstore.mapping.AppendAllocator;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.PageHeader;
import java.util.ArrayList;
import java.util.List;

/**
 * Appends pages to a tail file of its own in large sequential writes.
 *
 * <p>One thread at a time. Bytes: a page is copied once into a block of up to 256 KiB (less when
 * the budget has no such block), which is written when it is full, when the file ends, or on {@link
 * #flush}. Nothing that was written is ever written again.
 */
public final class PageWriter implements PageSink, AutoCloseable {
  private final MemoryBudget budget;
  private final PageReader reader;
  private final FileSet files;
  private final AppendAllocator allocator;
  private final int pageBytes;
  private final int pagesPerBlockMax;
  private final FileHold hold;
  // Files begun since the last settle, the tail last.
  private final List<Long> heldFiles = new ArrayList<>();
  private long block = MemoryBudget.NONE;
  private int pagesPerBlock;
  private long firstFilePage;
  private int pending;
  private long bytesWritten;

  public PageWriter(
      MemoryBudget budget,
      PageReader reader,
      FileSet files,
      AppendAllocator allocator,
      int pageBytes,
      FileHold hold) {
    this.budget = budget;
    this.reader = reader;
    this.files = files;
    this.allocator = allocator;
    this.pageBytes = pageBytes;
    this.hold = hold;
    this.pagesPerBlockMax = MemoryBudget.BLOCK_BYTES_MAX / pageBytes;
  }

  @Override
  public long append(long at, int mark) {
    PageHeader.seal(budget.arena(), at, pageBytes);
    if (allocator.atFileEnd()) {
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
    pending++;
    if (mark > 0) {
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
    if (heldFiles.isEmpty() || heldFiles.get(heldFiles.size() - 1) != fileId) {
      hold.hold(fileId);
      heldFiles.add(fileId);
      files.create(fileId);
    }
  }

  /**
   * What was written has its owner now: lets go of every file but the tail, which more pages will
   * go to.
   */
  public void settle() {
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

  /** Forgets what was not flushed; gives the block and the files back. */
  @Override
  public void close() {
    pending = 0;
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
