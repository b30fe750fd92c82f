/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.cache.FrameCheck;
import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.PageHeader;
import io.eloqstore.pagestore.PageSource;
import java.util.Arrays;
import java.util.function.IntToLongFunction;

/**
 * The entries of one tree in key order, both ways.
 *
 * <p>One thread at a time; used again after {@link #open}. While it stands on an entry it pins the
 * leaf and the index pages above it, at most one page for each level; it pins nothing when it went
 * past an end and after {@link #close()}. The caller keeps root and mapping alive.
 */
public final class TreeScan implements AutoCloseable {
  private static final int LEVELS_MAX = 32;

  private enum Side {
    FIRST,
    LAST,
    KEY
  }

  private final PageSource source;
  private final int rootTypes;
  private final LeafCursor leaf = new LeafCursor();
  private final KeyBounds bounds;
  private final FrameCheck check = this::checkPlace;

  private IndexCursor[] cursors = new IndexCursor[0];
  private final long[] pinned = new long[LEVELS_MAX];
  private IntToLongFunction mapping;
  private int root = TreePages.NONE;
  private int depth;
  private boolean leafPinned;
  private long leafAt;
  private byte[] key;
  private int keyOffset;
  private int keyLength;

  public TreeScan(PageSource source) {
    this(source, TreePages.INDEX);
  }

  /** A scan of change segments; its values begin with a {@link io.eloqstore.page.SegmentChange}. */
  public static TreeScan ofSegment(PageSource source) {
    return new TreeScan(source, TreePages.SEGMENT_INDEX);
  }

  private TreeScan(PageSource source, int rootTypes) {
    this.source = source;
    this.rootTypes = rootTypes;
    this.bounds = new KeyBounds(source.arena());
  }

  /**
   * Takes a tree; stands nowhere until it is positioned.
   *
   * @param root root page, {@link TreeMerger#EMPTY} for an empty tree
   * @param mapping file page of a logical page, -1 for none
   */
  public void open(int root, IntToLongFunction mapping) {
    close();
    this.root = root;
    this.mapping = mapping;
  }

  /** To the first entry; false when there is none. */
  public boolean first() {
    close();
    return root != TreePages.NONE && descend(root, Side.FIRST) && settleForward(leaf.first());
  }

  /** To the last entry; false when there is none. */
  public boolean last() {
    close();
    return root != TreePages.NONE && descend(root, Side.LAST) && settleBackward(leaf.last());
  }

  /** To the first entry whose key is not below this one; false when there is none. */
  public boolean seek(byte[] key, int offset, int length) {
    return descendTo(key, offset, length) && settleForward(leaf.seek(key, offset, length));
  }

  /**
   * To the last entry whose key is below this one, or equal to it if asked for.
   *
   * @return false when there is none
   */
  public boolean seekFloor(byte[] key, int offset, int length, boolean inclusive) {
    if (!descendTo(key, offset, length)) {
      return false;
    }
    return settleBackward(leaf.seekFloor(key, offset, length, inclusive));
  }

  /** To the next entry; false when there is none, and then it stands nowhere. */
  public boolean next() {
    requireEntry();
    return settleForward(leaf.next());
  }

  /** To the entry before; false when there is none, and then it stands nowhere. */
  public boolean previous() {
    requireEntry();
    return settleBackward(leaf.previous());
  }

  /** Whether it stands on an entry. */
  public boolean isValid() {
    return leafPinned;
  }

  /** The array that holds the key in its first {@link #keyLength()} bytes, until the next step. */
  public byte[] key() {
    return leaf.key();
  }

  public int keyLength() {
    return leaf.keyLength();
  }

  /** Flags of the entry as they stand in the leaf. */
  public int flags() {
    return leaf.flags();
  }

  /** Arena offset of the value bytes in the pinned leaf. */
  public long valueAt() {
    return leaf.valueAt();
  }

  public int valueLength() {
    return leaf.valueLength();
  }

  public long timestamp() {
    return leaf.timestamp();
  }

  /** Expiry, milliseconds since the epoch; 0 means never. */
  public long expireTs() {
    return leaf.expireTs();
  }

  /** Unpins everything; it stands nowhere then. */
  @Override
  public void close() {
    unpinLeaf();
    while (depth > 0) {
      source.unpin(pinned[--depth]);
    }
  }

  private void requireEntry() {
    if (!leafPinned) {
      throw new IllegalStateException("the scan stands on no entry");
    }
  }

  private boolean descendTo(byte[] key, int offset, int length) {
    close();
    this.key = key;
    this.keyOffset = offset;
    this.keyLength = length;
    return root != TreePages.NONE && descend(root, Side.KEY);
  }

  /** From a page down to a leaf. */
  private boolean descend(int from, Side side) {
    int page = from;
    int types = depth == 0 ? rootTypes : childTypes(pinned[depth - 1]);
    while (true) {
      bounds.of(page, types);
      long filePage = mapping.applyAsLong(page);
      if (filePage == TreePages.NONE) {
        throw TreePages.corrupt(page, "logical page", "mapped to a file page", "unmapped");
      }
      long at = source.pin(filePage, types, check);
      int type = PageHeader.type(source.arena(), at);
      if (!TreePages.isOneOf(type, types) || depth == LEVELS_MAX) {
        source.unpin(at);
        throw TreePages.corrupt(page, "page type at level " + depth, "of the set " + types, type);
      }
      if ((types & (TreePages.LEAF | TreePages.SEGMENT_LEAF)) != 0) {
        leafAt = at;
        leafPinned = true;
        leaf.open(source.arena(), at);
        return true;
      }
      pinned[depth] = at;
      IndexCursor cursor = cursor(depth++);
      cursor.open(source.arena(), at);
      switch (side) {
        case FIRST -> cursor.first();
        case LAST -> cursor.last();
        default -> cursor.seek(key, keyOffset, keyLength);
      }
      page = cursor.child();
      types = childTypes(at);
    }
  }

  /** Holds a page that was just read against the separators above its place. */
  private void checkPlace(long at) {
    bounds.clear();
    for (int level = 0; level < depth; level++) {
      bounds.narrow(cursors[level]);
    }
    bounds.check(at);
  }

  private int childTypes(long indexAt) {
    return TreePages.childTypes(PageHeader.type(source.arena(), indexAt));
  }

  private IndexCursor cursor(int level) {
    if (level == cursors.length) {
      cursors = Arrays.copyOf(cursors, level + 1);
      cursors[level] = new IndexCursor();
    }
    return cursors[level];
  }

  private boolean settleForward(boolean there) {
    boolean settled = there;
    while (!settled) {
      if (!stepLeaf(true)) {
        return false;
      }
      settled = leaf.first();
    }
    return true;
  }

  private boolean settleBackward(boolean there) {
    boolean settled = there;
    while (!settled) {
      if (!stepLeaf(false)) {
        return false;
      }
      settled = leaf.last();
    }
    return true;
  }

  private boolean stepLeaf(boolean forward) {
    unpinLeaf();
    while (depth > 0) {
      IndexCursor cursor = cursors[depth - 1];
      if (forward ? cursor.next() : cursor.previous()) {
        return descend(cursor.child(), forward ? Side.FIRST : Side.LAST);
      }
      source.unpin(pinned[--depth]);
    }
    return false;
  }

  private void unpinLeaf() {
    if (leafPinned) {
      leafPinned = false;
      source.unpin(leafAt);
    }
  }
}
