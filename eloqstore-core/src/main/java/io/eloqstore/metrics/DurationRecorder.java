/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.metrics;

import io.eloqstore.api.DurationHistogram;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** Sorts durations into buckets. Any thread; allocates nothing. */
public final class DurationRecorder {
  private final AtomicLongArray counts = new AtomicLongArray(DurationHistogram.BUCKETS);
  private final AtomicLong totalNs = new AtomicLong();
  private final AtomicLong maxNs = new AtomicLong();

  /**
   * Counts one deed that ends now.
   *
   * @param startNs {@link System#nanoTime} when it began
   */
  public void since(long startNs) {
    record(System.nanoTime() - startNs);
  }

  void record(long ns) {
    counts.getAndIncrement(DurationHistogram.bucketOf(ns));
    totalNs.getAndAdd(ns);
    for (long seen = maxNs.get(); ns > seen; seen = maxNs.get()) {
      if (maxNs.compareAndSet(seen, ns)) {
        return;
      }
    }
  }

  public DurationHistogram histogram() {
    long[] copy = new long[DurationHistogram.BUCKETS];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = counts.get(i);
    }
    return new DurationHistogram(copy, totalNs.get(), maxNs.get());
  }
}
