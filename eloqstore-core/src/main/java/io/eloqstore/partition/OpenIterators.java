/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import java.util.ArrayList;
import java.util.List;

/**
 * The iterators of a partition, from the moment one is being opened.
 *
 * <p>Any thread. An iterator is fixed to its sequence under {@link #gate()}; a change that is more
 * than one write of one row is made under it too, so no iterator sees half of it: opening one may
 * have to wait for such a change, which is a range delete or one of long keys.
 */
final class OpenIterators {
  private final Object gate = new Object();
  private final List<RowIterator> open = new ArrayList<>();
  private int opening;
  private boolean ended;

  /** Held while an iterator is fixed, and by the owner while a change is in the middle. */
  Object gate() {
    return gate;
  }

  /**
   * Opens an iterator that sees what is written now and nothing later.
   *
   * @throws io.eloqstore.api.StoreException {@code CLOSED}, also when the partition is closed
   *     meanwhile
   */
  RowIterator open(PartitionContext context, Rows rows, KeyRange range, boolean reverse) {
    begin(rows);
    try {
      View pinned;
      long newest;
      synchronized (gate) {
        pinned = rows.pinView();
        newest = pinned.active().buffer().openSnapshot(rows.sequence());
      }
      Generation[] generations = pinned.all();
      RowIterator iterator;
      try {
        iterator =
            new RowIterator(context, rows, generations, pinned.root(), range, reverse, newest);
      } catch (RuntimeException | Error e) {
        pinned.active().buffer().closeSnapshot(newest);
        View.unpin(generations, pinned.root());
        throw e;
      }
      synchronized (this) {
        open.add(iterator);
        context.pins().add(iterator);
      }
      return iterator;
    } finally {
      end();
    }
  }

  private synchronized void begin(Rows rows) {
    if (ended) {
      throw rows.closedBefore("call");
    }
    opening++;
  }

  private synchronized void end() {
    opening--;
    notifyAll();
  }

  synchronized void remove(RowIterator iterator) {
    open.remove(iterator);
  }

  private synchronized List<RowIterator> all() {
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

  /** Takes no more, waits for those that are being opened and closes all. */
  void close() {
    boolean interrupted = false;
    synchronized (this) {
      ended = true;
      while (opening > 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          // An opening reads a few pages and ends by itself; the caller keeps its interrupt.
          interrupted = true;
        }
      }
    }
    all().forEach(RowIterator::close);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
