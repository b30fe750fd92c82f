/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.buffer.WriteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One write buffer with what belongs to it: its range deletes and the pages of its large values.
 *
 * <p>Written by the owner until it is frozen. Its memory goes back when the view that names it and
 * every iterator that pins it have let go; an optimistic reader that comes later validates its
 * view.
 */
final class Generation {
  private static final Cut[] NO_CUTS = {};

  /** Range deletes that one buffer takes: every read of it looks at all of them. */
  private static final int CUTS_MAX = 64;

  private final PartitionContext context;
  private final WriteBuffer buffer;
  private final long number;
  // Replaced as a whole, so that readers on other threads see complete arrays.
  private volatile Cut[] cuts = NO_CUTS;
  private final List<WrittenRun> largeRuns = new ArrayList<>();
  // Bytes that the shard knows of; the owner's until it is frozen.
  private long countedBytes;
  private int holders = 1;

  Generation(PartitionContext context, long number) {
    this.context = context;
    this.buffer = new WriteBuffer(context.budget(), context.hasGuestIterators());
    this.number = number;
  }

  WriteBuffer buffer() {
    return buffer;
  }

  /** Grows by one with each freeze; generations are flushed in this order. */
  long number() {
    return number;
  }

  /** Whether it has grown to its share of the memory; no lock. Owner only. */
  boolean isFull() {
    long bytes = buffer.bytes();
    if (bytes != countedBytes) {
      context.bufferGrew(bytes - countedBytes);
      countedBytes = bytes;
    }
    return bytes >= context.bufferBytesMax();
  }

  /** Whether reads look through many cuts. */
  boolean hasManyCuts() {
    return cuts.length >= CUTS_MAX;
  }

  /** Takes no more writes. Owner only. */
  void freeze() {
    buffer.freeze();
    uncount();
  }

  private void uncount() {
    context.bufferGrew(-countedBytes);
    countedBytes = 0;
  }

  boolean isEmpty() {
    return buffer.isEmpty() && cuts.length == 0;
  }

  void addCut(Cut cut) {
    Cut[] more = Arrays.copyOf(cuts, cuts.length + 1);
    more[cuts.length] = cut;
    cuts = more;
  }

  boolean hasCuts() {
    return cuts.length != 0;
  }

  /** Range deletes in the order they were made. */
  Cut[] cuts() {
    return cuts;
  }

  /**
   * Sequence of the newest cut that covers the key and is not newer than a snapshot; 0 when none.
   */
  long coveringCut(byte[] key, int offset, int length, long maxSequence) {
    Cut[] present = cuts;
    for (int i = present.length - 1; i >= 0; i--) {
      Cut cut = present[i];
      if (cut.sequence() <= maxSequence && cut.range().contains(key, offset, length)) {
        return cut.sequence();
      }
    }
    return 0;
  }

  /** Whether the buffer has a record of the key that a range delete of this buffer hides. */
  boolean isHidden(byte[] key, int offset, int length) {
    int record = buffer.find(key, offset, length);
    return record != 0
        && coveringCut(key, offset, length, Long.MAX_VALUE) > buffer.records().sequence(record);
  }

  /**
   * Owner only: remembers pages written for a large value of this buffer, and keeps them.
   *
   * @param sequence of the operation that wrote them
   */
  synchronized void addLargeRun(LargeRun run, long sequence) {
    largeRuns.add(new WrittenRun(run, sequence));
    context.hold(run);
  }

  /**
   * Pages of large values whose records are, or were, in this buffer.
   *
   * @param maxSequence newest operation to look at; later ones may have used page ids again that an
   *     older root still maps
   */
  synchronized List<LargeRun> largeRuns(long maxSequence) {
    List<LargeRun> runs = new ArrayList<>();
    for (WrittenRun written : largeRuns) {
      if (written.sequence <= maxSequence) {
        runs.add(written.run);
      }
    }
    return runs;
  }

  /**
   * Keeps the memory.
   *
   * @return whether it was still there to be kept
   */
  synchronized boolean retain() {
    if (holders == 0) {
      return false;
    }
    holders++;
    return true;
  }

  void release() {
    synchronized (this) {
      if (--holders != 0) {
        return;
      }
    }
    uncount();
    for (WrittenRun written : largeRuns) {
      context.drop(written.run);
    }
    buffer.release();
  }

  private record WrittenRun(LargeRun run, long sequence) {}
}
