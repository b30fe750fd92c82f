/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafCursor;
import java.util.Arrays;

/** Removes keys by where they lie; subtrees that go altogether are dropped unread. */
abstract class CutRun extends TreeRewrite {
  private final PageList dropped;
  private final EntryRemoval removal;
  private final LeafCursor base = new LeafCursor();

  /** Leaves behind the group that is open were unlinked. */
  private boolean dropsAfterGroup;

  CutRun(
      RewriteContext context,
      PageList dropped,
      MergeListener listener,
      MergeStatistics statistics) {
    // The leaves at the edges change their links even when they lose no entry.
    super(context, statistics, true);
    this.dropped = dropped;
    this.removal = new EntryRemoval(pages, listener);
  }

  @Override
  final void fillEmpty() {
    throw new IllegalStateException("an empty tree is not cut");
  }

  /** Whether a child goes altogether. */
  abstract boolean isCovered(IndexLevel level);

  /** Whether an entry of a leaf that stays goes. */
  abstract boolean isRemoved(byte[] key, int length);

  static int compare(byte[] key, int length, byte[] edge) {
    return Arrays.compareUnsigned(key, 0, length, edge, 0, edge.length);
  }

  final void drop(IndexLevel level) {
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
  final boolean hasSibling(IndexLevel level) {
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
  final void groupClosed() {
    if (dropsAfterGroup) {
      dropsAfterGroup = false;
      leafChain.dropBetween();
    }
  }

  @Override
  final void rewriteLeaf(IndexLevel level) {
    long at = openLeaf(level, base);
    for (boolean more = true; more; more = base.next()) {
      if (isRemoved(base.key(), base.keyLength())) {
        leaves.markChanged();
        removal.remove(base);
      } else {
        leaves.add(base);
      }
    }
    pages.unpin(at);
  }
}
