/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryUse;
import java.util.function.BooleanSupplier;

/** How a writer waits for write-buffer memory when the budget is exhausted. Owner only. */
final class WriteMemory {
  private static final long WAIT_MS = 20;

  private final PartitionContext context;
  private long hopelessAt = -1;

  WriteMemory(PartitionContext context) {
    this.context = context;
  }

  /**
   * Asks everybody on the shard to give memory back and waits until somebody does, for a while.
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
    try {
      context.budget().awaitFreed(seen, WAIT_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException(
          StoreErrorCode.BUSY,
          "interrupted while waiting for write-buffer memory of partition " + context.id(),
          e);
    }
  }
}
