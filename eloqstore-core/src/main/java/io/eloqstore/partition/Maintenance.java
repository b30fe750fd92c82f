/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Decides which piece of background work is next once the flushes had their turn, and does it:
 * expired rows, the guest's filter, compaction, archives by the clock.
 *
 * <p>Worker only, but for what says otherwise. Each call does a bounded piece.
 */
final class Maintenance implements AutoCloseable {
  /** A wait for the worker looks so often whether the partition was closed or poisoned. */
  private static final long WAIT_MS = 20;

  private final PartitionContext context;
  private final Rows rows;
  private final Flusher flusher;
  private final Compaction compaction;
  private long flushedBytes;
  // Null until the partition is open, and in one that is only looked at.
  private volatile Committer committer;

  Maintenance(PartitionContext context, Rows rows, Flusher flusher) {
    this.context = context;
    this.rows = rows;
    this.flusher = flusher;
    this.compaction = new Compaction(context);
  }

  /** Whether there is something to do now. Any thread. */
  boolean wantsStep() {
    return context.filtering().wantsStep()
        || compaction.wantsStep()
        || isDue(context.clock().nowMs());
  }

  /** Whose commits are archived, and published from new places. Once, before the worker comes. */
  void workFor(Committer ownCommitter) {
    committer = ownCommitter;
    ownCommitter.onCommit(
        () -> {
          if (wantsPublication()) {
            context.background().request(rows);
          }
        });
  }

  /** Whether the entries of the last commit lie elsewhere by now. Any thread. */
  boolean wantsPublication() {
    Root root = rows.view().root();
    return committer != null && root.pendingCuts().length == 0 && committer.isRearranged(root);
  }

  /** Whether a flush should wait for the next step: the files take too much space. */
  boolean comesFirst() {
    return compaction.comesFirst();
  }

  /** Whether time has made work. Any thread. */
  boolean isDue(long nowMs) {
    return context.expiry().isDue(nowMs) || isArchiveDue(nowMs);
  }

  private boolean isArchiveDue(long nowMs) {
    return committer != null && committer.isArchiveDue(nowMs);
  }

  /**
   * Does some of what is to be done.
   *
   * @param idle whether no flush waits
   */
  void step(boolean idle) {
    long now = context.clock().nowMs();
    if (context.expiry().isDue(now)) {
      cleanStep(rows.view().root(), now);
    }
    if (isArchiveDue(now)) {
      committer.archiveIfDue(now);
    }
    if (idle && context.filtering().wantsStep() && rows.view().root().segments().length == 0) {
      filterStep(rows.view().root());
    }
    compaction.flushed(flusher.bytesWritten() - flushedBytes);
    flushedBytes = flusher.bytesWritten();
    if (compaction.wantsStep() && (idle || compaction.isUrgent())) {
      compactStep(rows.view().root());
    }
    compaction.look(rows.view().root());
    if (idle && !compaction.wantsStep() && wantsPublication()) {
      committer.publishRearranged(rows.view().root());
    }
    synchronized (this) {
      notifyAll();
    }
  }

  private void compactStep(Root base) {
    Root moved = compaction.step(base);
    if (moved != null) {
      rows.replaceRoot(base, moved, false);
      base.release();
    }
  }

  /** A root of the flusher with less in it is the working root now. */
  private void replaceRoot(Root base, Root next) {
    rows.replaceRoot(base, next, false);
    flusher.rootStands();
    base.release();
  }

  private void cleanStep(Root base, long now) {
    ExpiryCleaning.Due due = context.expiry().step(context.source(), base, now);
    if (!due.entries().isEmpty()) {
      replaceRoot(base, flusher.expire(base, due));
    }
    context.expiry().stepDone();
  }

  private void filterStep(Root base) {
    List<byte[]> drops = context.filtering().step(context.source(), base);
    if (!drops.isEmpty()) {
      replaceRoot(base, flusher.drop(base, drops));
    }
    context.filtering().stepDone();
  }

  /** Takes everything out that has expired now, buffered rows too. Owner only. */
  void cleanExpired() {
    long now = context.clock().nowMs();
    awaitFlushed();
    await(() -> !context.expiry().isDue(now));
  }

  /** Moves what is live out of every sparse file. Owner only. */
  void compact() {
    awaitFlushed();
    compaction.ask();
    await(() -> !compaction.isAsked());
    StoreException failure = compaction.failure();
    if (failure != null) {
      throw new StoreException(failure.code(), failure.getMessage(), failure);
    }
  }

  /** What it has moved, for tests. */
  Compaction compaction() {
    return compaction;
  }

  private void awaitFlushed() {
    RowsPoint point = rows.freeze();
    try {
      point.await().release();
    } finally {
      point.close();
    }
  }

  /** Waits until steps of the worker have made something true. Owner only. */
  private void await(BooleanSupplier done) {
    while (!done.getAsBoolean()) {
      // Closed or poisoned: the worker does nothing more.
      rows.enter();
      rows.leave();
      context.background().request(rows);
      synchronized (this) {
        if (done.getAsBoolean()) {
          return;
        }
        try {
          wait(WAIT_MS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new StoreException(
              StoreErrorCode.BUSY,
              "interrupted while waiting for the background work of partition " + context.id(),
              e);
        }
      }
    }
  }

  @Override
  public void close() {
    compaction.close();
  }
}
