/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryUse;
import java.util.function.BooleanSupplier;

/** How a writer and the worker wait for memory when the budget is exhausted. */
final class WriteMemory {
  private static final long WAIT_MS = 20;

  /** Background work that finds no memory so often in a row fails. */
  private static final int ATTEMPTS_MAX = 100;

  /**
   * So often a write waits for what is being flushed before it has anything frozen; also how often
   * it may be woken by other memory while it waits.
   */
  private static final int PATIENCE = 100;

  private final PartitionContext context;
  // The owner's.
  private long hopelessAt = -1;
  // The worker's.
  private int attempts;

  WriteMemory(PartitionContext context) {
    this.context = context;
  }

  /**
   * Waits for the flushes that are under way, for a while: to freeze more would give back no more,
   * and of many small buffers make many small flushes. Owner only.
   *
   * @param seen as in {@link #await}
   * @param waits how often this write has waited before
   * @return whether there is room for a block now
   * @throws StoreException {@link StoreErrorCode#BUSY} when the thread is interrupted
   */
  boolean cameBack(long seen, int waits) {
    long known = seen;
    for (int i = 0; i < PATIENCE && waits < PATIENCE && context.background().hasWork(); i++) {
      if (!awaitFreed(known)) {
        return false;
      }
      if (context.hasWriteMemory()) {
        return true;
      }
      known = context.budget().freedCount();
    }
    return false;
  }

  /**
   * Asks everybody on the shard to give memory back and waits until somebody does, for a while.
   * Owner only.
   *
   * @param asking the writer's partition, whose full buffer is frozen already
   * @param willGiveBack whether that partition itself has memory that will come back
   * @param seen count of freed blocks, read before an attempt that failed and found no more after
   *     it
   * @throws StoreException {@link StoreErrorCode#OUT_OF_MEMORY} when nothing will come back, {@link
   *     StoreErrorCode#BUSY} when the thread is interrupted
   */
  void await(Background.Step asking, BooleanSupplier willGiveBack, long seen) {
    boolean hopeless = !context.background().relieve(asking) && !willGiveBack.getAsBoolean();
    if (hopeless && seen != hopelessAt) {
      // Memory may have come back just before it was counted: one more attempt tells.
      hopelessAt = seen;
      return;
    }
    if (hopeless) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          "the write buffers of the shard have no room for one record of partition "
              + context.id()
              + ": limit "
              + context.budget().limit(MemoryUse.WRITE_BUFFER)
              + " bytes, in use "
              + context.budget().used(MemoryUse.WRITE_BUFFER)
              + ", none of which a flush gives back");
    }
    context.background().request(asking);
    awaitFreed(seen);
  }

  private boolean awaitFreed(long seen) {
    try {
      return context.budget().awaitFreed(seen, WAIT_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException(
          StoreErrorCode.BUSY,
          "interrupted while waiting for write-buffer memory of partition " + context.id(),
          e);
    }
  }

  /** Background work had what it needed. Worker only. */
  void found() {
    attempts = 0;
  }

  /**
   * Whether background work failed for lack of memory only: then nothing was changed, and this
   * waits a while for memory. Worker only.
   *
   * @param seen count of freed blocks, read before the attempt
   */
  boolean isWorthAnotherAttempt(Throwable failure, long seen) {
    if (!(failure instanceof StoreException known)
        || known.code() != StoreErrorCode.OUT_OF_MEMORY
        || ++attempts > ATTEMPTS_MAX) {
      return false;
    }
    try {
      context.budget().awaitFreed(seen, WAIT_MS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
