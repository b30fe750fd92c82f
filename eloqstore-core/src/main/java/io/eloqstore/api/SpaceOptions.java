/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * What disk space a store may spend on what is no longer live, and on archives. Immutable; not
 * recorded, so it may change from open to open.
 *
 * @param fileFactor data files that are written to no more hold at most this many pages for each
 *     live page before compaction rewrites the sparse ones; 0 turns background compaction off, 255
 *     at most
 * @param retainedArchives archives that stay when a new one is made, the others are deleted; 0
 *     makes none by itself and deletes none
 * @param archiveIntervalSecs seconds by the shard's clock between two archives that a partition
 *     makes of its last commit by itself; 0 makes none
 */
public record SpaceOptions(int fileFactor, int retainedArchives, long archiveIntervalSecs) {
  public static final int FILE_FACTOR_MAX = 255;

  /** A hundred years. */
  public static final long ARCHIVE_INTERVAL_SECS_MAX = 100L * 366 * 86_400;

  public SpaceOptions {
    check(
        fileFactor >= 0 && fileFactor <= FILE_FACTOR_MAX,
        "fileFactor must be 0 to 255",
        fileFactor);
    check(retainedArchives >= 0, "retainedArchives must be at least 0", retainedArchives);
    check(
        archiveIntervalSecs >= 0 && archiveIntervalSecs <= ARCHIVE_INTERVAL_SECS_MAX,
        "archiveIntervalSecs must be 0 to a hundred years",
        archiveIntervalSecs);
  }

  private static void check(boolean holds, String rule, long found) {
    if (!holds) {
      throw new IllegalArgumentException(rule + ", found " + found);
    }
  }

  /** Two pages for each live one; no archives but those asked for, all of which stay. */
  public static SpaceOptions defaults() {
    return new SpaceOptions(2, 0, 86_400);
  }

  public SpaceOptions withFileFactor(int value) {
    return new SpaceOptions(value, retainedArchives, archiveIntervalSecs);
  }

  public SpaceOptions withRetainedArchives(int value) {
    return new SpaceOptions(fileFactor, value, archiveIntervalSecs);
  }

  public SpaceOptions withArchiveIntervalSecs(long value) {
    return new SpaceOptions(fileFactor, retainedArchives, value);
  }
}
