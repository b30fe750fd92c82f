/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.IndexCursor;
import java.util.Arrays;

/**
 * One index level of a rewrite: the base page whose children are being rewritten, and the new
 * pages.
 *
 * <p>As long as the children stay what they were nothing is built; {@link #touch()} then builds the
 * page up to where it stands. One thread.
 */
final class IndexLevel {
  final IndexOutput out;
  final boolean aboveLeaves;

  /** The level below, if that is an index level and was needed. */
  IndexLevel below;

  private final TreePages pages;
  private final IndexCursor here = new IndexCursor();
  private final IndexCursor ahead = new IndexCursor();
  private final IndexCursor copier = new IndexCursor();
  private long at;
  private boolean hasHere;
  private boolean hasAhead;
  private boolean atLeftmost;
  private boolean touched;

  /** Whether base children follow those that are being rewritten. */
  private boolean followed;

  /** Lower bound of the first base child of the group that is being rewritten. */
  private byte[] groupLow = new byte[64];

  private int groupLowLength;
  private boolean groupAtLeftmost;

  /** Whether that child was kept, with id and lower bound. */
  private boolean firstKept;

  private int lastChild;
  private byte[] low = TreePages.NO_KEY;
  private int lowLength;
  private byte[] bound;
  private int boundLength;

  IndexLevel(TreeRewrite rewrite, boolean aboveLeaves) {
    this.pages = rewrite.pages;
    this.aboveLeaves = aboveLeaves;
    this.out = new IndexOutput(rewrite, aboveLeaves);
  }

  /** A level without base pages, on top of the tree. */
  void openGrown() {
    out.beginGroup();
    touched = true;
    followed = false;
    hasHere = false;
    hasAhead = false;
  }

  /**
   * Begins with a base page.
   *
   * @param low its lower bound, empty for the leftmost; stays valid until {@link #close}
   * @param bound its upper bound, null when it is the rightmost; stays valid until {@link #close}
   */
  void open(int id, long at, byte[] low, int lowLength, byte[] bound, int boundLength) {
    this.at = at;
    this.low = low;
    this.lowLength = lowLength;
    this.bound = bound;
    this.boundLength = boundLength;
    touched = out.isGroupStarted();
    out.consume(id, low, lowLength, out.contentBytes(at), true);
    lastChild = TreePages.NONE;
    here.open(pages.arena(), at);
    ahead.open(pages.arena(), at);
    hasHere = here.first();
    hasAhead = ahead.first() && ahead.next();
    atLeftmost = true;
  }

  /** Copies what is left of the base page and lets it go. */
  void close() {
    while (touched && hasHere) {
      skip();
    }
    hasHere = false;
    hasAhead = false;
    pages.unpin(at);
  }

  /**
   * The child of an index page above index pages when it is the only one.
   *
   * @return {@link TreePages#NONE} otherwise
   */
  static int onlyChildOf(TreePages pages, long at) {
    if (TreePages.isAboveLeaves(pages.arena(), at)) {
      return TreePages.NONE;
    }
    IndexCursor cursor = new IndexCursor();
    cursor.open(pages.arena(), at);
    cursor.first();
    int child = cursor.child();
    return cursor.next() ? TreePages.NONE : child;
  }

  // ---- where it stands --------------------------------------------------------------------------

  boolean hasChild() {
    return hasHere;
  }

  int child() {
    return here.child();
  }

  byte[] childLow() {
    return atLeftmost ? low : here.key();
  }

  int childLowLength() {
    return atLeftmost ? lowLength : here.keyLength();
  }

  /** Upper bound of the child, null for none. */
  byte[] childBound() {
    return hasAhead ? ahead.key() : bound;
  }

  int childBoundLength() {
    return hasAhead ? ahead.keyLength() : boundLength;
  }

  /** Upper bound of the whole page, null for none. */
  byte[] bound() {
    return bound;
  }

  int boundLength() {
    return boundLength;
  }

  /** After {@link #touch()}: the last child so far under the same base page, as it is now. */
  int lastChild() {
    return lastChild;
  }

  /** To the child whose range holds a key, which lies behind the present one. */
  void seek(byte[] key, int length) {
    skip();
    if (touched || !hasAhead || compare(ahead.key(), ahead.keyLength(), key, length) > 0) {
      return;
    }
    here.seek(key, 0, length);
    ahead.seek(key, 0, length);
    hasAhead = ahead.next();
  }

  private static int compare(byte[] left, int leftLength, byte[] right, int rightLength) {
    return Arrays.compareUnsigned(left, 0, leftLength, right, 0, rightLength);
  }

  /** A group of children begins here. */
  void beginGroup() {
    firstKept = false;
    groupAtLeftmost = atLeftmost;
    if (!touched && !atLeftmost) {
      groupLowLength = here.keyLength();
      if (groupLowLength > groupLow.length) {
        groupLow = new byte[groupLowLength * 2];
      }
      System.arraycopy(here.key(), 0, groupLow, 0, groupLowLength);
    }
  }

  /** Whether a child stands to the left of the group, under the same base page. */
  boolean hasLeft() {
    return touched ? lastChild != TreePages.NONE : !groupAtLeftmost;
  }

  /** The child it stands on is being rewritten. */
  void enter() {
    followed = hasAhead;
  }

  /** Steps over a child; what becomes of it is told by {@link #child(byte[], int, boolean)}. */
  void step() {
    hasHere = hasAhead;
    if (hasAhead) {
      here.next();
      hasAhead = ahead.next();
    }
    atLeftmost = false;
  }

  /** Steps over a child that stays what it is. */
  void skip() {
    if (touched) {
      out.add(childLow(), childLowLength(), here.child(), true);
      lastChild = here.child();
    }
    step();
  }

  // ---- what becomes of the children -------------------------------------------------------------

  /**
   * A child in its new place.
   *
   * @param first whether it has id and lower bound of the first base child of its group
   */
  void child(byte[] separator, int id, boolean first) {
    if (!touched && first) {
      firstKept = true;
      return;
    }
    touch();
    lastChild = id;
    out.add(separator, separator.length, id, first || followed);
  }

  /** Some child is not what it was: the page has to be built anew. */
  void touch() {
    if (touched) {
      return;
    }
    touched = true;
    out.markChanged();
    copier.open(pages.arena(), at);
    copier.first();
    if (!groupAtLeftmost) {
      keep(low, lowLength);
      while (copier.next()
          && compare(copier.key(), copier.keyLength(), groupLow, groupLowLength) < 0) {
        keep(copier.key(), copier.keyLength());
      }
      if (firstKept) {
        keep(copier.key(), copier.keyLength());
      }
    } else if (firstKept) {
      keep(low, lowLength);
    }
  }

  private void keep(byte[] key, int keyLength) {
    lastChild = copier.child();
    out.add(key, keyLength, lastChild, true);
  }
}
