/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import java.util.ArrayList;
import java.util.List;

/** The iterators of a partition that are open. Any thread; holds its lock for list work only. */
final class OpenIterators {
  private final List<RowIterator> open = new ArrayList<>();
  private boolean ended;

  /** Whether it was taken in; not so when the partition was closed meanwhile. */
  synchronized boolean add(RowIterator iterator) {
    return !ended && open.add(iterator);
  }

  synchronized void remove(RowIterator iterator) {
    open.remove(iterator);
  }

  synchronized List<RowIterator> all() {
    return List.copyOf(open);
  }

  /** Moves those that alone hold flushed buffers to roots of their own. Worker only. */
  void reseat(Flusher flusher, long flushedNumber) {
    for (RowIterator iterator : all()) {
      iterator.reseat(flusher, flushedNumber);
    }
  }

  /** Whether a re-seat would give buffers back. */
  boolean pinFlushed(long flushedNumber) {
    return all().stream().anyMatch(iterator -> iterator.pinsFlushed(flushedNumber));
  }

  /** Takes no more and closes those that are open. */
  void close() {
    synchronized (this) {
      ended = true;
    }
    all().forEach(RowIterator::close);
  }
}
