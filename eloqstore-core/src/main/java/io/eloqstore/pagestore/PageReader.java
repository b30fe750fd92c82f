/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.pagestore;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.cache.FrameCheck;
import io.eloqstore.cache.FrameLoader;
import io.eloqstore.cache.PageCache;
import io.eloqstore.file.FileSet;
import io.eloqstore.memory.Arena;
import io.eloqstore.metrics.EngineCounters;
import io.eloqstore.page.PageHeader;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Logical page in, verified frame out: here mapping's file page, cache and data file meet.
 *
 * <p>Any thread. A page is checked once, when it comes from the disk: checksum, structure (so that
 * searches may trust its offsets) and type.
 */
public final class PageReader implements PageSource, FrameLoader {
  /** Bits of a file page in a cache key; the bits above tell partitions apart. */
  private static final int FILE_PAGE_BITS = 40;

  private static final AtomicInteger ORDINALS = new AtomicInteger();
  private static final int ORDINALS_MAX = 1 << 23;

  private final Arena arena;
  private final PageCache cache;
  private final FileSet files;
  private final int pageBytes;
  private final EngineCounters counters;
  private final long keyBase;

  /** A reader has a number of its own in the cache, so reopening never meets old frames. */
  public PageReader(
      Arena arena, PageCache cache, FileSet files, int pageBytes, EngineCounters counters) {
    this.arena = arena;
    this.cache = cache;
    this.files = files;
    this.pageBytes = pageBytes;
    this.counters = counters;
    this.keyBase = (long) (ORDINALS.getAndIncrement() & ORDINALS_MAX - 1) << FILE_PAGE_BITS;
  }

  @Override
  public Arena arena() {
    return arena;
  }

  @Override
  public int pageBytes() {
    return pageBytes;
  }

  @Override
  public PageCache cache() {
    return cache;
  }

  @Override
  public long cacheKey(long filePage) {
    return keyBase | filePage;
  }

  @Override
  public long pin(long filePage, int expectedTypes, FrameCheck check) {
    if (filePage < 0 || filePage >>> FILE_PAGE_BITS != 0) {
      throw new CorruptionException(
          files.directory().toString(), -1, "file page", "0 to 2^40 - 1", filePage);
    }
    long at = cache.pin(cacheKey(filePage), pageBytes, this, check);
    int type = PageHeader.type(arena, at);
    if ((expectedTypes & 1 << type) == 0) {
      cache.unpin(at);
      throw new CorruptionException(
          path(filePage),
          files.offsetOf(filePage),
          "page type",
          "one of the bits of " + Integer.toBinaryString(expectedTypes),
          type);
    }
    return at;
  }

  @Override
  public void unpin(long at) {
    cache.unpin(at);
  }

  @Override
  public void load(long key, long at) {
    long filePage = key - keyBase;
    long start = System.nanoTime();
    files.readPage(filePage, at);
    if (!PageHeader.verify(arena, at, pageBytes)) {
      throw new CorruptionException(
          path(filePage),
          files.offsetOf(filePage),
          "page checksum",
          Long.toHexString(PageHeader.computeChecksum(arena, at, pageBytes)),
          Long.toHexString(PageHeader.checksum(arena, at)));
    }
    String problem = PageHeader.check(arena, at, pageBytes);
    if (problem != null) {
      throw new CorruptionException(
          path(filePage), files.offsetOf(filePage), "page structure", "sound", problem);
    }
    counters.readPage();
    counters.fetch().since(start);
  }

  private String path(long filePage) {
    return files.file(files.fileIdOf(filePage)).path().toString();
  }

  /** Number of pins on pages of this reader. */
  public int pinned() {
    return cache.pinnedIn(keyBase, keyBase + (1L << FILE_PAGE_BITS));
  }

  /** Drops the frames of this partition. */
  public void close() {
    cache.removeRange(keyBase, keyBase + (1L << FILE_PAGE_BITS));
  }
}
