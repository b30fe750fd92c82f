/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

/**
 * Everything a read looks at, newest first: the active buffer, the frozen ones, the working root.
 * Immutable; owner (freeze) and worker (flush done) replace it by compare-and-set, and every read
 * takes one.
 *
 * @param active the buffer the owner writes
 * @param frozen buffers that wait for their flush, newest first
 * @param root the working root: the disk may not know it yet
 * @param all active and frozen buffers, newest first
 */
record View(Generation active, Generation[] frozen, Root root, Generation[] all) {
  static final Generation[] NONE = {};

  /** Joins the buffers once, so that no read has to; nobody changes the arrays. */
  View(Generation active, Generation[] frozen, Root root) {
    this(active, frozen, root, join(active, frozen));
  }

  private static Generation[] join(Generation active, Generation[] frozen) {
    Generation[] all = new Generation[frozen.length + 1];
    all[0] = active;
    System.arraycopy(frozen, 0, all, 1, frozen.length);
    return all;
  }

  /** The active buffer becomes the newest frozen one. */
  View freeze(Generation next) {
    return new View(next, all, root);
  }

  /** The oldest frozen buffer, or {@code null}. */
  Generation oldestFrozen() {
    return frozen.length == 0 ? null : frozen[frozen.length - 1];
  }

  /** The oldest frozen buffer is in the tree now. */
  View flushed(Root next) {
    Generation[] fewer = new Generation[frozen.length - 1];
    System.arraycopy(frozen, 0, fewer, 0, fewer.length);
    return new View(active, fewer, next);
  }

  View withRoot(Root next) {
    return new View(active, frozen, next);
  }

  /**
   * Retains every part.
   *
   * @return whether all were still there; else nothing is kept, and the view is an old one
   */
  boolean tryPin() {
    if (!root.retain()) {
      return false;
    }
    int kept = 0;
    while (kept < all.length && all[kept].retain()) {
      kept++;
    }
    if (kept == all.length) {
      return true;
    }
    for (int i = 0; i < kept; i++) {
      all[i].release();
    }
    root.release();
    return false;
  }

  /** Keeps once more what is kept already. */
  static void pin(Generation[] generations, Root root) {
    boolean kept = root.retain();
    for (Generation generation : generations) {
      kept &= generation.retain();
    }
    if (!kept) {
      throw new IllegalStateException("what an open iterator pins was let go");
    }
  }

  static void unpin(Generation[] generations, Root root) {
    for (Generation generation : generations) {
      generation.release();
    }
    root.release();
  }
}
