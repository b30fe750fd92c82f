/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.benchmarks.WorkDirectory;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * A partition of ours whose I/O is counted. Belongs to one thread, which closes it; what it gives
 * out may be used as the engine allows.
 */
final class MeasuredStore implements AutoCloseable {
  private static final PartitionId ID = new PartitionId("measured", 0);

  private final Shard shard;
  private final EloqStore store;
  private final OwnedPartition partition;
  private final CountingBackend counts;

  private MeasuredStore(Shard shard, CountingBackend counts, EloqStore store) {
    this.shard = shard;
    this.counts = counts;
    this.store = store;
    this.partition = store.openPartition(ID);
  }

  /** Opens what lies in a directory, or begins with nothing. */
  static MeasuredStore open(
      WorkDirectory directory, long budgetBytes, boolean directIo, StoreOptions options) {
    // The shard puts its cache of open files in front of the backend that it is given.
    AtomicReference<CountingBackend> counts = new AtomicReference<>();
    Function<MemoryBudget, IoBackend> backend =
        budget -> {
          counts.set(
              new CountingBackend(
                  directIo
                      ? NioBackend.direct(budget.arena())
                      : NioBackend.buffered(budget.arena())));
          return counts.get();
        };
    Shard shard = new Shard(budgetBytes, backend, StoreClock.system());
    EloqStore store = EloqStore.open(shard, directory.path(), options);
    return new MeasuredStore(shard, counts.get(), store);
  }

  OwnedPartition partition() {
    return partition;
  }

  Shard shard() {
    return shard;
  }

  IoCounts io() {
    return counts.counts();
  }

  /** Where the data files are. */
  Path directory() {
    return store.partitionDirectory(ID);
  }

  StoreOptions layout() {
    return partition.options();
  }

  @Override
  public void close() throws IOException {
    store.close();
    shard.close();
  }
}
