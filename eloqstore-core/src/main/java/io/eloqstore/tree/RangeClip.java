/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.KeyRange;

/**
 * Takes everything outside a range out of a tree whose mapping holds only the pages that {@link
 * ClipWalk} kept.
 *
 * <p>Reads and rewrites the two leaves at the edges, at most a neighbour that one is joined with,
 * and the index pages above them. No id of a page outside is freed, for it is unmapped already.
 */
public final class RangeClip {
  private final RewriteContext context;
  private final MergeStatistics statistics;

  public RangeClip(RewriteContext context, MergeStatistics statistics) {
    this.context = context;
    this.statistics = statistics;
  }

  /**
   * Clips.
   *
   * @param root the tree's root page, {@link TreeMerger#EMPTY} for none
   * @param kept the keys that stay; not empty
   * @return the new root page, {@link TreeMerger#EMPTY} when nothing is left
   */
  public int clip(int root, KeyRange kept) {
    if (root == TreeMerger.EMPTY) {
      return root;
    }
    try (ClipRun run = new ClipRun(context, kept, statistics)) {
      return run.run(root);
    }
  }
}
