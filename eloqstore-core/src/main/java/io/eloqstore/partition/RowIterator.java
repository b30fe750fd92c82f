/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import java.util.Arrays;

/**
 * A snapshot iterator over rows: it sees the content of one operation sequence number.
 *
 * <p>It pins buffers and a root. When the worker needs the memory of those buffers it builds a root
 * of exactly that content, which nobody else knows and no manifest names, and the iterator goes on
 * there from its last key ({@link #reseat}). A move and a re-seat exclude each other by this
 * object's lock; the building of the root happens outside it.
 */
final class RowIterator implements AutoCloseable {
  private final PartitionContext context;
  private final Rows rows;
  private final KeyRange range;
  private final boolean reverse;
  private final long maxSequence;
  private MergedCursor cursor;
  private final ValueBuffer value = new ValueBuffer();
  private final Generation snapshotOwner;
  private Generation[] generations;
  private Root root;
  private byte[] key = new byte[64];
  private int keyLength;
  private boolean started;
  private boolean closed;
  private boolean reseated;
  // The worker builds a private root from the pinned versions; they are its until it is done.
  private boolean forking;
  private boolean closeOwed;
  // A walk that failed in the middle stands nowhere.
  private RuntimeException failure;

  /** Takes over the caller's hold on generations and root. */
  RowIterator(
      PartitionContext context,
      Rows rows,
      Generation[] generations,
      Root root,
      KeyRange range,
      boolean reverse,
      long maxSequence) {
    this.context = context;
    this.rows = rows;
    this.generations = generations;
    this.snapshotOwner = generations[0];
    this.root = root;
    this.range = range;
    this.reverse = reverse;
    this.maxSequence = maxSequence;
    this.cursor = opened(generations, root, range);
  }

  private MergedCursor opened(Generation[] sources, Root base, KeyRange part) {
    MergedCursor fresh = new MergedCursor(context.newReader());
    try {
      fresh.open(sources, base, part, reverse, maxSequence);
      return fresh;
    } catch (RuntimeException | Error e) {
      fresh.close();
      throw e;
    }
  }

  synchronized void checkOpen() {
    if (closed) {
      throw new StoreException(
          StoreErrorCode.CLOSED, "the iterator of partition " + context.id() + " is closed");
    }
  }

  synchronized boolean next() {
    checkOpen();
    if (failure != null) {
      throw new StoreException(
          StoreErrorCode.IO_FAILED,
          "the iterator of partition " + context.id() + " failed: " + failure.getMessage(),
          failure);
    }
    try {
      return move();
    } catch (RuntimeException e) {
      failure = e;
      throw e;
    }
  }

  private boolean move() {
    if (!cursor.next()) {
      return false;
    }
    started = true;
    keyLength = cursor.keyLength();
    if (key.length < keyLength) {
      key = new byte[Math.max(keyLength, key.length * 2)];
    }
    System.arraycopy(cursor.key(), 0, key, 0, keyLength);
    cursor.readValue(value);
    return true;
  }

  byte[] key() {
    return key;
  }

  int keyLength() {
    return keyLength;
  }

  ValueBuffer value() {
    return value;
  }

  /**
   * Moves to a private root if some of the buffers it pins have been flushed already, so that their
   * memory can be used again. Worker only.
   */
  void reseat(Flusher flusher, long flushedNumber) {
    Generation[] pinned;
    Root base;
    synchronized (this) {
      if (closed
          || generations.length == 0
          || generations[generations.length - 1].number() > flushedNumber) {
        return;
      }
      // The owner may close the iterator meanwhile: what is read here is kept, its versions too.
      pinned = generations;
      base = root;
      View.pin(pinned, base);
      closeOwed = false;
      forking = true;
    }
    try {
      Root own = null;
      try {
        own = flusher.fork(base, pinned, maxSequence);
      } finally {
        moveTo(own);
      }
    } finally {
      View.unpin(pinned, base);
    }
  }

  /** Whether it pins buffers that a re-seat would give back. */
  synchronized boolean pinsFlushed(long flushedNumber) {
    return !closed
        && generations.length > 0
        && generations[generations.length - 1].number() <= flushedNumber;
  }

  /** Ends a re-seat; {@code own} is {@code null} when there is no private root to move to. */
  private synchronized void moveTo(Root own) {
    forking = false;
    if (closeOwed) {
      snapshotOwner.buffer().closeSnapshot(maxSequence);
    }
    if (own == null) {
      return;
    }
    if (closed) {
      own.release();
      return;
    }
    MergedCursor fresh;
    try {
      fresh = opened(View.NONE, own, rest());
    } catch (RuntimeException | Error e) {
      own.release();
      throw e;
    }
    cursor.close();
    releasePins();
    generations = View.NONE;
    root = own;
    cursor = fresh;
    reseated = true;
  }

  /** Whether it moved to a private root. */
  synchronized boolean isReseated() {
    return reseated;
  }

  /** What is left of the range behind the last key. */
  private KeyRange rest() {
    if (!started) {
      return range;
    }
    if (reverse) {
      return new KeyRange(range.from(), Arrays.copyOf(key, keyLength));
    }
    // The key and one zero byte: the smallest key above it. The array holds older bytes behind it.
    byte[] from = Arrays.copyOf(key, keyLength + 1);
    from[keyLength] = 0;
    return new KeyRange(from, range.to());
  }

  private void releasePins() {
    if (generations.length > 0) {
      if (forking) {
        closeOwed = true;
      } else {
        snapshotOwner.buffer().closeSnapshot(maxSequence);
      }
    }
    View.unpin(generations, root);
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      cursor.close();
      releasePins();
    }
    rows.forget(this);
  }
}
