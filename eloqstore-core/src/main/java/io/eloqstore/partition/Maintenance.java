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
 * expired rows, the guest's filter.
 *
 * <p>Worker only, but for what says otherwise. Each call does a bounded piece.
 */
final class Maintenance {
  /** A wait for the worker looks so often whether the partition was closed or poisoned. */
  private static final long WAIT_MS = 20;

  private final PartitionContext context;
  private final Rows rows;
  private final Flusher flusher;

  Maintenance(PartitionContext context, Rows rows, Flusher flusher) {
    this.context = context;
    this.rows = rows;
    this.flusher = flusher;
  }

  /** Whether there is something to do now. Any thread. */
  boolean wantsStep() {
    return context.filtering().wantsStep() || isDue(context.clock().nowMs());
  }

  /** Whether time has made work. Any thread. */
  boolean isDue(long nowMs) {
    return context.expiry().isDue(nowMs);
  }

  /**
   * Does some of what is to be done.
   *
   * @param idle whether no flush waits
   */
  void step(boolean idle) {
    if (isDue(context.clock().nowMs())) {
      cleanStep(rows.view().root());
    }
    if (idle && context.filtering().wantsStep()) {
      filterStep(rows.view().root());
    }
    synchronized (this) {
      notifyAll();
    }
  }

  private void cleanStep(Root base) {
    ExpiryCleaning.Due due = context.expiry().step(context.source(), base, context.clock().nowMs());
    if (!due.entries().isEmpty()) {
      rows.replaceMaintained(base, flusher.expire(base, due));
    }
    context.expiry().stepDone();
  }

  private void filterStep(Root base) {
    List<byte[]> drops = context.filtering().step(context.source(), base);
    if (!drops.isEmpty()) {
      rows.replaceMaintained(base, flusher.drop(base, drops));
    }
    context.filtering().stepDone();
  }

  /** Takes everything out that has expired now, buffered rows too. Owner only. */
  void cleanExpired() {
    long now = context.clock().nowMs();
    RowsPoint point = rows.freeze();
    try {
      point.await().release();
    } finally {
      point.close();
    }
    await(() -> !context.expiry().isDue(now));
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
}
