/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.buffer.BufferCursor;
import io.eloqstore.buffer.BufferRecords;
import io.eloqstore.tree.TreeScan;
import java.util.Arrays;

/**
 * Walks the rows of one pinned view in key order, newest version first: the buffers laid over the
 * tree.
 *
 * <p>The caller pins the view's generations and root for as long as it walks. One thread; used
 * again for the next walk.
 *
 * <p>Invariant: every source stands on its first row that was not given out yet; a source is at its
 * end when its entry of {@code live} is false.
 */
final class MergedCursor implements AutoCloseable {
  private final RowReader rows;
  private final TreeScan tree;
  private BufferCursor[] cursors = new BufferCursor[0];
  private boolean[] live = new boolean[0];
  private Generation[] generations = View.NONE;
  private boolean treeLive;
  private KeyRange range;
  private boolean reverse;
  private long maxSequence;
  private Root root;
  // The row given out last: a generation's index, or generations.length for the tree; -1 before.
  private int winner = -1;

  MergedCursor(RowReader rows) {
    this.rows = rows;
    this.tree = rows.newScan();
  }

  /**
   * Begins a walk in front of the first row.
   *
   * @param generations newest first, retained by the caller
   * @param root retained by the caller
   * @param maxSequence newest operation to see
   */
  void open(
      Generation[] generations, Root root, KeyRange range, boolean reverse, long maxSequence) {
    reuseCursors(generations);
    this.generations = generations;
    this.root = root;
    this.range = range;
    this.reverse = reverse;
    this.maxSequence = maxSequence;
    this.winner = -1;
    for (int i = 0; i < generations.length; i++) {
      cursors[i].setMaxSequence(maxSequence);
      live[i] = seekBuffer(cursors[i]);
    }
    tree.open(root.treePage(), root.pages());
    treeLive = seekTree();
  }

  /** A walk over the generations of the last one goes on with their cursors. */
  private void reuseCursors(Generation[] next) {
    if (next == generations) {
      return;
    }
    BufferCursor[] before = cursors;
    cursors = new BufferCursor[next.length];
    live = new boolean[next.length];
    for (int i = 0; i < next.length; i++) {
      cursors[i] =
          i < before.length && next[i] == generations[i] ? before[i] : next[i].buffer().cursor();
    }
  }

  private boolean seekBuffer(BufferCursor cursor) {
    if (reverse) {
      return range.to() == null
          ? cursor.last()
          : cursor.seekFloor(range.to(), 0, range.to().length, false);
    }
    return range.from() == null
        ? cursor.first()
        : cursor.seek(range.from(), 0, range.from().length);
  }

  private boolean seekTree() {
    if (reverse) {
      return range.to() == null
          ? tree.last()
          : tree.seekFloor(range.to(), 0, range.to().length, false);
    }
    return range.from() == null ? tree.first() : tree.seek(range.from(), 0, range.from().length);
  }

  /**
   * Moves to the next visible row of the range.
   *
   * @return whether there is one
   */
  boolean next() {
    while (true) {
      if (winner >= 0) {
        leaveRow();
      }
      winner = nearest();
      if (winner < 0 || isBeyondRange()) {
        winner = -1;
        close();
        return false;
      }
      if (isVisible()) {
        return true;
      }
    }
  }

  /**
   * Every source that stands on the key of the row given out last goes on; the winner at the end.
   */
  private void leaveRow() {
    for (int i = winner + 1; i < cursors.length; i++) {
      if (live[i] && equalsKey(cursors[i].key(), cursors[i].keyLength())) {
        live[i] = reverse ? cursors[i].previous() : cursors[i].next();
      }
    }
    if (winner < cursors.length) {
      if (treeLive && equalsKey(tree.key(), tree.keyLength())) {
        treeLive = reverse ? tree.previous() : tree.next();
      }
      live[winner] = reverse ? cursors[winner].previous() : cursors[winner].next();
    } else {
      treeLive = reverse ? tree.previous() : tree.next();
    }
  }

  private boolean equalsKey(byte[] other, int length) {
    return Arrays.equals(key(), 0, keyLength(), other, 0, length);
  }

  /** The newest source among those that stand on the nearest key, or -1. */
  private int nearest() {
    int best = -1;
    for (int i = 0; i < cursors.length; i++) {
      if (live[i] && (best < 0 || isNearer(cursors[i].key(), cursors[i].keyLength(), best))) {
        best = i;
      }
    }
    if (treeLive && (best < 0 || isNearer(tree.key(), tree.keyLength(), best))) {
      best = cursors.length;
    }
    return best;
  }

  private boolean isNearer(byte[] candidate, int length, int best) {
    int order =
        Arrays.compareUnsigned(
            candidate, 0, length, cursors[best].key(), 0, cursors[best].keyLength());
    return reverse ? order > 0 : order < 0;
  }

  private boolean isBeyondRange() {
    byte[] key = key();
    int length = keyLength();
    if (reverse) {
      return range.from() != null
          && Arrays.compareUnsigned(key, 0, length, range.from(), 0, range.from().length) < 0;
    }
    return range.to() != null
        && Arrays.compareUnsigned(key, 0, length, range.to(), 0, range.to().length) >= 0;
  }

  private boolean isVisible() {
    long sequence = 0;
    if (winner < cursors.length) {
      int record = cursors[winner].record();
      if (records(winner).isDelete(record)) {
        return false;
      }
      sequence = records(winner).sequence(record);
    }
    for (int i = 0; i <= Math.min(winner, generations.length - 1); i++) {
      if (generations[i].coveringCut(key(), 0, keyLength(), maxSequence) > sequence) {
        return false;
      }
    }
    return !rows.isExpired(expireTs());
  }

  private long expireTs() {
    return winner < cursors.length
        ? records(winner).expireTs(cursors[winner].record())
        : tree.expireTs();
  }

  private BufferRecords records(int index) {
    return generations[index].buffer().records();
  }

  byte[] key() {
    return winner < cursors.length ? cursors[winner].key() : tree.key();
  }

  int keyLength() {
    return winner < cursors.length ? cursors[winner].keyLength() : tree.keyLength();
  }

  /** Copies the value and times of the row out. */
  void readValue(ValueBuffer target) {
    if (winner < cursors.length) {
      rows.readRecord(generations[winner].buffer(), cursors[winner].record(), target);
    } else {
      rows.readScan(tree, root, target);
    }
  }

  /** Unpins pages; the cursor can be opened again. */
  @Override
  public void close() {
    treeLive = false;
    Arrays.fill(live, false);
    tree.close();
  }
}
