/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;

/**
 * Hands out the ids of new data files of a partition, ascending. Any thread.
 *
 * <p>After an open it starts above the highest id present in the directory, not only in the
 * manifest: a file may hold pages that were never published.
 */
public final class FileIds {
  private final int pagesPerFileShift;
  private long next;

  /**
   * @param next the first id to hand out
   */
  public FileIds(long next, int pagesPerFileShift) {
    if (next < 0) {
      throw new IllegalArgumentException("a file id is at least 0, found " + next);
    }
    this.next = next;
    this.pagesPerFileShift = pagesPerFileShift;
  }

  /**
   * Takes the next id.
   *
   * @throws StoreException {@link StoreErrorCode#OUT_OF_SPACE} when file pages pass 40 bits
   */
  public synchronized long take() {
    if (next > (MappingSnapshot.FILE_PAGE_MAX + 1 >>> pagesPerFileShift) - 1) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_SPACE,
          "data file "
              + next
              + " would pass the largest file page "
              + MappingSnapshot.FILE_PAGE_MAX
              + " with "
              + (1L << pagesPerFileShift)
              + " pages a file");
    }
    return next++;
  }

  /** The id that the next call of {@link #take} gives. */
  public synchronized long next() {
    return next;
  }

  public int pagesPerFileShift() {
    return pagesPerFileShift;
  }
}
