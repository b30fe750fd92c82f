/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.pagestore.PageSource;

/**
 * The live changes of one run of segments in key order, both ways. However many segments the run
 * has, it pins pages of one.
 *
 * <p>One thread; used again for the next run. The caller keeps the root that holds the segments.
 */
final class RunCursor implements AutoCloseable {
  private final SegmentCursor cursor;
  private SegmentRun run;
  private int index;

  RunCursor(PageSource source) {
    this.cursor = new SegmentCursor(source);
  }

  /** Takes a run; stands nowhere until it is positioned. */
  void open(SegmentRun next) {
    cursor.close();
    run = next;
  }

  boolean first() {
    return forwardFrom(0);
  }

  boolean last() {
    return backwardFrom(run.count() - 1);
  }

  boolean seek(byte[] key, int offset, int length) {
    int at = Math.max(0, run.lastBeginningAtOrBefore(key, offset, length));
    openPiece(at);
    return cursor.seek(key, offset, length) || forwardFrom(at + 1);
  }

  boolean seekFloor(byte[] key, int offset, int length, boolean inclusive) {
    int at = run.lastBeginningAtOrBefore(key, offset, length);
    if (at < 0) {
      return false;
    }
    openPiece(at);
    return cursor.seekFloor(key, offset, length, inclusive) || backwardFrom(at - 1);
  }

  boolean next() {
    return cursor.next() || forwardFrom(index + 1);
  }

  boolean previous() {
    return cursor.previous() || backwardFrom(index - 1);
  }

  private boolean forwardFrom(int start) {
    for (int i = start; i < run.count(); i++) {
      openPiece(i);
      if (cursor.first()) {
        return true;
      }
    }
    return false;
  }

  private boolean backwardFrom(int start) {
    for (int i = start; i >= 0; i--) {
      openPiece(i);
      if (cursor.last()) {
        return true;
      }
    }
    return false;
  }

  private void openPiece(int piece) {
    index = piece;
    cursor.open(run.piece(piece));
  }

  byte[] key() {
    return cursor.key();
  }

  int keyLength() {
    return cursor.keyLength();
  }

  /** The change it stands on. */
  SegmentCursor change() {
    return cursor;
  }

  @Override
  public void close() {
    cursor.close();
  }
}
