/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * How a store is laid out and how durable it is. Immutable.
 *
 * <p>Identity options ({@code pageBytes}, {@code pagesPerFileShift}, {@code appendMode}) are
 * recorded in our manifests and must match when a store is opened again; what C++ wrote does not
 * record them, so the caller must know them. The other options may change from open to open.
 *
 * @param pageBytes size of a page: a multiple of 4096, at most 61440
 * @param pagesPerFileShift a data file holds {@code 1 << shift} pages; 0 to 20, file at most 4 GiB
 * @param overflowPointers page ids in one group of an overflow value, 1 to 128
 * @param leafRestartInterval entries between restart points of a leaf page, 1 to 1024
 * @param indexRestartInterval entries between restart points of an index page, 1 to 1024
 * @param manifestLogBytesMax log bytes behind a manifest's snapshot record that make it roll; it
 *     never rolls before its log is larger than its snapshot record
 * @param durability when files are forced to the disk
 * @param segments when changes are written as change segments
 * @param appendMode whether data files are only appended to; else the places of pages that nobody
 *     needs any more are written again (<i>in place</i>): no images, no archives, and files that
 *     stay as large as they once had to be
 * @param term number of the writer in the names of what it makes, at least 0: of two owners of one
 *     partition the one with the lower term is refused once the other has committed. May grow from
 *     open to open
 * @param compression whether values of 100 bytes and more are compressed when they go to pages,
 *     with a dictionary that is made of the first 1.6 MB of them; what is stored already stays as
 *     it is. Needs {@code com.github.luben:zstd-jni} on the class path and a memory budget of 10.25
 *     MiB; in a smaller one values stay raw
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
    SegmentOptions segments,
    boolean appendMode,
    long term,
    boolean compression,
    SpaceOptions space) {

  /** When the engine forces what it wrote. */
  public enum Durability {
    /** Data files and manifest are forced at each commit: a power cut loses nothing committed. */
    COMMIT,
    /**
     * Nothing is forced between opens: a process crash loses nothing committed, a power cut may
     * lose commits, and what it left torn is found when read. For guests that recover from
     * checkpoints. Without append mode a power cut may leave other pages in the places of those
     * that the manifest names, which is found only when their keys tell: make such a store anew
     * then.
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
    check(term >= 0, "term must be at least 0", term);
    if (durability == null) {
      throw new IllegalArgumentException("durability must not be null");
    }
    if (space == null) {
      throw new IllegalArgumentException("space must not be null");
    }
    if (segments == null) {
      throw new IllegalArgumentException("segments must not be null");
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
        4096,
        13,
        16,
        16,
        16,
        8L << 20,
        Durability.COMMIT,
        SegmentOptions.NONE,
        true,
        0,
        false,
        SpaceOptions.defaults());
  }

  public StoreOptions withPageBytes(int value) {
    Draft draft = new Draft(this);
    draft.pageBytes = value;
    return draft.options();
  }

  public StoreOptions withPagesPerFileShift(int value) {
    Draft draft = new Draft(this);
    draft.pagesPerFileShift = value;
    return draft.options();
  }

  public StoreOptions withOverflowPointers(int value) {
    Draft draft = new Draft(this);
    draft.overflowPointers = value;
    return draft.options();
  }

  public StoreOptions withManifestLogBytesMax(long value) {
    Draft draft = new Draft(this);
    draft.manifestLogBytesMax = value;
    return draft.options();
  }

  public StoreOptions withDurability(Durability value) {
    Draft draft = new Draft(this);
    draft.durability = value;
    return draft.options();
  }

  public StoreOptions withSegments(SegmentOptions value) {
    Draft draft = new Draft(this);
    draft.segments = value;
    return draft.options();
  }

  public StoreOptions withAppendMode(boolean value) {
    Draft draft = new Draft(this);
    draft.appendMode = value;
    return draft.options();
  }

  public StoreOptions withTerm(long value) {
    Draft draft = new Draft(this);
    draft.term = value;
    return draft.options();
  }

  public StoreOptions withCompression(boolean value) {
    Draft draft = new Draft(this);
    draft.compression = value;
    return draft.options();
  }

  /** What disk space is spent on what is no longer live. */
  public StoreOptions withSpace(SpaceOptions value) {
    Draft draft = new Draft(this);
    draft.space = value;
    return draft.options();
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

  public StoreOptions withRestartIntervals(int leaf, int index) {
    Draft draft = new Draft(this);
    draft.leafRestartInterval = leaf;
    draft.indexRestartInterval = index;
    return draft.options();
  }

  /** Longest key that a page of this store may hold: half a page. */
  public int pageKeyBytesMax() {
    return pageBytes / 2;
  }

  /** Keys of this length or more live in buckets: half a page less the eight bytes of a number. */
  public int bucketPrefixBytes() {
    return pageKeyBytesMax() - Long.BYTES;
  }

  /** Options under change. */
  private static final class Draft {
    private int pageBytes;
    private int pagesPerFileShift;
    private int overflowPointers;
    private int leafRestartInterval;
    private int indexRestartInterval;
    private long manifestLogBytesMax;
    private Durability durability;
    private SegmentOptions segments;
    private boolean appendMode;
    private long term;
    private boolean compression;
    private SpaceOptions space;

    Draft(StoreOptions from) {
      pageBytes = from.pageBytes;
      pagesPerFileShift = from.pagesPerFileShift;
      overflowPointers = from.overflowPointers;
      leafRestartInterval = from.leafRestartInterval;
      indexRestartInterval = from.indexRestartInterval;
      manifestLogBytesMax = from.manifestLogBytesMax;
      durability = from.durability;
      segments = from.segments;
      appendMode = from.appendMode;
      term = from.term;
      compression = from.compression;
      space = from.space;
    }

    StoreOptions options() {
      return new StoreOptions(
          pageBytes,
          pagesPerFileShift,
          overflowPointers,
          leafRestartInterval,
          indexRestartInterval,
          manifestLogBytesMax,
          durability,
          segments,
          appendMode,
          term,
          compression,
          space);
    }
  }
}
