/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import io.eloqstore.EloqStore;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A shard, a store and one partition on a simulated disk. Closing checks that no memory and no file
 * leaked.
 */
final class SimulatedStore implements AutoCloseable {
  static final Path ROOT = Path.of("/disk/stores/one");
  static final PartitionId ID = new PartitionId("t", 0);
  static final Path DIRECTORY = ROOT.resolve(ID.directoryName());
  static final long BUDGET_BYTES = 2L << 20;

  private final StoreOptions options;
  private final Shard shard;
  private final MemoryBackend backend;
  private EloqStore store;
  private TextPartition partition;

  /**
   * @param disk what is found, with its plan; {@code null} for an empty disk
   * @param plan for an empty disk
   */
  private SimulatedStore(MemoryBackend disk, FaultPlan plan, StoreOptions options) {
    this.options = options;
    MemoryBackend[] made = new MemoryBackend[1];
    this.shard =
        new Shard(
            BUDGET_BYTES,
            budget -> {
              made[0] =
                  disk == null
                      ? MemoryBackend.simulated(budget.arena(), plan)
                      : disk.withArena(budget.arena());
              return made[0];
            },
            () -> 1_000_000);
    this.backend = made[0];
  }

  static SimulatedStore empty(FaultPlan plan, StoreOptions options) {
    return new SimulatedStore(null, plan, options);
  }

  static SimulatedStore on(MemoryBackend disk, StoreOptions options) {
    return new SimulatedStore(disk, null, options);
  }

  /** Opens store and partition. */
  TextPartition open() {
    partition = new TextPartition(newStore().openPartition(ID));
    return partition;
  }

  /** Opens the store only. */
  EloqStore newStore() {
    store = EloqStore.open(shard, ROOT, options);
    return store;
  }

  StoreOptions options() {
    return options;
  }

  Shard shard() {
    return shard;
  }

  EloqStore store() {
    return store;
  }

  TextPartition partition() {
    return partition;
  }

  MemoryBackend backend() {
    return backend;
  }

  /** Copies the partition's files to a directory of the real file system. */
  void export(Path target) throws IOException {
    Files.createDirectories(target);
    MemoryBudget budget = shard.budget();
    int blockBytes = MemoryBudget.SLOT_BYTES;
    long block = budget.allocate(blockBytes, MemoryUse.IO);
    try {
      for (DirectoryEntry entry : backend.list(DIRECTORY)) {
        byte[] bytes = new byte[(int) entry.bytes()];
        try (BlockFile file = backend.open(DIRECTORY.resolve(entry.name()), OpenMode.READ)) {
          for (int done = 0; done < bytes.length; ) {
            int read = file.read(done, block, Math.min(blockBytes, bytes.length - done));
            budget.arena().get(block, bytes, done, read);
            done += read;
          }
        }
        Files.write(target.resolve(entry.name()), bytes);
      }
    } finally {
      budget.free(block, blockBytes, MemoryUse.IO);
    }
  }

  /** Closes the store; the shard stays. */
  void closeStore() {
    if (store != null) {
      EloqStore open = store;
      store = null;
      open.close();
    }
  }

  @Override
  public void close() {
    try {
      closeStore();
    } finally {
      shard.close();
    }
  }
}
