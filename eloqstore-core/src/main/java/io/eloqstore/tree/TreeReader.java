/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.cache.PageCache;
import io.eloqstore.memory.Arena;
import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.IndexPage;
import io.eloqstore.page.LeafEntry;
import io.eloqstore.page.LeafPage;
import io.eloqstore.page.PageHeader;
import io.eloqstore.page.PageType;
import io.eloqstore.page.SegmentChange;
import io.eloqstore.pagestore.PageSource;
import java.util.function.IntToLongFunction;

/**
 * Point reads. One thread at a time; others may evict the pages it looks at.
 *
 * <p>{@link #step()} goes down over cached pages without a lock, a pin or an allocation: it
 * searches a frame in place, then validates its version, and looks the page up again when the frame
 * was reused. At a page that is not cached it answers {@link ReadResult#PENDING} and stays there;
 * the caller brings the page and goes on with {@link #step(long)} or {@link #step()}, never from
 * the root again. {@link #read} does go down again then, and holds each page that it reads from
 * disk against the separators above it.
 *
 * <p>The mapping must be the root's. Who reads through a mapping that others may release meanwhile
 * (it then gives any file page) has to check afterwards that its view is still the current one: an
 * answer, a pending page or an exception counts only then. What goes wrong on the way is at worst a
 * {@link CorruptionException}.
 */
public final class TreeReader {
  /** Far deeper than any tree: index pages have many children, save at the right edge. */
  private static final int LEVELS_MAX = 32;

  private final PageSource source;
  private final int rootTypes;
  private final PageCache cache;
  private final Arena arena;
  private final int pageBytes;
  private final LeafEntry entry = new LeafEntry();
  private final KeyBounds bounds;
  private final IndexCursor cursor = new IndexCursor();
  private IntToLongFunction mapping;
  private byte[] key;
  private int keyOffset;
  private int keyLength;
  private ValueBuffer target;
  private int page;
  private int types;
  private int level;
  private long filePage;
  // What the search of one page found.
  private boolean isLeaf;
  private boolean found;
  private int child;
  private int childTypes;
  private int flags;
  private int change;
  private boolean fetched;

  public TreeReader(PageSource source) {
    this(source, TreePages.INDEX);
  }

  /** A reader of change segments: values come without what stands in front of them. */
  public static TreeReader ofSegment(PageSource source) {
    return new TreeReader(source, TreePages.SEGMENT_INDEX);
  }

  private TreeReader(PageSource source, int rootTypes) {
    this.source = source;
    this.rootTypes = rootTypes;
    this.cache = source.cache();
    this.arena = source.arena();
    this.bounds = new KeyBounds(arena);
    this.pageBytes = source.pageBytes();
  }

  /**
   * Starts a read.
   *
   * @param root root page, {@link TreeMerger#EMPTY} for an empty tree
   * @param mapping file page of a logical page, -1 for none
   * @param target gets value and times when the key is found
   */
  public void begin(
      int root,
      IntToLongFunction mapping,
      byte[] key,
      int keyOffset,
      int keyLength,
      ValueBuffer target) {
    this.mapping = mapping;
    this.key = key;
    this.keyOffset = keyOffset;
    this.keyLength = keyLength;
    this.target = target;
    page = root;
    types = rootTypes;
    level = 0;
  }

  /** Goes on over cached pages. */
  public ReadResult step() {
    while (page != TreePages.NONE) {
      filePage = filePage();
      long cacheKey = source.cacheKey(filePage);
      int slot = cache.lookup(cacheKey);
      if (slot == PageCache.ABSENT) {
        return ReadResult.PENDING;
      }
      int version = cache.version(slot, cacheKey);
      if ((version & 1) != 0) {
        return ReadResult.PENDING;
      }
      if (!searchFrame(slot, version)) {
        continue;
      }
      cache.touch(slot, isLeaf ? PageCache.WARM : PageCache.HOT);
      if (isLeaf) {
        return found ? ReadResult.FOUND : ReadResult.ABSENT;
      }
      descend();
    }
    return ReadResult.ABSENT;
  }

  /**
   * Goes on with the pending page.
   *
   * @param at where it is pinned; it may be unpinned as soon as the call returns
   */
  public ReadResult step(long at) {
    try {
      search(at);
    } catch (IndexOutOfBoundsException e) {
      throw malformed(e);
    }
    if (isLeaf) {
      return found ? ReadResult.FOUND : ReadResult.ABSENT;
    }
    descend();
    return step();
  }

  /** The file page that a pending read needs. */
  public long pendingFilePage() {
    return filePage;
  }

  /** The types the pending page may have, {@code 1 << type}, as {@link PageSource#pin} wants it. */
  public int pendingTypes() {
    return types;
  }

  /** Flags of the entry that was found. */
  public int flags() {
    return flags;
  }

  /** What stood in front of the value, of a reader of segments; see {@link SegmentChange}. */
  public int change() {
    return change;
  }

  /** Whether the last {@link #read} had to fetch a page. */
  public boolean hasFetched() {
    return fetched;
  }

  /**
   * Reads, fetching what is missing.
   *
   * @return whether the key is there
   */
  public boolean read(
      int root,
      IntToLongFunction mapping,
      byte[] key,
      int keyOffset,
      int keyLength,
      ValueBuffer target) {
    begin(root, mapping, key, keyOffset, keyLength, target);
    ReadResult result = step();
    fetched = result == ReadResult.PENDING;
    if (fetched) {
      page = root;
      types = rootTypes;
      level = 0;
      result = readPinned();
    }
    return result == ReadResult.FOUND;
  }

  /**
   * From the root to the leaf over pinned pages. Where a disk read is due anyway, going down again
   * costs little and gives the bounds a page that is read has to keep to.
   */
  private ReadResult readPinned() {
    bounds.clear();
    while (true) {
      filePage = filePage();
      long at = source.pin(filePage, types, bounds.of(page, types));
      try {
        search(at);
        if (isLeaf) {
          return found ? ReadResult.FOUND : ReadResult.ABSENT;
        }
        cursor.open(arena, at);
        cursor.seek(key, keyOffset, keyLength);
        bounds.narrow(cursor);
      } catch (IndexOutOfBoundsException e) {
        throw malformed(e);
      } finally {
        source.unpin(at);
      }
      descend();
    }
  }

  private long filePage() {
    long mapped = mapping.applyAsLong(page);
    if (mapped == TreePages.NONE) {
      throw TreePages.corrupt(page, "logical page", "mapped to a file page", "unmapped");
    }
    return mapped;
  }

  /** Searches a frame that may be reused meanwhile; false when it was. */
  private boolean searchFrame(int slot, int version) {
    try {
      search(PageCache.frameAt(slot));
    } catch (IndexOutOfBoundsException e) {
      if (cache.isCurrent(slot, version)) {
        throw malformed(e);
      }
      return false;
    } catch (CorruptionException e) {
      if (cache.isCurrent(slot, version)) {
        throw e;
      }
      return false;
    }
    return cache.isCurrent(slot, version);
  }

  private CorruptionException malformed(IndexOutOfBoundsException cause) {
    CorruptionException corruption =
        TreePages.corrupt(page, "page content", "offsets inside the page", cause.getMessage());
    corruption.initCause(cause);
    return corruption;
  }

  private void search(long at) {
    int type = PageHeader.type(arena, at);
    if (!TreePages.isOneOf(type, types)) {
      throw TreePages.corrupt(page, "page type", "one of the set " + types, type);
    }
    isLeaf = (type & ~PageType.SEGMENT) == PageType.LEAF;
    if (isLeaf) {
      found = LeafPage.find(arena, at, pageBytes, key, keyOffset, keyLength, entry);
      if (found) {
        copyOut(at);
      }
    } else {
      child = IndexPage.childFor(arena, at, key, keyOffset, keyLength);
      childTypes = TreePages.childTypes(type);
    }
  }

  private void copyOut(long at) {
    int length = entry.valueLength();
    if (length < 0 || length > pageBytes || entry.valueAt() < at) {
      throw TreePages.corrupt(page, "value length", "0 to " + pageBytes, length);
    }
    int prefix = 0;
    if (rootTypes == TreePages.SEGMENT_INDEX) {
      change = arena.getUnsignedByte(entry.valueAt());
      prefix = SegmentChange.prefixBytes(change);
      length = Math.max(0, length - prefix);
    }
    arena.get(entry.valueAt() + prefix, target.setLength(length), 0, length);
    target.setTimes(entry.timestamp(), entry.expireTs());
    flags = entry.flags();
  }

  private void descend() {
    page = child;
    types = childTypes;
    if (++level > LEVELS_MAX) {
      throw TreePages.corrupt(page, "levels of the tree", "at most " + LEVELS_MAX, level);
    }
  }
}
