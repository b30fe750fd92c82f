/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.KeyRange;

/**
 * Removes a range of keys from a tree by unlinking it.
 *
 * <p>Reads and rewrites the two leaves at the edges and the index pages above them; what lies
 * between is unlinked unread. Its pages stay mapped until a {@link CutSweeper} has walked them.
 */
public final class RangeCut {
  private final RewriteContext context;
  private final MergeListener listener;
  private final MergeStatistics statistics;

  /**
   * @param listener hears of entries in the edge leaves only
   * @param statistics counts entries in the edge leaves only
   */
  public RangeCut(RewriteContext context, MergeListener listener, MergeStatistics statistics) {
    this.context = context;
    this.listener = listener;
    this.statistics = statistics;
  }

  /**
   * What a cut left.
   *
   * @param root the new root page, {@link TreeMerger#EMPTY} when nothing is left
   * @param dropped the unlinked subtrees, for {@link CutSweeper}
   */
  public record Result(int root, int[] dropped) {}

  /**
   * Cuts.
   *
   * @param root the tree's root page, {@link TreeMerger#EMPTY} for none
   * @param range the keys to go
   */
  public Result cut(int root, KeyRange range) {
    if (root == TreeMerger.EMPTY || range.isEmpty()) {
      return new Result(root, new int[0]);
    }
    PageList dropped = new PageList();
    byte[] from = range.from() == null ? TreePages.NO_KEY : range.from();
    try (CutRun run = new CutRun(context, from, range.to(), dropped, listener, statistics)) {
      int newRoot = run.run(root);
      return new Result(newRoot, dropped.toArray());
    }
  }
}
