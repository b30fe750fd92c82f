/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafCursor;
import java.util.Arrays;

/**
 * The frame of every rewrite of a tree: down to the leaves that change, and up again.
 *
 * <p>Subtrees without changes are not read. One thread, one run; {@link #close()} gives back pins
 * and scratch memory on every path.
 */
abstract class TreeRewrite implements AutoCloseable {
  static final int NONE = TreePages.NONE;

  final TreePages pages;
  final TreeOptions options;
  final MergeStatistics statistics;
  final LeafChain leafChain;
  final LeafOutput leaves;

  TreeRewrite(RewriteContext context, MergeStatistics statistics, boolean chainsUnchangedLeaves) {
    this.pages = context.open(statistics);
    this.options = context.options();
    this.statistics = statistics;
    this.leafChain = new LeafChain(pages);
    this.leaves = new LeafOutput(this, leafChain, chainsUnchangedLeaves);
  }

  /** Rewrites what is to be rewritten among the children of the page the level stands in. */
  abstract void rewriteChildren(IndexLevel level);

  /** Merges one leaf into {@link #leaves}. */
  abstract void rewriteLeaf(IndexLevel level);

  /** Puts what an empty tree gets into {@link #leaves}. */
  abstract void fillEmpty();

  /** Whether another child follows that may be joined; drops those that may not. */
  boolean hasSibling(IndexLevel level) {
    return level.hasChild();
  }

  /** A group of children was placed. */
  void groupClosed() {}

  /** Runs; the new root page, or {@link #NONE} for an empty tree. */
  final int run(int root) {
    IndexLevel top;
    if (root == NONE) {
      top = grow(leaves);
      leaves.parent = top;
      leaves.beginGroup();
      fillEmpty();
      leaves.closeGroup();
    } else {
      top = new IndexLevel(this, isAboveLeaves(root));
      top.out.beginGroup();
      rewriteIndex(top, root, TreePages.NO_KEY, 0, null, 0);
    }
    top.out.closeGroup();
    IndexLevel highest = top;
    while (highest.out.parent != null) {
      highest = highest.out.parent;
      highest.out.closeGroup();
    }
    int newRoot = lowered(highest);
    leafChain.finish();
    for (IndexLevel level = top; level != null; level = level.below) {
      level.out.chain.finish();
    }
    for (IndexLevel level = top.out.parent; level != null; level = level.out.parent) {
      level.out.chain.finish();
    }
    return newRoot;
  }

  /** A level above one that got a second page. */
  final IndexLevel grow(LevelOutput child) {
    IndexLevel level = new IndexLevel(this, child == leaves);
    level.openGrown();
    return level;
  }

  /** The root, after new index pages with a single index page below them were taken off the top. */
  private int lowered(IndexLevel highest) {
    IndexLevel level = highest;
    int root = highest.out.topId();
    while (root != NONE) {
      OutputPage held = level == null ? null : level.out.chain.peek(root);
      if (held == null && level == highest) {
        // The old root, as it was.
        return root;
      }
      long at = held == null ? pages.pin(root, TreePages.INDEX) : held.at;
      int child = IndexLevel.onlyChildOf(pages, at);
      if (held == null) {
        pages.unpin(at);
      }
      if (child == NONE) {
        return root;
      }
      if (held != null) {
        level.out.chain.takeHeld();
      }
      pages.free(root);
      root = child;
      level = level == null ? null : level.below;
    }
    return NONE;
  }

  private boolean isAboveLeaves(int id) {
    long at = pages.pin(id, TreePages.INDEX);
    boolean aboveLeaves = TreePages.isAboveLeaves(pages.arena(), at);
    pages.unpin(at);
    return aboveLeaves;
  }

  private void rewriteIndex(
      IndexLevel level, int id, byte[] low, int lowLength, byte[] bound, int boundLength) {
    long at = pages.pin(id, level.out.types());
    level.open(id, at, low, lowLength, bound, boundLength);
    rewriteChildren(level);
    level.close();
  }

  /** Rewrites the child a level stands on, and siblings that are joined with it. */
  final void rewriteChild(IndexLevel level) {
    LevelOutput out = outputBelow(level);
    out.beginGroup();
    level.beginGroup();
    do {
      if (out.isGroupStarted()) {
        level.touch();
      }
      level.enter();
      if (level.aboveLeaves) {
        rewriteLeaf(level);
      } else {
        rewriteIndex(
            level.below,
            level.child(),
            level.childLow(),
            level.childLowLength(),
            level.childBound(),
            level.childBoundLength());
      }
      level.step();
    } while (out.wantsMore() && hasSibling(level));
    if (out.wantsMore() && level.hasLeft()) {
      level.touch();
      out.joinLeft(level.lastChild());
    }
    out.closeGroup();
    groupClosed();
  }

  /**
   * Takes the leaf a level stands on as a base page.
   *
   * @param base opened on the leaf, stands on its first entry
   * @return where the leaf is pinned
   * @throws io.eloqstore.api.CorruptionException when its keys do not lie between the separators
   *     above it: it is another page than the one that was written there
   */
  final long openLeaf(IndexLevel level, LeafCursor base) {
    int id = level.child();
    boolean cached = pages.isCached(id);
    long at = pages.pin(id, TreePages.LEAF);
    leaves.consumeLeaf(level, at, cached);
    base.open(pages.arena(), at);
    byte[] bound = level.childBound();
    boolean sound =
        base.last()
            && (bound == null || compare(base, bound, level.childBoundLength()) < 0)
            && base.first()
            && compare(base, level.childLow(), level.childLowLength()) >= 0;
    if (!sound) {
      throw TreePages.corrupt(id, "keys of a leaf", "between the separators above", "others");
    }
    return at;
  }

  private static int compare(LeafCursor entry, byte[] key, int length) {
    return Arrays.compareUnsigned(entry.key(), 0, entry.keyLength(), key, 0, length);
  }

  private LevelOutput outputBelow(IndexLevel level) {
    LevelOutput out = leaves;
    if (!level.aboveLeaves) {
      if (level.below == null) {
        level.below = new IndexLevel(this, isAboveLeaves(level.child()));
      }
      out = level.below.out;
    }
    out.parent = level;
    return out;
  }

  @Override
  public final void close() {
    pages.close();
  }
}
