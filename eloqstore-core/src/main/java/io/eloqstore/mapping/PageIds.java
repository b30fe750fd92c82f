/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.util.Arrays;

/**
 * Hands out the logical page ids of a partition: the highest free one first, as the format has it,
 * and new ones when none is free.
 *
 * <p>Any thread: the owner and the worker take ids from it. An id is free or in use; in use means
 * that it is mapped, or was handed out and not given back.
 */
public final class PageIds {
  // One bit for each id below the length, 1 = free.
  private long[] free = new long[0];
  private int freeCount;
  // No word behind this one has a free id.
  private int highestWord = -1;
  private int end;

  /** All ids below {@code end} are in use. */
  public PageIds(int end) {
    if (end < 0) {
      throw new IllegalArgumentException("the end of the ids must be at least 0, found " + end);
    }
    this.end = end;
  }

  /** What is free in a mapping: the ids below its page count that are not mapped. */
  public static PageIds of(MappingSnapshot mapping) {
    PageIds ids = new PageIds(mapping.pageCount());
    for (int id = 0; id < mapping.pageCount(); id++) {
      if (mapping.filePage(id) == MappingSnapshot.UNMAPPED) {
        ids.free(id);
      }
    }
    return ids;
  }

  /**
   * Takes one id.
   *
   * @throws StoreException {@link StoreErrorCode#OUT_OF_SPACE} when all 2^31 - 1 are in use
   */
  public synchronized int allocate() {
    if (freeCount == 0) {
      return allocateRun(1);
    }
    while (free[highestWord] == 0) {
      highestWord--;
    }
    int bit = Long.SIZE - 1 - Long.numberOfLeadingZeros(free[highestWord]);
    free[highestWord] &= ~(1L << bit);
    freeCount--;
    return highestWord * Long.SIZE + bit;
  }

  /**
   * Takes a range of new ids above all others.
   *
   * @param count at least 1
   * @return the first of them
   */
  public synchronized int allocateRun(int count) {
    if (count <= 0) {
      throw new IllegalArgumentException("a run has at least one id, found " + count);
    }
    if (count > MappingSnapshot.PAGES_MAX - end) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_SPACE,
          "a partition has at most "
              + MappingSnapshot.PAGES_MAX
              + " pages; "
              + end
              + " ids were given out, asked for "
              + count);
    }
    int first = end;
    end += count;
    return first;
  }

  /** Gives an id back. */
  public synchronized void free(int pageId) {
    if (pageId < 0 || pageId >= end || isFree(pageId)) {
      throw new IllegalArgumentException("page id " + pageId + " is not in use, end is " + end);
    }
    int word = pageId >>> 6;
    if (word >= free.length) {
      free = Arrays.copyOf(free, Math.max(word + 1, free.length + free.length / 2));
    }
    free[word] |= 1L << pageId;
    highestWord = Math.max(highestWord, word);
    freeCount++;
  }

  public synchronized boolean isFree(int pageId) {
    int word = pageId >>> 6;
    return word < free.length && (free[word] & 1L << pageId) != 0;
  }

  /** Number of free ids below {@link #end}. */
  public synchronized int freeCount() {
    return freeCount;
  }

  /** One more than the highest id that was ever given out. */
  public synchronized int end() {
    return end;
  }
}
