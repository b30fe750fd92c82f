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
 * change segments, and these over the tree.
 *
 * <p>The caller pins the view's generations and root for as long as it walks. One thread; used
 * again for the next walk.
 *
 * <p>Sources are numbered from the newest: buffers, runs of segments, the tree. Invariant: every
 * source stands on its first row that was not given out yet; a source is at its end when its entry
 * of {@code live} is false.
 */
final class MergedCursor implements AutoCloseable {
  private final RowReader rows;
  private final TreeScan tree;
  private BufferCursor[] buffers = new BufferCursor[0];
  // At least as many as the root has runs of segments.
  private RunCursor[] runs = new RunCursor[0];
  private boolean[] live = new boolean[1];
  private Generation[] generations = View.NONE;
  private int bufferCount;
  private int treeIndex;
  private KeyRange range;
  private boolean reverse;
  private long maxSequence;
  private Root root;
  // Index of the source of the row given out last; -1 before.
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
    SegmentRun[] changes = root.runs();
    bufferCount = generations.length;
    treeIndex = bufferCount + changes.length;
    if (live.length <= treeIndex) {
      live = new boolean[treeIndex + 1];
    }
    for (int i = 0; i < bufferCount; i++) {
      buffers[i].setMaxSequence(maxSequence);
      live[i] = seekBuffer(buffers[i]);
    }
    for (int i = 0; i < changes.length; i++) {
      RunCursor cursor = run(i);
      cursor.open(changes[i]);
      live[bufferCount + i] = seekRun(cursor);
    }
    tree.open(root.treePage(), root.pages());
    live[treeIndex] = seekTree();
  }

  /** A walk over the generations of the last one goes on with their cursors. */
  private void reuseCursors(Generation[] next) {
    if (next == generations) {
      return;
    }
    BufferCursor[] before = buffers;
    buffers = new BufferCursor[next.length];
    for (int i = 0; i < next.length; i++) {
      buffers[i] =
          i < before.length && next[i] == generations[i] ? before[i] : next[i].buffer().cursor();
    }
  }

  private RunCursor run(int index) {
    if (index >= runs.length) {
      runs = Arrays.copyOf(runs, index + 1);
      runs[index] = rows.newRunCursor();
    }
    return runs[index];
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

  private boolean seekRun(RunCursor cursor) {
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
    byte[] key = key();
    int length = keyLength();
    for (int i = winner + 1; i <= treeIndex; i++) {
      if (live[i] && Arrays.equals(key, 0, length, keyOf(i), 0, keyLengthOf(i))) {
        live[i] = step(i);
      }
    }
    live[winner] = step(winner);
  }

  private boolean step(int index) {
    if (index < bufferCount) {
      return reverse ? buffers[index].previous() : buffers[index].next();
    }
    if (index < treeIndex) {
      RunCursor cursor = runs[index - bufferCount];
      return reverse ? cursor.previous() : cursor.next();
    }
    return reverse ? tree.previous() : tree.next();
  }

  private byte[] keyOf(int index) {
    if (index < bufferCount) {
      return buffers[index].key();
    }
    return index < treeIndex ? runs[index - bufferCount].key() : tree.key();
  }

  private int keyLengthOf(int index) {
    if (index < bufferCount) {
      return buffers[index].keyLength();
    }
    return index < treeIndex ? runs[index - bufferCount].keyLength() : tree.keyLength();
  }

  /** The newest source among those that stand on the nearest key, or -1. */
  private int nearest() {
    int best = -1;
    for (int i = 0; i <= treeIndex; i++) {
      if (live[i] && (best < 0 || isNearer(i, best))) {
        best = i;
      }
    }
    return best;
  }

  private boolean isNearer(int candidate, int best) {
    int order =
        Arrays.compareUnsigned(
            keyOf(candidate), 0, keyLengthOf(candidate), keyOf(best), 0, keyLengthOf(best));
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
    if (winner < bufferCount) {
      int record = buffers[winner].record();
      if (records(winner).isDelete(record)) {
        return false;
      }
      sequence = records(winner).sequence(record);
    } else if (winner < treeIndex && runs[winner - bufferCount].change().isDelete()) {
      return false;
    }
    for (int i = 0; i <= Math.min(winner, bufferCount - 1); i++) {
      if (generations[i].coveringCut(key(), 0, keyLength(), maxSequence) > sequence) {
        return false;
      }
    }
    return !rows.isExpired(expireTs());
  }

  private long expireTs() {
    if (winner < bufferCount) {
      return records(winner).expireTs(buffers[winner].record());
    }
    return winner < treeIndex ? runs[winner - bufferCount].change().expireTs() : tree.expireTs();
  }

  private BufferRecords records(int index) {
    return generations[index].buffer().records();
  }

  byte[] key() {
    return keyOf(winner);
  }

  int keyLength() {
    return keyLengthOf(winner);
  }

  /** Copies the value and times of the row out. */
  void readValue(ValueBuffer target) {
    if (winner < bufferCount) {
      rows.readRecord(generations[winner].buffer(), buffers[winner].record(), target);
    } else if (winner < treeIndex) {
      rows.readChange(runs[winner - bufferCount].change(), root, target);
    } else {
      rows.readScan(tree, root, target);
    }
  }

  /** Unpins pages; the cursor can be opened again. */
  @Override
  public void close() {
    Arrays.fill(live, false);
    for (RunCursor cursor : runs) {
      cursor.close();
    }
    tree.close();
  }
}
