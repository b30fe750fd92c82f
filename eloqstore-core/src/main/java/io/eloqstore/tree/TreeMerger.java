/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/**
 * Merges sorted changes into a tree, copy on write.
 *
 * <p>Leaves without changes are not read, and pages that did not change are not written: a change
 * of one value costs one leaf, because parents name their children by logical id. Pages that
 * overflow are split as {@link FillPolicy} says, pages that become nearly empty are joined, empty
 * ones leave the tree, and the tree loses a level when its root has a single index page below it.
 * Sibling links of leaves stay exact.
 *
 * <p>One thread at a time. Scratch memory and pins are given back when a merge ends, also when it
 * fails; then the context's mapping is to be abandoned and its ids discarded.
 */
public final class TreeMerger {
  /** The root page of an empty tree. */
  public static final int EMPTY = TreePages.NONE;

  private static final BaseFilter KEEPS_ALL = base -> false;

  private final RewriteContext context;
  private final BaseFilter filter;
  private final MergeListener listener;
  private final MergeStatistics statistics;

  public TreeMerger(RewriteContext context, MergeListener listener, MergeStatistics statistics) {
    this(context, KEEPS_ALL, listener, statistics);
  }

  /**
   * @param filter asked for entries of leaves that change, unless the change is theirs
   */
  public TreeMerger(
      RewriteContext context,
      BaseFilter filter,
      MergeListener listener,
      MergeStatistics statistics) {
    this.context = context;
    this.filter = filter;
    this.listener = listener;
    this.statistics = statistics;
  }

  /**
   * Merges all changes.
   *
   * @param root the tree's root page as the context's mapping knows it, {@link #EMPTY} for none
   * @return the new root page, {@link #EMPTY} when nothing is left
   * @throws IllegalArgumentException when a key is too long or an entry fits no page
   */
  public int merge(int root, ChangeCursor changes) {
    try (MergeRun run = new MergeRun(context, changes, filter, listener, statistics)) {
      return run.merge(root);
    }
  }
}
