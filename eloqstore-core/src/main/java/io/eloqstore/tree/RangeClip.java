/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.KeyRange;

/**
 * Leaves a range of keys of a tree and unlinks everything else.
 *
 * <p>Reads and rewrites the two leaves at the edges and the index pages above them; every page it
 * reads is one that {@link ClipWalk} finds. What it unlinks is neither read nor unmapped.
 *
 * @param listener hears of entries in the edge leaves only
 * @param statistics counts entries in the edge leaves only
 */
public record RangeClip(
    RewriteContext context, MergeListener listener, MergeStatistics statistics) {

  /**
   * Clips.
   *
   * @param root the tree's root page, {@link TreeMerger#EMPTY} for none
   * @param kept not empty
   * @return what is left and what was unlinked
   */
  public RangeCut.Result clip(int root, KeyRange kept) {
    if (root == TreeMerger.EMPTY) {
      return new RangeCut.Result(root, new int[0]);
    }
    PageList dropped = new PageList();
    try (ClipRun run = new ClipRun(context, kept, dropped, listener, statistics)) {
      int newRoot = run.run(root);
      return new RangeCut.Result(newRoot, dropped.toArray());
    }
  }
}
