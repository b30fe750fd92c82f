/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.KeyRange;
import io.eloqstore.page.LeafCursor;

/**
 * Removes every key outside a range in one pass, so that no page outside is joined or linked to.
 *
 * <p>What lies outside is unmapped already: subtrees and overflow pages are forgotten, not freed.
 */
final class ClipRun extends RangeRun {
  private final KeyRange kept;

  ClipRun(RewriteContext context, KeyRange kept, MergeStatistics statistics) {
    super(context, statistics);
    this.kept = kept;
  }

  @Override
  void rewriteChildren(IndexLevel level) {
    while (level.hasChild()) {
      if (isCovered(level)) {
        drop(level);
      } else if (isInside(level)) {
        level.skip();
      } else {
        rewriteChild(level);
      }
    }
  }

  @Override
  boolean isCovered(IndexLevel level) {
    byte[] bound = level.childBound();
    return kept.from() != null
            && bound != null
            && compare(bound, level.childBoundLength(), kept.from()) <= 0
        || kept.to() != null && compare(level.childLow(), level.childLowLength(), kept.to()) >= 0;
  }

  /** Whether neither keys nor links of the child change. */
  private boolean isInside(IndexLevel level) {
    byte[] bound = level.childBound();
    return (kept.from() == null
            || compare(level.childLow(), level.childLowLength(), kept.from()) > 0)
        && (kept.to() == null
            || bound != null && compare(bound, level.childBoundLength(), kept.to()) < 0);
  }

  @Override
  void unlinked(IndexLevel level) {
    // Its pages have no place in the mapping any more.
  }

  @Override
  boolean isTaken(LeafCursor entry) {
    return !kept.contains(entry.key(), 0, entry.keyLength());
  }

  @Override
  void taken(LeafCursor entry) {
    statistics.entriesRemoved++;
  }
}
