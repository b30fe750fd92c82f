/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafPage;

/**
 * The leaves that a rewrite puts out, with exact sibling links.
 *
 * <p>Works in <em>runs</em>: a run is a stretch of leaves that are neighbours in the old tree, all
 * of which are replaced. At the ends of a run the untouched neighbours are rewritten when the link
 * that points into the run changed, and only then.
 */
final class LeafChain extends PageChain {
  private static final int NONE = TreePages.NONE;

  private boolean active;

  /** The next base leaf belongs to the run, whatever the links say: all between is dropped. */
  private boolean joined;

  /** The leaf before the next output when none is held, and what its link to the right is. */
  private int leftId;

  private int leftNext;

  /** The last base leaf of the run and the one after it. */
  private int lastBase;

  private int nextBase;

  LeafChain(TreePages pages) {
    super(pages, TreePages.MARK_WARM);
  }

  @Override
  void begin(int firstId, int firstPrevious) {
    if (!active || !joined && nextBase != firstId) {
      endRun(firstPrevious);
    }
    if (!active) {
      active = true;
      leftId = firstPrevious;
      leftNext = firstId;
    }
    joined = false;
  }

  @Override
  void end(int lastId, int lastNext) {
    lastBase = lastId;
    nextBase = lastNext;
  }

  /** What follows the last output now is the next base leaf that is taken, or nothing. */
  void dropBetween() {
    if (!active) {
      active = true;
      leftId = NONE;
      leftNext = NONE;
    }
    joined = true;
    nextBase = NONE;
    lastBase = NONE;
  }

  @Override
  void output(OutputPage page) {
    if (held == null && leftId != NONE && leftNext != page.id) {
      held = load(leftId);
    }
    if (held == null) {
      page.previous = leftId;
    } else {
      page.previous = held.id;
      held.next = page.id;
      writeHeld();
    }
    held = page;
  }

  @Override
  void takeHeld() {
    leftId = held.previous;
    leftNext = held.id;
    joined = true;
    super.takeHeld();
  }

  @Override
  void takeLeft(int id, int previous) {
    if (active && held == null && leftId == id) {
      leftId = previous;
      leftNext = id;
      joined = true;
    }
  }

  @Override
  void finish() {
    endRun(NONE);
    // The right neighbour may have been kept for a leaf that did not come.
    endRun(NONE);
  }

  /**
   * Ends the run.
   *
   * @param neighbour the left neighbour of the leaf that comes next: when the run ends just before
   *     it and it must be rewritten, the run goes on with it instead
   */
  private void endRun(int neighbour) {
    if (!active) {
      return;
    }
    int left = leftId;
    if (held != null) {
      left = held.id;
      held.next = nextBase;
      writeHeld();
    } else if (leftId != NONE && leftNext != nextBase) {
      OutputPage page = load(leftId);
      page.next = nextBase;
      write(page);
    }
    active = false;
    if (nextBase != NONE && lastBase != left) {
      OutputPage page = load(nextBase);
      page.previous = left;
      if (nextBase == neighbour) {
        active = true;
        held = page;
        lastBase = page.id;
        nextBase = page.next;
      } else {
        write(page);
      }
    }
  }

  private OutputPage load(int id) {
    boolean warm = pages.isCached(id);
    long block = pages.take();
    long from = pages.pin(id, TreePages.LEAF);
    pages.arena().copy(from, block, pages.pageBytes());
    pages.unpin(from);
    OutputPage page = new OutputPage(block, TreePages.NO_KEY);
    page.id = id;
    page.warm = warm;
    page.previous = LeafPage.previous(pages.arena(), block);
    page.next = LeafPage.next(pages.arena(), block);
    return page;
  }

  @Override
  void write(OutputPage page) {
    if (page.dirty || page.previous != page.storedPrevious || page.next != page.storedNext) {
      LeafPage.setPrevious(pages.arena(), page.at, page.previous);
      LeafPage.setNext(pages.arena(), page.at, page.next);
      pages.write(page.id, page.at, page.warm ? cacheMark : 0);
    }
    pages.release(page.at);
  }
}
