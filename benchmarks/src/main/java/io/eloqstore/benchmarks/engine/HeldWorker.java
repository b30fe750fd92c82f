/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryFilter;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * Keeps the background thread of a shard busy, so that what is frozen stays as it is.
 *
 * <p>The thread waits in the entry filter of a partition of its own, for the flush of one entry.
 * Whoever holds it must let it go before the store is closed.
 */
final class HeldWorker implements EntryFilter {
  private static final PartitionId ID = new PartitionId("held", 0);
  private static final byte[] KEY = {1};

  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch done = new CountDownLatch(1);

  private HeldWorker() {}

  /** Returns when the thread waits. */
  static HeldWorker hold(EloqStore store) {
    HeldWorker held = new HeldWorker();
    OwnedPartition partition = store.openPartition(ID);
    partition.put(KEY, 0, KEY.length, KEY, 0, KEY.length);
    partition.commit(Map.of());
    partition.setEntryFilter(held);
    partition.put(KEY, 0, KEY.length, KEY, 0, KEY.length);
    partition.flush();
    await(held.reached);
    return held;
  }

  void letGo() {
    done.countDown();
  }

  @Override
  public void begin() {
    reached.countDown();
    await(done);
  }

  @Override
  public boolean drops(Entry entry) {
    return false;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the background thread was held", e);
    }
  }
}
