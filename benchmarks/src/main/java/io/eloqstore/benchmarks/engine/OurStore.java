/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.benchmarks.WorkDirectory;
import io.eloqstore.shard.Shard;
import io.eloqstore.shard.ShardStatistics;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/** A partition of ours, forced to the disk at each commit. */
final class OurStore implements KeyValueStore {
  private static final PartitionId ID = new PartitionId("engine", 0);

  private final WorkDirectory directory;
  private final Shard shard;
  private final EloqStore store;
  private final OwnedPartition partition;
  private final ValueBuffer target = new ValueBuffer();
  private final EntryBatch one = new EntryBatch(1, Entries.BYTES);
  private final EntryBatch group =
      new EntryBatch(Entries.GROUP + 1, 2 * Entries.GROUP * Entries.BYTES);
  private HeldWorker held;
  private FreezePoint frozen;

  private OurStore(WorkDirectory directory, Shard shard, EloqStore store) {
    this.directory = directory;
    this.shard = shard;
    this.store = store;
    this.partition = store.openPartition(ID);
  }

  static OurStore open(Memory memory) throws IOException {
    WorkDirectory directory = WorkDirectory.make("engine-");
    Shard shard = EloqStore.openShard(ShardOptions.defaults().withBudgetBytes(memory.bytes()));
    return new OurStore(
        directory, shard, EloqStore.open(shard, directory.path(), StoreOptions.defaults()));
  }

  @Override
  public int get(byte[] key) {
    return partition.get(key, 0, key.length, target) ? target.length() : ABSENT;
  }

  @Override
  public void put(byte[] key, byte[] value) {
    partition.put(key, 0, key.length, value, 0, value.length);
  }

  @Override
  public void append(byte[] key, byte[] element) {
    partition.appendToList(key, 0, key.length, element, 0, element.length);
  }

  @Override
  public long scan() {
    long rows = 0;
    try (EntryIterator entries = partition.iterator(KeyRange.ALL, false)) {
      while (entries.next()) {
        rows += entries.keyLength() > 0 && entries.value().length() > 0 ? 1 : 0;
      }
    }
    return rows;
  }

  @Override
  public int scanPrefix(byte[] prefix) {
    partition.scan(KeyRange.prefix(prefix), false, group);
    return group.count();
  }

  @Override
  public int floor(byte[] key) {
    byte[] above = Arrays.copyOf(key, key.length + 1);
    partition.scan(new KeyRange(null, above), true, one);
    return one.count() == 0 ? ABSENT : one.valueLength(0);
  }

  @Override
  public void commit() {
    partition.commit(Map.of());
  }

  @Override
  public void settle(Layer layer) {
    switch (layer) {
      case ACTIVE -> check(statistics().frameBytes() == 0, "a flush has begun");
      case FROZEN -> {
        held = HeldWorker.hold(store);
        frozen = partition.freeze();
      }
      case LEAF -> {
        commit();
        scan();
        check(statistics().pageEvictions() == 0, "the cache does not hold all pages");
      }
      default -> throw new IllegalArgumentException("layer " + layer);
    }
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalStateException("too many keys for the memory: " + otherwise);
    }
  }

  ShardStatistics statistics() {
    return shard.statistics();
  }

  @Override
  public void close() throws IOException {
    if (held != null) {
      held.letGo();
      frozen.close();
    }
    store.close();
    shard.close();
    directory.delete();
  }
}
