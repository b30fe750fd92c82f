/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.shard.Shard;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The tables of a store: what is there, and how it goes. */
class StoreTablesTest {
  private static final Path ROOT = Path.of("/store");
  private static final StoreOptions OPTIONS = StoreOptions.defaults().withPagesPerFileShift(4);

  private final FaultPlan plan = FaultPlan.of(1);
  private final Shard shard =
      new Shard(4 << 20, budget -> MemoryBackend.simulated(budget.arena(), plan), () -> 1_000_000);
  private EloqStore store = EloqStore.open(shard, ROOT, OPTIONS);

  @AfterEach
  void close() {
    store.close();
    shard.close();
  }

  private static PartitionId id(String table, int partition) {
    return new PartitionId(table, partition);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Makes a partition with something in it and closes it. */
  private void make(String table, int partition) {
    try (OwnedPartition made = store.openPartition(id(table, partition))) {
      byte[] value = new byte[20_000];
      made.put(bytes("k"), 0, 1, value, 0, value.length);
      made.commit(Map.of());
    }
  }

  @Test
  void partitionsAreListedByTableAndNumber() {
    for (int number : new int[] {10, 2, 0, 1}) {
      make("t", number);
    }
    make("t.x", 3);
    make("a", 1);
    // No partition of ours has such a name.
    shard.io().createDirectories(ROOT.resolve("t.007"));
    shard.io().createDirectories(ROOT.resolve("other"));
    assertThat(store.listPartitions())
        .containsExactly(id("a", 1), id("t", 0), id("t", 1), id("t", 2), id("t", 10), id("t.x", 3));
  }
}
