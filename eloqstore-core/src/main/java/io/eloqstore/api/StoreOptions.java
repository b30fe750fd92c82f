/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * How a store is laid out and how durable it is. Immutable.
 *
 * <p>Identity options ({@code pageBytes}, {@code pagesPerFileShift}) are recorded in our manifests
 * and must match when a store is opened again; what C++ wrote does not record them, so the caller
 * must know them. The other options may change from open to open.
 *
 * @param pageBytes size of a page: a multiple of 4096, at most 61440
 * @param pagesPerFileShift a data file holds {@code 1 << shift} pages; 0 to 20, file at most 4 GiB
 * @param overflowPointers page ids in one group of an overflow value, 1 to 128
 * @param leafRestartInterval entries between restart points of a leaf page, 1 to 1024
 * @param indexRestartInterval entries between restart points of an index page, 1 to 1024
 * @param manifestLogBytesMax log bytes behind a manifest's snapshot record that make it roll; it
 *     never rolls before its log is larger than its snapshot record
 * @param durability when files are forced to the disk
 * @param space what disk space is spent on what is no longer live
 */
public record StoreOptions(
    int pageBytes,
    int pagesPerFileShift,
    int overflowPointers,
    int leafRestartInterval,
    int indexRestartInterval,
    long manifestLogBytesMax,
    Durability durability,
    SpaceOptions space) {

  /** When the engine forces what it wrote. */
  public enum Durability {
    /** Data files and manifest are forced at each commit: a power cut loses nothing committed. */
    COMMIT,
    /**
     * Nothing is forced between opens: a process crash loses nothing committed, a power cut may
     * lose commits, and what it left torn is found when read. For guests that recover from
     * checkpoints.
     */
    NEVER
  }

  /**
   * The layout unit of the disk and of O_DIRECT: pages and manifest records are multiples of it.
   */
  public static final int BLOCK_BYTES = 4096;

  public static final int PAGE_BYTES_MAX = 61440;

  public StoreOptions {
    check(
        pageBytes >= BLOCK_BYTES && pageBytes <= PAGE_BYTES_MAX && pageBytes % BLOCK_BYTES == 0,
        "pageBytes must be a multiple of 4096 from 4096 to 61440",
        pageBytes);
    check(
        pagesPerFileShift >= 0
            && pagesPerFileShift <= 20
            && ((long) pageBytes << pagesPerFileShift) <= (1L << 32),
        "pagesPerFileShift must be 0 to 20 and a data file at most 4 GiB",
        pagesPerFileShift);
    check(
        overflowPointers >= 1 && overflowPointers <= 128,
        "overflowPointers must be 1 to 128",
        overflowPointers);
    check(
        leafRestartInterval >= 1 && leafRestartInterval <= 1024,
        "leafRestartInterval must be 1 to 1024",
        leafRestartInterval);
    check(
        indexRestartInterval >= 1 && indexRestartInterval <= 1024,
        "indexRestartInterval must be 1 to 1024",
        indexRestartInterval);
    check(manifestLogBytesMax >= 0, "manifestLogBytesMax must be at least 0", manifestLogBytesMax);
    if (durability == null) {
      throw new IllegalArgumentException("durability must not be null");
    }
    if (space == null) {
      throw new IllegalArgumentException("space must not be null");
    }
  }

  private static void check(boolean holds, String rule, long found) {
    if (!holds) {
      throw new IllegalArgumentException(rule + ", found " + found);
    }
  }

  /** 4 KiB pages, 32 MiB data files, forced at each commit. */
  public static StoreOptions defaults() {
    return new StoreOptions(
        4096, 13, 16, 16, 16, 8L << 20, Durability.COMMIT, SpaceOptions.defaults());
  }

  public StoreOptions withPageBytes(int value) {
    return new StoreOptions(
        value,
        pagesPerFileShift,
        overflowPointers,
        leafRestartInterval,
        indexRestartInterval,
        manifestLogBytesMax,
        durability,
        space);
  }

  public StoreOptions withPagesPerFileShift(int value) {
    return new StoreOptions(
        pageBytes,
        value,
        overflowPointers,
        leafRestartInterval,
        indexRestartInterval,
        manifestLogBytesMax,
        durability,
        space);
  }

  public StoreOptions withOverflowPointers(int value) {
    return new StoreOptions(
        pageBytes,
        pagesPerFileShift,
        value,
        leafRestartInterval,
        indexRestartInterval,
        manifestLogBytesMax,
        durability,
        space);
  }

  public StoreOptions withRestartIntervals(int leaf, int index) {
    return new StoreOptions(
        pageBytes,
        pagesPerFileShift,
        overflowPointers,
        leaf,
        index,
        manifestLogBytesMax,
        durability,
        space);
  }

  public StoreOptions withManifestLogBytesMax(long value) {
    return new StoreOptions(
        pageBytes,
        pagesPerFileShift,
        overflowPointers,
        leafRestartInterval,
        indexRestartInterval,
        value,
        durability,
        space);
  }

  public StoreOptions withDurability(Durability value) {
    return new StoreOptions(
        pageBytes,
        pagesPerFileShift,
        overflowPointers,
        leafRestartInterval,
        indexRestartInterval,
        manifestLogBytesMax,
        value,
        space);
  }

  /** What disk space is spent on what is no longer live. */
  public StoreOptions withSpace(SpaceOptions value) {
    return new StoreOptions(
        pageBytes,
        pagesPerFileShift,
        overflowPointers,
        leafRestartInterval,
        indexRestartInterval,
        manifestLogBytesMax,
        durability,
        value);
  }

  public StoreOptions withFileFactor(int value) {
    return withSpace(space.withFileFactor(value));
  }

  public StoreOptions withRetainedArchives(int value) {
    return withSpace(space.withRetainedArchives(value));
  }

  public StoreOptions withArchiveIntervalSecs(long value) {
    return withSpace(space.withArchiveIntervalSecs(value));
  }

  /** Longest key that a page of this store may hold: half a page. */
  public int pageKeyBytesMax() {
    return pageBytes / 2;
  }

  /** Keys of this length or more live in buckets: half a page less the eight bytes of a number. */
  public int bucketPrefixBytes() {
    return pageKeyBytesMax() - Long.BYTES;
  }
}
