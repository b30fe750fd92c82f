/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.pagestore;

import io.eloqstore.cache.FrameCheck;
import io.eloqstore.cache.PageCache;
import io.eloqstore.memory.Arena;

/**
 * Verified pages of one partition, by file page. Any thread.
 *
 * <p>A hot reader looks into {@link #cache()} itself under {@link #cacheKey} and validates;
 * everybody else pins.
 */
public interface PageSource {

  Arena arena();

  /** Size of every page, bytes. */
  int pageBytes();

  PageCache cache();

  /** What a file page of this partition is cached under. */
  long cacheKey(long filePage);

  /**
   * The page, read from its file when it is not cached; it stays until {@link #unpin}.
   *
   * @param expectedTypes bit set of page types that may stand there, {@code 1 << type}; checked
   *     when the page is read from disk
   * @return arena offset of the page
   * @throws io.eloqstore.api.CorruptionException when bytes, type or structure are wrong
   * @throws io.eloqstore.api.StoreException when the read fails
   */
  default long pin(long filePage, int expectedTypes) {
    return pin(filePage, expectedTypes, FrameCheck.NONE);
  }

  /** As above; a page that is read from its file has to pass a check before it is cached. */
  long pin(long filePage, int expectedTypes, FrameCheck check);

  void unpin(long at);
}
