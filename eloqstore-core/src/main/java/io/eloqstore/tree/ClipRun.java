/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.KeyRange;

/** Removes everything outside of a range of keys, both sides in one run. */
final class ClipRun extends CutRun {
  private final byte[] keptFrom;
  private final byte[] keptTo;

  ClipRun(
      RewriteContext context,
      KeyRange kept,
      PageList dropped,
      MergeListener listener,
      MergeStatistics statistics) {
    super(context, dropped, listener, statistics);
    this.keptFrom = kept.from();
    this.keptTo = kept.to();
  }

  @Override
  void rewriteChildren(IndexLevel level) {
    while (level.hasChild()) {
      if (isCovered(level)) {
        drop(level);
      } else if (isAtEdge(level)) {
        rewriteChild(level);
      } else {
        level.skip();
      }
    }
  }

  @Override
  boolean isCovered(IndexLevel level) {
    byte[] bound = level.childBound();
    return keptFrom != null
            && bound != null
            && compare(bound, level.childBoundLength(), keptFrom) <= 0
        || keptTo != null && compare(level.childLow(), level.childLowLength(), keptTo) >= 0;
  }

  /** Whether it may hold keys outside of the range, or may have a neighbour that goes. */
  private boolean isAtEdge(IndexLevel level) {
    byte[] bound = level.childBound();
    return keptFrom != null && compare(level.childLow(), level.childLowLength(), keptFrom) <= 0
        || keptTo != null
            && (bound == null || compare(bound, level.childBoundLength(), keptTo) >= 0);
  }

  @Override
  boolean isRemoved(byte[] key, int length) {
    return keptFrom != null && compare(key, length, keptFrom) < 0
        || keptTo != null && compare(key, length, keptTo) >= 0;
  }
}
