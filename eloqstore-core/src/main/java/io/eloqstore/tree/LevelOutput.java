/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.PageHeader;
import java.util.Arrays;

/**
 * The new pages of one level of the tree, built from a sorted stream of entries.
 *
 * <p>Works in <em>groups</em>: neighbouring base pages under one parent that are replaced together,
 * normally a single one. The first output keeps the logical id and the separator of the first base
 * page, so a page that stays one page changes nothing in its parent; the last output keeps the id
 * of the last base page when there was more than one. At most two pages of a group are held back,
 * so that they can be balanced when the group ends. One thread.
 */
abstract class LevelOutput {
  static final int NONE = TreePages.NONE;

  /** Outputs of a group that inherit the warmth of its base pages; more are a bulk load. */
  private static final int WARM_OUTPUTS_MAX = 2;

  final TreePages pages;
  final TreeRewrite rewrite;
  final PageChain chain;

  /** The level above; null for the root's level until that gets a second page. */
  IndexLevel parent;

  /** The page that is being filled; null between pages. */
  OutputPage current;

  /** What {@link #copyBalanced} built. */
  OutputPage balancedFirst;

  OutputPage balancedSecond;

  private int topId = NONE;
  private OutputPage pending;
  private boolean currentHasBase;
  private byte[] lowKey = TreePages.NO_KEY;
  private int consumed;
  private int firstId;
  private int firstPrevious;
  private int lastId;
  private int lastNext;
  private int baseBytes;
  private int placed;
  private boolean changed;
  private boolean warm;
  private boolean firstEmitted;
  private boolean chainBegun;

  LevelOutput(TreeRewrite rewrite, PageChain chain) {
    this.rewrite = rewrite;
    this.pages = rewrite.pages;
    this.chain = chain;
  }

  /** Starts to fill the block of {@link #current}. */
  abstract void openBuilder();

  /** Bytes in the page that is being filled. */
  abstract int builderBytes();

  /** Makes the block of {@link #current} a page. */
  abstract void finishBuilder();

  /** Types a page of this level may have. */
  abstract int types();

  /** Left sibling of a leaf; {@link #NONE} on index levels. */
  abstract int previousOf(long at);

  /**
   * Copies two neighbouring pages into one or two new ones.
   *
   * @param firstBytesMax the first page is ended when it holds as much
   * @return false when they fit into two pages only as they are; nothing is taken then
   */
  abstract boolean copyBalanced(OutputPage first, OutputPage second, int firstBytesMax);

  /** Whether a base page that did not change has to pass through the chain nevertheless. */
  boolean chainsUnchanged() {
    return false;
  }

  // ---- a group ----------------------------------------------------------------------------------

  final void beginGroup() {
    consumed = 0;
    baseBytes = 0;
    placed = 0;
    changed = false;
    warm = false;
    firstEmitted = false;
    chainBegun = false;
    firstId = NONE;
    firstPrevious = NONE;
    lastId = NONE;
    lastNext = NONE;
    lowKey = TreePages.NO_KEY;
  }

  /** A base page whose entries come next. */
  final void consume(int id, byte[] low, int lowLength, int contentBytes, boolean isCached) {
    if (consumed == 0) {
      firstId = id;
      lowKey = Arrays.copyOf(low, lowLength);
    } else {
      changed = true;
      if (consumed > 1) {
        pages.free(lastId);
      }
    }
    lastId = id;
    baseBytes += contentBytes;
    warm |= isCached;
    consumed++;
  }

  /** The sibling links of the base page just consumed. */
  final void consumeLinks(int previous, int next) {
    if (consumed == 1) {
      firstPrevious = previous;
    }
    lastNext = next;
  }

  final boolean isGroupStarted() {
    return consumed > 0;
  }

  final void markChanged() {
    changed = true;
  }

  /** Notes whether an entry just added was in a base page or lies before one that was. */
  final void noteAdded(boolean base) {
    currentHasBase |= base;
  }

  /** Whether the page opened next is the first of the group; it has the group's lower bound. */
  final boolean isFirstPage() {
    return placed == 0 && pending == null;
  }

  /** Opens a page; its lower bound counts unless it is the first of the group. */
  final void openPage(byte[] separator) {
    current = new OutputPage(pages.take(), isFirstPage() ? lowKey : separator);
    currentHasBase = false;
    openBuilder();
  }

  /** Ends the current page because the next entry does not fit. */
  final void rotate() {
    seal();
    if (pending != null) {
      place(pending, false);
    }
    pending = current;
    current = null;
    changed = true;
  }

  private void seal() {
    finishBuilder();
    current.usedBytes = builderBytes();
  }

  /** Whether what the group has so far should be joined with a sibling. */
  final boolean wantsMore() {
    return current != null
        && pending == null
        && placed == 0
        && changed
        && builderBytes() < baseBytes
        && rewrite.options.fill().isUnderfull(builderBytes(), pages.pageBytes());
  }

  /** Takes the left sibling, already known to the parent, into the group, if they fit. */
  final void joinLeft(int leftId) {
    OutputPage held = chain.peek(leftId);
    boolean leftWarm = held != null ? held.warm : pages.isCached(leftId);
    OutputPage left =
        held != null ? held : new OutputPage(pages.pin(leftId, types()), TreePages.NO_KEY);
    seal();
    OutputPage tail = current;
    int previous = held != null ? held.previous : previousOf(left.at);
    if (held == null) {
      left.usedBytes = contentBytes(left.at);
    }
    boolean done =
        copyBalanced(left, tail, Integer.MAX_VALUE)
            || copyBalanced(left, tail, (left.usedBytes + tail.usedBytes) / 2);
    if (held == null) {
      pages.unpin(left.at);
    }
    if (!done) {
      pending = tail;
      current = null;
      return;
    }
    if (held != null) {
      chain.takeHeld();
    } else {
      chain.takeLeft(leftId, previous);
    }
    pages.release(tail.at);
    if (consumed > 1) {
      pages.free(firstId);
    }
    consumed = 2;
    firstId = leftId;
    firstPrevious = previous;
    firstEmitted = true;
    warm |= leftWarm;
    pending = balancedFirst;
    current = balancedSecond;
    if (current != null) {
      place(pending, false);
      pending = current;
      current = null;
    }
  }

  /** Content length of a finished page. */
  final int contentBytes(long at) {
    return PageHeader.contentLength(pages.arena(), at);
  }

  /** Places what is left, gives ids back and tells the parent. */
  final void closeGroup() {
    OutputPage tail = current;
    if (tail != null) {
      seal();
      current = null;
    } else {
      tail = pending;
      pending = null;
    }
    boolean unchanged = consumed == 1 && !changed;
    if (unchanged && !(chainsUnchanged() && tail != null)) {
      if (tail != null) {
        pages.release(tail.at);
      }
      emit(lowKey, firstId, true);
      return;
    }
    if (unchanged) {
      tail.dirty = false;
      tail.storedPrevious = firstPrevious;
      tail.storedNext = lastNext;
    }
    if (pending != null) {
      if (currentHasBase && copyBalanced(pending, tail, (pending.usedBytes + tail.usedBytes) / 2)) {
        pages.release(pending.at);
        pages.release(tail.at);
        pending = balancedFirst;
        tail = balancedSecond;
      }
      OutputPage before = pending;
      pending = null;
      if (tail != null) {
        place(before, false);
      } else {
        tail = before;
      }
    }
    if (tail != null) {
      place(tail, true);
    }
    endGroup();
  }

  private void endGroup() {
    if (!chainBegun) {
      chain.begin(firstId, firstPrevious);
    }
    chain.end(lastId, lastNext);
    if (consumed > 1 && placed < 2) {
      pages.free(lastId);
    }
    if (placed == 0 && consumed > 0) {
      pages.free(firstId);
      if (parent != null) {
        parent.touch();
      }
    }
  }

  private void place(OutputPage page, boolean last) {
    if (!chainBegun) {
      chainBegun = true;
      chain.begin(firstId, firstPrevious);
    }
    boolean first = placed == 0;
    if (first && consumed > 0) {
      page.id = firstId;
    } else if (last && consumed > 1) {
      page.id = lastId;
    } else {
      page.id = pages.newId();
    }
    page.warm = warm && placed < WARM_OUTPUTS_MAX;
    placed++;
    chain.output(page);
    if (!first || !firstEmitted) {
      emit(page.separator, page.id, first);
    }
  }

  private void emit(byte[] separator, int id, boolean first) {
    if (parent == null && first) {
      topId = id;
      return;
    }
    if (parent == null) {
      parent = rewrite.grow(this);
      parent.child(TreePages.NO_KEY, topId, true);
    }
    parent.child(separator, id, first);
  }

  /** The only page of a level without a parent, after its group is closed. */
  final int topId() {
    return topId;
  }
}
