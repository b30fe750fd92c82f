/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.KeyRange;
import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.LeafPage;
import io.eloqstore.pagestore.PageSource;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.IntToLongFunction;

/**
 * Finds the pages of a tree that a range of keys needs: level by level from the root, so that the
 * pages of a whole level can be fetched at once.
 *
 * <p>Reads the index pages above the range and, only when asked to, its leaves. A page that holds
 * nothing of the range is not read. One thread, one use; pins one page at a time.
 */
public final class ClipWalk {
  private final PageSource source;
  private final IntToLongFunction filePages;
  private final KeyRange kept;
  private final Arrival arrival;
  private final BitSet found = new BitSet();
  private long entries;
  private long overflowEntries;

  /** Told which pages are read next. */
  public interface Arrival {
    /** Returns when the files with these pages are there. */
    void await(int[] pages);
  }

  /**
   * @param filePages file page of a logical page, -1 for none
   * @param kept not empty
   */
  public ClipWalk(PageSource source, IntToLongFunction filePages, KeyRange kept, Arrival arrival) {
    this.source = source;
    this.filePages = filePages;
    this.kept = kept;
    this.arrival = arrival;
  }

  /**
   * Walks.
   *
   * @param root the tree's root page, not {@link TreeMerger#EMPTY}
   * @param readsLeaves whether there may be values in overflow pages, which only leaves name
   * @return the logical pages; of a leaf at an edge all overflow pages
   * @throws CorruptionException for a page that is not what it should be
   */
  public BitSet walk(int root, boolean readsLeaves) {
    int[] level = {root};
    boolean areLeaves = false;
    while (!areLeaves) {
      keep(level);
      arrival.await(level);
      PageList children = new PageList();
      for (int i = 0; i < level.length; i++) {
        areLeaves = walkIndex(level[i], i == 0, i + 1 == level.length, children);
      }
      level = children.toArray();
    }
    keep(level);
    if (readsLeaves) {
      arrival.await(level);
      walkOverflow(level);
    }
    return found;
  }

  /** Entries of the leaves that were read, those at an edge that lie outside included. */
  public long entries() {
    return entries;
  }

  /** How many of them have their value in overflow pages. */
  public long overflowEntries() {
    return overflowEntries;
  }

  private void keep(int[] pages) {
    for (int page : pages) {
      keep(page);
    }
  }

  private void keep(int page) {
    if (page < 0 || found.get(page)) {
      throw TreePages.corrupt(page, "pages of a tree", "each named once", "named twice");
    }
    found.set(page);
  }

  /**
   * Adds the children in range.
   *
   * @param first whether keys before the range may lie below this page
   * @param last whether keys behind it may
   * @return whether the children are leaves
   */
  private boolean walkIndex(int page, boolean first, boolean last, PageList children) {
    long at = pin(page, TreePages.INDEX);
    try {
      IndexCursor cursor = new IndexCursor();
      cursor.open(source.arena(), at);
      cursor.first();
      int child = cursor.child();
      boolean more = true;
      boolean leftmost = true;
      while (more && (leftmost || !last || !isBehind(cursor))) {
        leftmost = false;
        more = cursor.next();
        // The separator of the next child is above every key of this one.
        if (!first || !more || !isBefore(cursor)) {
          children.add(child);
        }
        child = cursor.child();
      }
      return TreePages.isAboveLeaves(source.arena(), at);
    } finally {
      source.unpin(at);
    }
  }

  /** Whether a child's keys all lie behind the range. */
  private boolean isBehind(IndexCursor child) {
    return kept.to() != null && compare(child, kept.to()) >= 0;
  }

  /** Whether all keys below a separator lie before the range. */
  private boolean isBefore(IndexCursor bound) {
    return kept.from() != null && compare(bound, kept.from()) <= 0;
  }

  private static int compare(IndexCursor cursor, byte[] key) {
    return Arrays.compareUnsigned(cursor.key(), 0, cursor.keyLength(), key, 0, key.length);
  }

  private long pin(int page, int types) {
    long filePage = filePages.applyAsLong(page);
    if (filePage == TreePages.NONE) {
      throw TreePages.corrupt(page, "logical page", "mapped to a file page", "unmapped");
    }
    return source.pin(filePage, types);
  }

  /** Follows the chains of all values a step at a time: the last page of a group names the next. */
  private void walkOverflow(int[] leaves) {
    OverflowGroup group = new OverflowGroup();
    PageList ends = new PageList();
    LeafCursor entry = new LeafCursor();
    for (int leaf : leaves) {
      long at = pin(leaf, TreePages.LEAF);
      try {
        entry.open(source.arena(), at);
        for (boolean more = entry.first(); more; more = entry.next()) {
          entries++;
          if ((entry.flags() & LeafPage.OVERFLOW) != 0) {
            overflowEntries++;
            group.open(source.arena(), entry.valueAt(), entry.valueLength());
            keep(group, ends);
          }
        }
      } finally {
        source.unpin(at);
      }
    }
    while (ends.size() > 0) {
      int[] step = ends.toArray();
      ends = new PageList();
      arrival.await(step);
      for (int end : step) {
        long at = pin(end, TreePages.OVERFLOW);
        try {
          group.advance(source.arena(), at, source.pageBytes());
        } finally {
          source.unpin(at);
        }
        keep(group, ends);
      }
    }
  }

  private void keep(OverflowGroup group, PageList ends) {
    for (int i = 0; i < group.count(); i++) {
      keep(group.page(i));
    }
    if (group.count() > 0) {
      ends.add(group.page(group.count() - 1));
    }
  }
}
