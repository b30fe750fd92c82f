/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafCursor;
import java.util.Arrays;

/** Removes a range of keys; subtrees that lie in it altogether are dropped unread. */
final class CutRun extends TreeRewrite {
  private final byte[] from;
  private final byte[] to;
  private final PageList dropped;
  private final EntryRemoval removal;
  private final LeafCursor base = new LeafCursor();

  /** Leaves behind the group that is open were unlinked. */
  private boolean dropsAfterGroup;

  CutRun(
      RewriteContext context,
      byte[] from,
      byte[] to,
      PageList dropped,
      MergeListener listener,
      MergeStatistics statistics) {
    // The leaves at the edges change their links even when they lose no entry.
    super(context, statistics, true);
    this.from = from;
    this.to = to;
    this.dropped = dropped;
    this.removal = new EntryRemoval(pages, listener);
  }

  @Override
  void fillEmpty() {
    throw new IllegalStateException("an empty tree is not cut");
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

  private static int compare(byte[] key, int length, byte[] edge) {
    return Arrays.compareUnsigned(key, 0, length, edge, 0, edge.length);
  }

  private boolean isCovered(IndexLevel level) {
    if (compare(level.childLow(), level.childLowLength(), from) < 0) {
      return false;
    }
    byte[] bound = level.childBound();
    return to == null || bound != null && compare(bound, level.childBoundLength(), to) <= 0;
  }

  private void drop(IndexLevel level) {
    level.beginGroup();
    unlink(level);
    leafChain.dropBetween();
  }

  private void unlink(IndexLevel level) {
    level.touch();
    dropped.add(CutSweeper.subtree(level.child(), level.aboveLeaves));
    level.step();
  }

  @Override
  boolean hasSibling(IndexLevel level) {
    boolean any = false;
    while (level.hasChild() && isCovered(level)) {
      unlink(level);
      any = true;
    }
    // A leaf that joins the open group links to what came before it there; when none does, the
    // chain is told after the group. Index pages join when no group of leaves is open.
    if (any && !level.aboveLeaves) {
      leafChain.dropBetween();
    } else if (any && !level.hasChild()) {
      dropsAfterGroup = true;
    }
    return level.hasChild();
  }

  @Override
  void groupClosed() {
    if (dropsAfterGroup) {
      dropsAfterGroup = false;
      leafChain.dropBetween();
    }
  }

  @Override
  void rewriteLeaf(IndexLevel level) {
    long at = openLeaf(level, base);
    for (boolean more = true; more; more = base.next()) {
      if (isInRange()) {
        leaves.markChanged();
        removal.remove(base);
      } else {
        leaves.add(base);
      }
    }
    pages.unpin(at);
  }

  private boolean isInRange() {
    return compare(base.key(), base.keyLength(), from) >= 0
        && (to == null || compare(base.key(), base.keyLength(), to) < 0);
  }
}
