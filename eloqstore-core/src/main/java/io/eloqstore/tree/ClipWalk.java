/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.KeyRange;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.LeafPage;
import io.eloqstore.pagestore.PageSource;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Finds the pages of a tree that a range of keys needs, level by level from the root.
 *
 * <p>Index pages in the range are read. Leaves are read only when entries may have overflow pages,
 * and then the last page of each overflow group. A page outside the range is never read. Before the
 * pages of a level are read, their data files are asked for, all at once. One thread, one use.
 */
public final class ClipWalk {
  private static final int LEVELS_MAX = 32;

  private final PageSource source;
  private final MappingSnapshot mapping;
  private final MappingBuilder kept;
  private final KeyRange range;
  private final boolean readsLeaves;
  private final Consumer<SortedSet<Long>> files;
  private final PageList leaves = new PageList();
  private final OverflowGroup group = new OverflowGroup();
  // Last pages of overflow groups whose followers are not known yet.
  private PageList groupEnds = new PageList();
  private long entries;
  private long overflowEntries;

  /**
   * @param mapping of the whole tree, held by the caller
   * @param kept gets the pages that are found, where they are
   * @param range not empty
   * @param readsLeaves whether an entry may have overflow pages
   * @param files told the ids of the data files that are read next; returns when they are there
   */
  public ClipWalk(
      PageSource source,
      MappingSnapshot mapping,
      MappingBuilder kept,
      KeyRange range,
      boolean readsLeaves,
      Consumer<SortedSet<Long>> files) {
    this.source = source;
    this.mapping = mapping;
    this.kept = kept;
    this.range = range;
    this.readsLeaves = readsLeaves;
    this.files = files;
  }

  /**
   * Walks.
   *
   * @param root the tree's root page, {@link TreeMerger#EMPTY} for none
   * @throws io.eloqstore.api.CorruptionException when a page is not what the tree says
   */
  public void walk(int root) {
    if (root == TreeMerger.EMPTY) {
      return;
    }
    PageList level = new PageList();
    keep(root);
    level.add(root);
    for (int height = 0; level.size() > 0; height++) {
      if (height == LEVELS_MAX) {
        throw TreePages.corrupt(root, "levels below the root", "at most " + LEVELS_MAX, "more");
      }
      level = walkIndexLevel(level.toArray());
    }
    if (readsLeaves) {
      readLeaves();
      while (groupEnds.size() > 0) {
        readGroupEnds();
      }
    }
  }

  /** Entries in the range; only if leaves were read. */
  public long entries() {
    return entries;
  }

  /** Entries in the range whose value lies on overflow pages; only if leaves were read. */
  public long overflowEntries() {
    return overflowEntries;
  }

  private void keep(int id) {
    long filePage = mapping.filePage(id);
    if (filePage == MappingSnapshot.UNMAPPED) {
      throw TreePages.corrupt(id, "logical page", "mapped to a file page", "unmapped");
    }
    if (kept.filePage(id) != MappingSnapshot.UNMAPPED) {
      throw TreePages.corrupt(id, "logical page", "reached once", "reached twice");
    }
    kept.map(id, filePage);
  }

  private void require(int[] ids) {
    SortedSet<Long> wanted = new TreeSet<>();
    for (int id : ids) {
      wanted.add(mapping.filePage(id) >>> mapping.pagesPerFileShift());
    }
    files.accept(wanted);
  }

  private PageList walkIndexLevel(int[] ids) {
    require(ids);
    PageList below = new PageList();
    IndexCursor cursor = new IndexCursor();
    for (int id : ids) {
      long at = source.pin(mapping.filePage(id), TreePages.INDEX);
      try {
        boolean aboveLeaves = TreePages.isAboveLeaves(source.arena(), at);
        cursor.open(source.arena(), at);
        walkChildren(cursor, aboveLeaves ? leaves : below, !aboveLeaves || readsLeaves);
      } finally {
        source.unpin(at);
      }
    }
    return below;
  }

  /** The page itself meets the range, so what its outermost children lack in bounds needs none. */
  private void walkChildren(IndexCursor cursor, PageList target, boolean isWanted) {
    boolean more = cursor.first();
    while (more) {
      int child = cursor.child();
      if (cursor.keyLength() > 0 && isBehind(cursor)) {
        return;
      }
      more = cursor.next();
      boolean isBefore =
          more
              && range.from() != null
              && RangeRun.compare(cursor.key(), cursor.keyLength(), range.from()) <= 0;
      if (!isBefore) {
        keep(child);
        if (isWanted) {
          target.add(child);
        }
      }
    }
  }

  private boolean isBehind(IndexCursor cursor) {
    return range.to() != null
        && RangeRun.compare(cursor.key(), cursor.keyLength(), range.to()) >= 0;
  }

  private void readLeaves() {
    int[] ids = leaves.toArray();
    require(ids);
    LeafCursor cursor = new LeafCursor();
    for (int id : ids) {
      long at = source.pin(mapping.filePage(id), TreePages.LEAF);
      try {
        cursor.open(source.arena(), at);
        for (boolean more = cursor.first(); more; more = cursor.next()) {
          if (range.contains(cursor.key(), 0, cursor.keyLength())) {
            entry(cursor);
          }
        }
      } finally {
        source.unpin(at);
      }
    }
  }

  private void entry(LeafCursor cursor) {
    entries++;
    if ((cursor.flags() & LeafPage.OVERFLOW) != 0) {
      overflowEntries++;
      group.open(source.arena(), cursor.valueAt(), cursor.valueLength());
      keepGroup();
    }
  }

  private void keepGroup() {
    for (int i = 0; i < group.count(); i++) {
      keep(group.page(i));
    }
    if (group.count() > 0) {
      groupEnds.add(group.page(group.count() - 1));
    }
  }

  private void readGroupEnds() {
    int[] ids = groupEnds.toArray();
    groupEnds = new PageList();
    require(ids);
    for (int id : ids) {
      long at = source.pin(mapping.filePage(id), TreePages.OVERFLOW);
      try {
        group.openAtEnd(id);
        group.advance(source.arena(), at, source.pageBytes());
        keepGroup();
      } finally {
        source.unpin(at);
      }
    }
  }
}
