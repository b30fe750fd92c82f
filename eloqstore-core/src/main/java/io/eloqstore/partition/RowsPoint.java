/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;

/** A root to come: that of everything frozen up to a moment. Owner makes it, worker resolves it. */
final class RowsPoint {
  private final Rows rows;
  private final long sequence;
  private final long generation;
  private Root root;
  private StoreException failure;
  private boolean closed;

  /**
   * @param sequence last operation that is part of it
   * @param generation number of the newest generation that is part of it
   */
  RowsPoint(Rows rows, long sequence, long generation) {
    this.rows = rows;
    this.sequence = sequence;
    this.generation = generation;
  }

  long sequence() {
    return sequence;
  }

  long generation() {
    return generation;
  }

  /** Takes over the caller's hold on the root. */
  synchronized void resolve(Root resolved) {
    if (closed) {
      resolved.release();
      return;
    }
    root = resolved;
    notifyAll();
  }

  synchronized void fail(StoreException cause) {
    failure = cause;
    notifyAll();
  }

  /** Waits for the worker; the caller gets a hold of its own, for the point may be closed. */
  synchronized Root await() {
    try {
      while (root == null && failure == null && !closed) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException(
          StoreErrorCode.BUSY, "interrupted while waiting for the flush before a commit", e);
    }
    if (closed) {
      throw new StoreException(StoreErrorCode.CLOSED, "the freeze point was closed");
    }
    if (root == null) {
      throw new StoreException(failure.code(), failure.getMessage(), failure);
    }
    if (!root.retain()) {
      throw new IllegalStateException("the root of a freeze point was let go before the point");
    }
    return root;
  }

  void close() {
    Root held;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      held = root;
      root = null;
      notifyAll();
    }
    if (held != null) {
      held.release();
    }
    rows.drop(this);
  }
}
