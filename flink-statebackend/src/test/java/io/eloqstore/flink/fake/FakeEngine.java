/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.fake;

import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.flink.resource.SlotEngine;
import io.eloqstore.flink.resource.StateStore;
import io.eloqstore.shard.ShardStatistics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** An engine of sorted maps on the heap, for tests that are not about the engine. */
public final class FakeEngine implements SlotEngine {
  /** Engines and stores that are open in this JVM. */
  public static final AtomicInteger OPEN = new AtomicInteger();

  private final long budgetBytes;

  private FakeEngine(long budgetBytes) {
    this.budgetBytes = budgetBytes;
    OPEN.incrementAndGet();
  }

  public static SlotEngine open(long budgetBytes, boolean directIo) {
    return new FakeEngine(budgetBytes);
  }

  @Override
  public long budgetBytes() {
    return budgetBytes;
  }

  @Override
  public ShardStatistics statistics() {
    return ShardStatistics.NONE;
  }

  @Override
  public StateStore openStore(Path directory, StoreOptions options) {
    OPEN.incrementAndGet();
    return new Store(directory, options);
  }

  @Override
  public void close() {
    OPEN.decrementAndGet();
  }

  private static final class Store implements StateStore {
    private final Path directory;
    private final StoreOptions options;
    private final List<FakePartition> partitions = new ArrayList<>();

    Store(Path directory, StoreOptions options) {
      this.directory = directory;
      this.options = options;
    }

    @Override
    public OwnedPartition openPartition(PartitionId id) {
      return add(new FakePartition(id, options, created(id)));
    }

    @Override
    public OwnedPartition restorePartition(
        PartitionId id, byte[] imageDescription, KeyRange kept, ImageFiles files) {
      FakePartition partition = add(new FakePartition(id, options, partitionDirectory(id)));
      try {
        files.fetch(List.of(FakePartition.DATA));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      partition.restore(imageDescription);
      if (kept.from() != null) {
        partition.deleteRange(new KeyRange(null, kept.from()));
      }
      if (kept.to() != null) {
        partition.deleteRange(new KeyRange(kept.to(), null));
      }
      return partition;
    }

    private FakePartition add(FakePartition partition) {
      partitions.add(partition);
      return partition;
    }

    private Path created(PartitionId id) {
      try {
        return Files.createDirectories(partitionDirectory(id));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public Path partitionDirectory(PartitionId id) {
      return directory.resolve(id.directoryName());
    }

    @Override
    public void close() {
      partitions.forEach(FakePartition::close);
      OPEN.decrementAndGet();
    }
  }
}
