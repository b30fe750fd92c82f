/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.segment;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.cache.PageCache;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.IndexBuilder;
import io.eloqstore.page.LeafBuilder;
import io.eloqstore.page.PageType;
import io.eloqstore.page.Separators;
import io.eloqstore.pagestore.PageSink;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes sorted changes as one change segment: the packed leaves of a tree of its own and, between
 * them and at the end, the index pages that hold their fence keys, in a data file of its own.
 *
 * <p>A page of a segment is named by its number in the file; the last one is the root, always an
 * index page. Nothing is read and nothing is written twice. Scratch memory: a page for the leaf and
 * one for each level above. One thread, one use.
 */
public final class SegmentWriter implements AutoCloseable {
  /** Pages of the smallest file that may hold a segment: a flush should not become many files. */
  public static final int FILE_PAGES_MIN = 8;

  private final PageSink sink;
  private final MemoryBudget budget;
  private final Arena arena;
  private final int pageBytes;
  private final int restartInterval;
  private final int indexRestartInterval;
  private final int pagesMax;
  private final LeafBuilder leaf = new LeafBuilder();
  private final List<Level> levels = new ArrayList<>();
  private final long leafAt;
  private byte[] firstKey;
  private byte[] lastKey = new byte[64];
  private int lastKeyLength;
  // Last key of the leaf before: what the separator of the open leaf is made against.
  private byte[] fence = new byte[64];
  private int fenceLength;
  private byte[] separator = new byte[64];
  private int separatorLength;
  private long firstFilePage = -1;
  private int pages;
  private int leaves;
  private long entries;

  /**
   * @param sink begins a new file with the first page; all pages of the segment go to it alone
   * @param pagesMax pages of the file, at least {@link #FILE_PAGES_MIN}
   */
  public SegmentWriter(
      PageSink sink,
      MemoryBudget budget,
      int pageBytes,
      int restartInterval,
      int indexRestartInterval,
      int pagesMax) {
    this.sink = sink;
    this.budget = budget;
    this.arena = budget.arena();
    this.pageBytes = pageBytes;
    this.restartInterval = restartInterval;
    this.indexRestartInterval = indexRestartInterval;
    this.pagesMax = pagesMax;
    this.leafAt = scratch();
    openLeaf();
  }

  private long scratch() {
    long at = budget.allocate(pageBytes, MemoryUse.IO);
    if (at == MemoryBudget.NONE) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          "no page of "
              + pageBytes
              + " bytes for writing a change segment: budget "
              + budget.budgetBytes()
              + " bytes");
    }
    return at;
  }

  private void openLeaf() {
    leaf.open(arena, leafAt, pageBytes, restartInterval, PageType.SEGMENT_LEAF);
  }

  /**
   * Adds a change behind the last one.
   *
   * @param key above the last one
   * @param change bits of {@link io.eloqstore.page.SegmentChange}
   * @param firstLive number of the first live chunk, of a large head of a list
   * @param valueAt arena offset of the value bytes
   * @param flags compression bits of {@link io.eloqstore.page.LeafPage}
   * @return whether there was room; when not, the segment is full and nothing changed
   */
  public boolean add(
      byte[] key,
      int keyLength,
      int change,
      long firstLive,
      long valueAt,
      int valueLength,
      int flags,
      long timestamp,
      long expireTs) {
    if (!put(key, keyLength, change, firstLive, valueAt, valueLength, flags, timestamp, expireTs)) {
      if (leaf.isEmpty()) {
        throw new IllegalArgumentException(
            "a change of " + keyLength + " and " + valueLength + " bytes fits no page");
      }
      // Two leaves, two pages for each level when this one fills it, and a new root.
      if (pages + 2 * levels.size() + 3 > pagesMax) {
        return false;
      }
      endLeaf();
      beginSeparator(key, keyLength);
      put(key, keyLength, change, firstLive, valueAt, valueLength, flags, timestamp, expireTs);
    }
    if (firstKey == null) {
      firstKey = Arrays.copyOf(key, keyLength);
    }
    lastKey = copied(key, keyLength, lastKey);
    lastKeyLength = keyLength;
    entries++;
    return true;
  }

  private boolean put(
      byte[] key,
      int keyLength,
      int change,
      long firstLive,
      long valueAt,
      int valueLength,
      int flags,
      long timestamp,
      long expireTs) {
    return leaf.addChange(
        key, keyLength, change, firstLive, valueAt, valueLength, flags, timestamp, expireTs);
  }

  private static byte[] copied(byte[] key, int length, byte[] target) {
    byte[] into = target.length < length ? new byte[Math.max(length, 2 * target.length)] : target;
    System.arraycopy(key, 0, into, 0, length);
    return into;
  }

  private void beginSeparator(byte[] key, int keyLength) {
    separatorLength = Separators.length(fence, fenceLength, key, keyLength);
    separator = copied(key, separatorLength, separator);
  }

  private void endLeaf() {
    leaf.finish(-1, -1);
    fence = copied(lastKey, lastKeyLength, fence);
    fenceLength = lastKeyLength;
    int page = append(leafAt, PageCache.WARM);
    leaves++;
    addChild(0, separator, separatorLength, page);
    openLeaf();
  }

  private int append(long at, int mark) {
    long filePage = sink.append(at, mark);
    if (firstFilePage < 0) {
      firstFilePage = filePage;
    }
    int page = pages++;
    if (filePage != firstFilePage + page) {
      throw new IllegalStateException("the pages of a segment are not in one file");
    }
    return page;
  }

  private void addChild(int level, byte[] key, int keyLength, int child) {
    if (level == levels.size()) {
      levels.add(new Level(level));
    }
    Level above = levels.get(level);
    if (above.builder.childCount() == 0) {
      above.begin(key, keyLength, child);
    } else if (!above.builder.add(key, 0, keyLength, child)) {
      above.end(false);
      above.begin(key, keyLength, child);
    }
  }

  /** Whether nothing was added. */
  public boolean isEmpty() {
    return entries == 0;
  }

  /**
   * Writes what is left and the root.
   *
   * @return number of pages; the last one is the root
   */
  public int finish() {
    if (isEmpty()) {
      throw new IllegalStateException("a change segment holds at least one change");
    }
    endLeaf();
    for (int level = 0; level < levels.size(); level++) {
      levels.get(level).end(level == levels.size() - 1);
    }
    sink.flush();
    return pages;
  }

  /** Where the first page lies; the others follow. */
  public long firstFilePage() {
    return firstFilePage;
  }

  public long entries() {
    return entries;
  }

  public int leaves() {
    return leaves;
  }

  public byte[] firstKey() {
    return firstKey;
  }

  public byte[] lastKey() {
    return Arrays.copyOf(lastKey, lastKeyLength);
  }

  /** Gives the scratch memory back. */
  @Override
  public void close() {
    budget.free(leafAt, pageBytes, MemoryUse.IO);
    levels.forEach(level -> budget.free(level.at, pageBytes, MemoryUse.IO));
    levels.clear();
  }

  /** The index page under way on one level. */
  private final class Level {
    private final int number;
    private final long at;
    private final IndexBuilder builder = new IndexBuilder();
    // Separator of the page under way.
    private byte[] key = new byte[64];
    private int keyLength;

    Level(int number) {
      this.number = number;
      this.at = scratch();
      open();
    }

    private void open() {
      int type = number == 0 ? PageType.SEGMENT_LEAF_INDEX : PageType.SEGMENT_INDEX;
      builder.open(arena, at, pageBytes, type, indexRestartInterval);
    }

    void begin(byte[] childKey, int childKeyLength, int child) {
      key = copied(childKey, childKeyLength, key);
      keyLength = childKeyLength;
      builder.setLeftmost(child);
    }

    /** Ends the page; it is a child of the level above unless it is the root. */
    void end(boolean isRoot) {
      builder.finish();
      int page = append(at, PageCache.HOT);
      open();
      if (!isRoot) {
        addChild(number + 1, key, keyLength, page);
      }
    }
  }
}
