/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;

/**
 * What the worker does for the rows of a partition, a bounded piece at each call: flush the oldest
 * frozen generation, merge a range of the change segments, sweep what was cut off, move iterators
 * off the buffers, and what {@link Maintenance} does.
 *
 * <p>Worker only, but for {@link #isWorking}. Only it replaces the working root.
 */
final class BackgroundWork implements AutoCloseable {
  /** Cut-off subtrees above which a sweep does not wait for the flushes before it. */
  private static final int PENDING_CUTS_MAX = 256;

  private final PartitionContext context;
  private final Rows rows;
  private final OpenIterators iterators;
  private final WriteMemory memory;
  private final Flusher flusher;
  private final SegmentPolicy segments;
  private final Maintenance maintenance;
  private volatile boolean working;

  BackgroundWork(PartitionContext context, Rows rows, OpenIterators iterators, WriteMemory memory) {
    this.context = context;
    this.rows = rows;
    this.iterators = iterators;
    this.memory = memory;
    this.flusher = new Flusher(context);
    this.segments = new SegmentPolicy(context);
    this.maintenance = new Maintenance(context, rows, flusher);
  }

  /** Whether it is in the middle of a piece; any thread. */
  boolean isWorking() {
    return working;
  }

  SegmentPolicy segments() {
    return segments;
  }

  /** What is done when no flush waits. */
  Maintenance maintenance() {
    return maintenance;
  }

  /** One piece. Failures poison the partition. */
  void run() {
    working = true;
    long freed = context.budget().freedCount();
    try {
      step();
      if (isMoreToDo()) {
        context.background().request(rows);
      }
      context.deleteUnreferencedFiles();
      memory.found();
    } catch (RuntimeException | Error e) {
      if (memory.isWorthAnotherAttempt(e, freed)) {
        context.background().request(rows);
        return;
      }
      rows.poison(
          e instanceof StoreException known
              ? known
              : new StoreException(
                  StoreErrorCode.IO_FAILED,
                  "background work of partition " + context.id() + " failed: " + e,
                  e));
    } finally {
      working = false;
    }
  }

  private void step() {
    Generation oldest = rows.view().oldestFrozen();
    Root root = rows.view().root();
    if (segments.mustMergeFirst(root) || oldest == null && wantsMerge(root)) {
      mergeSegments(root);
    } else if (oldest != null && !maintenance.comesFirst()) {
      flush(root, oldest);
    }
    boolean isIdle = rows.view().oldestFrozen() == null;
    int pending = rows.view().root().pendingCuts().length;
    if (pending > PENDING_CUTS_MAX || pending > 0 && isIdle) {
      sweep(rows.view().root());
    }
    maintenance.step(isIdle);
    if (context.isWriteMemoryShort()) {
      iterators.reseat(flusher, rows.flushedNumber());
    }
  }

  /** A sweep of the filter looks at the tree: what it is to see has to be there. */
  private boolean wantsMerge(Root root) {
    return segments.wantsMerge(root)
        || root.segments().length > 0 && context.filtering().wantsStep();
  }

  private boolean isMoreToDo() {
    View now = rows.view();
    return now.oldestFrozen() != null
        || now.root().pendingCuts().length > 0
        || segments.wantsMerge(now.root())
        || maintenance.wantsStep();
  }

  private void sweep(Root base) {
    replace(base, flusher.sweep(base));
  }

  private void flush(Root base, Generation oldest) {
    Root next =
        segments.spills(base, oldest) ? flusher.spill(base, oldest) : flusher.flush(base, oldest);
    rows.replaceRoot(base, next, true);
    flusher.rootStands();
    rows.flushed(oldest.number(), next);
    base.release();
    oldest.release();
    context.adjustLimits();
  }

  private void mergeSegments(Root base) {
    replace(base, flusher.mergeSegments(base, segments.nextMerge(base)));
    rows.wakeWaiting();
    context.adjustLimits();
  }

  private void replace(Root base, Root next) {
    rows.replaceRoot(base, next, false);
    flusher.rootStands();
    base.release();
  }

  @Override
  public void close() {
    maintenance.close();
    flusher.close();
  }
}
