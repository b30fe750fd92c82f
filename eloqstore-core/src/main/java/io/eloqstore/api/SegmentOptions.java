/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * When frozen changes are written as change segments instead of being merged into the tree at once.
 * Immutable; may change from open to open.
 *
 * <p>A merge rewrites a page for each leaf that it touches; a segment costs only its own bytes, is
 * looked at by every read until it is merged, and makes the store unreadable for engines that do
 * not know segments until it is {@linkplain OwnedPartition#seal sealed}.
 *
 * @param when what is written as a segment
 * @param runsMax flushes that may lie in segments over the same keys before they are merged in the
 *     background, 1 to 1000; no more than one for each 128 KiB of the memory budget
 */
public record SegmentOptions(When when, int runsMax) {

  /** What is written as a segment. */
  public enum When {
    /** Nothing; segments that are there are merged. */
    NEVER,
    /** Flushes that would rewrite many times the bytes that they bring. */
    SPARSE,
    /** Every flush: for tests, and where a flush must never read a leaf. */
    ALWAYS
  }

  public static final int RUNS_MAX = 1000;

  /** No segments: the store can be read by every engine at any time. */
  public static final SegmentOptions NONE = new SegmentOptions(When.NEVER, 4);

  /** What guests use: segments where they save writes, four flushes deep. */
  public static final SegmentOptions SPARSE = new SegmentOptions(When.SPARSE, 4);

  public SegmentOptions {
    if (when == null) {
      throw new IllegalArgumentException("the choice of segments must not be null");
    }
    if (runsMax < 1 || runsMax > RUNS_MAX) {
      throw new IllegalArgumentException("runsMax must be 1 to " + RUNS_MAX + ", found " + runsMax);
    }
  }
}
