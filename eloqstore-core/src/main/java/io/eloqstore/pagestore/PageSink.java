/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.pagestore;

/** Takes finished pages and gives each its place in a data file. One thread. */
public interface PageSink {

  /**
   * Seals a page (computes its checksum) and appends it. The bytes are copied out before the call
   * returns; they reach the file with {@link #flush} at the latest.
   *
   * @param at arena offset of the page, complete but for its checksum
   * @param mark how warm to cache it: 0 not at all, else {@link io.eloqstore.cache.PageCache#WARM}
   *     or {@link io.eloqstore.cache.PageCache#HOT}
   * @return the file page it lives on
   */
  long append(long at, int mark);

  /**
   * Whether a page was appended here and has not reached its file; {@link #flush} before a read.
   */
  boolean isPending(long filePage);

  /** Writes everything appended so far; forces nothing. */
  void flush();
}
