/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.metrics;

import io.eloqstore.api.Durations;
import io.eloqstore.api.WrittenBytes;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What the partitions of a shard have done together, apart from reads that are answered from
 * memory. One for each shard; any thread. Everything counted here goes with I/O or a commit, so
 * atomic operations are cheap beside it.
 */
public final class EngineCounters {
  private final AtomicLong pagesRead = new AtomicLong();
  private final AtomicLongArray written = new AtomicLongArray(WriteCause.values().length);
  private final DurationRecorder freeze = new DurationRecorder();
  private final DurationRecorder flush = new DurationRecorder();
  private final DurationRecorder commit = new DurationRecorder();
  private final DurationRecorder fetch = new DurationRecorder();

  public void wrote(WriteCause cause, long bytes) {
    written.getAndAdd(cause.ordinal(), bytes);
  }

  /** A page was read from its file and is sound. */
  public void readPage() {
    pagesRead.getAndIncrement();
  }

  public long pagesRead() {
    return pagesRead.get();
  }

  public DurationRecorder freeze() {
    return freeze;
  }

  public DurationRecorder flush() {
    return flush;
  }

  public DurationRecorder commit() {
    return commit;
  }

  public DurationRecorder fetch() {
    return fetch;
  }

  public WrittenBytes written() {
    return new WrittenBytes(
        of(WriteCause.FLUSH),
        of(WriteCause.SEGMENT),
        of(WriteCause.SEGMENT_MERGE),
        of(WriteCause.SWEEP),
        of(WriteCause.COMPACTION),
        of(WriteCause.LARGE_VALUE),
        of(WriteCause.ITERATOR),
        of(WriteCause.CLIP),
        of(WriteCause.MANIFEST),
        of(WriteCause.IMAGE));
  }

  private long of(WriteCause cause) {
    return written.get(cause.ordinal());
  }

  public Durations durations() {
    return new Durations(
        freeze.histogram(), flush.histogram(), commit.histogram(), fetch.histogram());
  }
}
