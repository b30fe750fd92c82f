/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/** Removes a range of keys. */
final class RangeRun extends CutRun {
  private final byte[] from;
  private final byte[] to;

  /**
   * @param to {@code null} for none
   */
  RangeRun(
      RewriteContext context,
      byte[] from,
      byte[] to,
      PageList dropped,
      MergeListener listener,
      MergeStatistics statistics) {
    super(context, dropped, listener, statistics);
    this.from = from;
    this.to = to;
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
  boolean isRemoved(byte[] key, int length) {
    return compare(key, length, from) >= 0 && (to == null || compare(key, length, to) < 0);
  }
}
