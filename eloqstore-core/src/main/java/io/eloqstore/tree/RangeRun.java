/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafCursor;
import java.util.Arrays;

/**
 * Takes ranges of keys out of a tree; subtrees that lie in one altogether are unlinked unread.
 *
 * <p>The leaves at the edges are rewritten, and the index pages above them.
 */
abstract class RangeRun extends TreeRewrite {
  private final LeafCursor base = new LeafCursor();

  /** Leaves behind the group that is open were unlinked. */
  private boolean dropsAfterGroup;

  RangeRun(RewriteContext context, MergeStatistics statistics) {
    // The leaves at the edges change their links even when they lose no entry.
    super(context, statistics, true);
  }

  /** Whether every key of the child a level stands on goes. */
  abstract boolean isCovered(IndexLevel level);

  /** The child a level stands on, which is covered, is reached no more. */
  abstract void unlinked(IndexLevel level);

  /** Whether an entry of an edge leaf goes. */
  abstract boolean isTaken(LeafCursor entry);

  /** An entry of an edge leaf goes. */
  abstract void taken(LeafCursor entry);

  static int compare(byte[] key, int length, byte[] edge) {
    return Arrays.compareUnsigned(key, 0, length, edge, 0, edge.length);
  }

  @Override
  final void fillEmpty() {
    throw new IllegalStateException("an empty tree is not cut");
  }

  final void drop(IndexLevel level) {
    level.beginGroup();
    unlink(level);
    leafChain.dropBetween();
  }

  private void unlink(IndexLevel level) {
    level.touch();
    unlinked(level);
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
      if (isTaken(base)) {
        leaves.markChanged();
        taken(base);
      } else {
        leaves.add(base);
      }
    }
    pages.unpin(at);
  }
}
