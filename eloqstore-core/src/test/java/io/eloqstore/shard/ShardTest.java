/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.memory.MemoryUse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What partitions that share a shard get of its write memory. */
class ShardTest {
  private static final int VALUE_BYTES = 500;
  private static final int PAGE_BYTES = 4096;

  /** Lets a deadlock fail; says nothing about speed. */
  private static final long GUARD_SECONDS = 60;

  private final byte[] value = new byte[VALUE_BYTES];
  private final List<OwnedPartition> partitions = new ArrayList<>();
  private Shard shard;
  private EloqStore store;

  @BeforeEach
  void open() {
    shard = new Shard(4 << 20, budget -> MemoryBackend.plain(budget.arena()), StoreClock.system());
    store = EloqStore.open(shard, Path.of("/store"), StoreOptions.defaults());
  }

  @AfterEach
  void close() {
    store.close();
    assertThat(shard.bufferBytesMax()).as("all is given back").isEqualTo(activeMost());
    shard.close();
  }

  private long activeMost() {
    return shard.budget().limit(MemoryUse.WRITE_BUFFER) / 3 * 2;
  }

  private void openPartitions(int count) {
    for (int i = 0; i < count; i++) {
      partitions.add(store.openPartition(new PartitionId("t", i)));
    }
  }

  private void put(OwnedPartition partition, int number) {
    byte[] key = ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    partition.put(key, 0, key.length, value, 0, value.length);
  }

  private static long entries(OwnedPartition partition) {
    return partition.approximateEntryCount();
  }

  @Test
  void anEmptyBufferTakesNoShare() {
    openPartitions(50);
    assertThat(shard.bufferBytesMax()).isEqualTo(activeMost());
    put(partitions.get(0), 0);
    assertThat(shard.bufferBytesMax()).isEqualTo(activeMost() - 4096);
    partitions.get(0).flush();
    assertThat(shard.bufferBytesMax()).isEqualTo(activeMost());
  }

  @Test
  void activeBuffersLeaveAThirdForWhatIsBeingFlushed() {
    openPartitions(8);
    long limit = shard.budget().limit(MemoryUse.WRITE_BUFFER);
    for (int i = 0; i < 40_000; i++) {
      put(partitions.get(i % 8), i / 8);
      // A block more: the put that is over the limit is the one that sees it.
      assertThat(activeMost() - shard.bufferBytesMax()).isLessThan(limit * 2 / 3 + (256 << 10));
    }
    for (OwnedPartition partition : partitions) {
      assertThat(entries(partition)).isGreaterThanOrEqualTo(5_000);
    }
  }

  /** Each partition is written once and then left: what lies idle goes, not what is written. */
  @Test
  void theLargestBufferOfTheThreadIsFrozenFirst() {
    int keys = 100;
    openPartitions(100);
    for (OwnedPartition partition : partitions) {
      for (int i = 0; i < keys; i++) {
        put(partition, i);
      }
    }
    long bytes = 0;
    for (OwnedPartition partition : partitions) {
      partition.commit(Map.of());
      for (DirectoryEntry entry : shard.io().list(store.partitionDirectory(partition.id()))) {
        bytes += entry.name().startsWith("data_") ? entry.bytes() : 0;
      }
    }
    // Thirteen leaves and a root each. A writer that finds no memory at all freezes its own, so it
    // depends on the worker how many are written in two pieces; in pieces of a block it is 2,666.
    assertThat(bytes / PAGE_BYTES).isBetween(1_400L, 1_900L);
  }

  /** Only its owner may freeze an idle buffer, and the owners never come back. */
  @Test
  void idleBuffersOfOtherThreadsLeaveRoomForEveryLaterOne() throws Exception {
    openPartitions(24);
    for (OwnedPartition partition : partitions) {
      ExecutorService owner = Executors.newSingleThreadExecutor();
      owner
          .submit(
              () -> {
                // Until just before it would be frozen.
                for (int i = 0; i < 4_000; i++) {
                  put(partition, i);
                }
              })
          .get(GUARD_SECONDS, TimeUnit.SECONDS);
      owner.shutdown();
    }
    for (OwnedPartition partition : partitions) {
      assertThat(entries(partition)).isGreaterThanOrEqualTo(4_000);
    }
  }
}
