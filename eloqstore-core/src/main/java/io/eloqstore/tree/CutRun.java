/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafCursor;

/** Removes a range of keys; subtrees that lie in it altogether are dropped unread. */
final class CutRun extends RangeRun {
  private final byte[] from;
  private final byte[] to;
  private final PageList dropped;
  private final EntryRemoval removal;

  CutRun(
      RewriteContext context,
      byte[] from,
      byte[] to,
      PageList dropped,
      MergeListener listener,
      MergeStatistics statistics) {
    super(context, statistics);
    this.from = from;
    this.to = to;
    this.dropped = dropped;
    this.removal = new EntryRemoval(pages, listener);
  }

  @Override
  void rewriteChildren(IndexLevel level) {
    while (level.hasChild()) {
      byte[] bound = level.childBound();
      if (bound != null && compare(bound, level.childBoundLength(), from) < 0) {
        level.skip();
      } else if (to != null && compare(level.childLow(), level.childLowLength(), to) > 0) {
        return;
      } else if (isCovered(level)) {
        drop(level);
      } else {
        rewriteChild(level);
      }
    }
  }

  @Override
  boolean isCovered(IndexLevel level) {
    if (compare(level.childLow(), level.childLowLength(), from) < 0) {
      return false;
    }
    byte[] bound = level.childBound();
    return to == null || bound != null && compare(bound, level.childBoundLength(), to) <= 0;
  }

  @Override
  void unlinked(IndexLevel level) {
    dropped.add(CutSweeper.subtree(level.child(), level.aboveLeaves));
  }

  @Override
  boolean isTaken(LeafCursor entry) {
    return compare(entry.key(), entry.keyLength(), from) >= 0
        && (to == null || compare(entry.key(), entry.keyLength(), to) < 0);
  }

  @Override
  void taken(LeafCursor entry) {
    removal.remove(entry);
  }
}
