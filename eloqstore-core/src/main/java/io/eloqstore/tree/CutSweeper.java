/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.LeafCursor;

/**
 * Gives back the pages of subtrees that a {@link RangeCut} unlinked, a bounded number at a time.
 *
 * <p>A subtree is named by one int: the id of an index page, or the bitwise complement of the id of
 * a leaf. What is still to be walked is a list of these and may be stored between steps. One
 * thread. When a step fails, the sweeper is to be thrown away with the mapping and the ids.
 */
public final class CutSweeper {
  private final boolean readsLeaves;
  private final MergeListener listener;
  private final MergeStatistics statistics;
  private final PageList remaining = new PageList();

  /**
   * @param subtrees what is to be walked
   * @param readsLeaves whether the partition holds overflow values or entries that expire, so that
   *     leaves must be read to free and to report those; otherwise leaves are given back unread,
   *     and their entries are not counted
   */
  public CutSweeper(
      int[] subtrees, boolean readsLeaves, MergeListener listener, MergeStatistics statistics) {
    this.readsLeaves = readsLeaves;
    this.listener = listener;
    this.statistics = statistics;
    for (int subtree : subtrees) {
      remaining.add(subtree);
    }
  }

  static int subtree(int id, boolean isLeaf) {
    return isLeaf ? ~id : id;
  }

  /** Whether a subtree is a single leaf. */
  public static boolean isLeaf(int subtree) {
    return subtree < 0;
  }

  /** The page at the top of a subtree. */
  public static int pageOf(int subtree) {
    return isLeaf(subtree) ? ~subtree : subtree;
  }

  /** What is still to be walked. */
  public int[] remaining() {
    return remaining.toArray();
  }

  /**
   * Gives back some pages.
   *
   * @param context its mapping and ids are changed; nothing is written
   * @param pagesMax most tree pages to give back, overflow pages not counted; at least 1
   * @return whether all is done
   */
  public boolean step(RewriteContext context, int pagesMax) {
    try (TreePages pages = context.open(statistics)) {
      EntryRemoval removal = new EntryRemoval(pages, listener);
      for (int i = 0; i < pagesMax && remaining.size() > 0; i++) {
        int subtree = remaining.takeLast();
        int id = pageOf(subtree);
        if (!isLeaf(subtree)) {
          sweepIndex(pages, id);
        } else if (readsLeaves) {
          sweepLeaf(pages, id, removal);
        }
        pages.free(id);
      }
    }
    return remaining.size() == 0;
  }

  private void sweepIndex(TreePages pages, int id) {
    long at = pages.pin(id, TreePages.INDEX);
    boolean aboveLeaves = TreePages.isAboveLeaves(pages.arena(), at);
    IndexCursor cursor = new IndexCursor();
    cursor.open(pages.arena(), at);
    for (boolean more = cursor.first(); more; more = cursor.next()) {
      remaining.add(subtree(cursor.child(), aboveLeaves));
    }
    pages.unpin(at);
  }

  private static void sweepLeaf(TreePages pages, int id, EntryRemoval removal) {
    long at = pages.pin(id, TreePages.LEAF);
    LeafCursor cursor = new LeafCursor();
    cursor.open(pages.arena(), at);
    for (boolean more = cursor.first(); more; more = cursor.next()) {
      removal.remove(cursor);
    }
    pages.unpin(at);
  }
}
