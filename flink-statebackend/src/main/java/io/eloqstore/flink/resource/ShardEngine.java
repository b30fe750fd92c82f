/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import io.eloqstore.EloqStore;
import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.shard.Shard;
import io.eloqstore.shard.ShardStatistics;
import java.nio.file.Path;

/** The engine of a slot: a shard of EloqStore. */
public final class ShardEngine implements SlotEngine {
  private final Shard shard;

  private ShardEngine(Shard shard) {
    this.shard = shard;
  }

  /** The {@link EngineFactory} of the product. */
  public static SlotEngine open(long budgetBytes, boolean directIo) {
    return new ShardEngine(
        EloqStore.openShard(
            ShardOptions.defaults().withBudgetBytes(budgetBytes).withDirectIo(directIo)));
  }

  @Override
  public long budgetBytes() {
    return shard.budgetBytes();
  }

  @Override
  public ShardStatistics statistics() {
    return shard.statistics();
  }

  @Override
  public StateStore openStore(Path directory, StoreOptions options) {
    return new Store(EloqStore.open(shard, directory, options));
  }

  @Override
  public void close() {
    shard.close();
  }

  private record Store(EloqStore store) implements StateStore {
    @Override
    public OwnedPartition openPartition(PartitionId id) {
      return store.openPartition(id);
    }

    @Override
    public OwnedPartition restorePartition(
        PartitionId id, byte[] imageDescription, KeyRange kept, ImageFiles files) {
      return store.restorePartition(id, imageDescription, kept, files);
    }

    @Override
    public Path partitionDirectory(PartitionId id) {
      return store.partitionDirectory(id);
    }

    @Override
    public void close() {
      store.close();
    }
  }
}
