/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Several stores and owner threads on one small shard. */
class SharedShardTest {
  private static final long BUDGET_BYTES = 2 << 20;
  private static final int VALUE_BYTES = 500;

  /** Lets a deadlock fail; says nothing about speed. */
  private static final long GUARD_SECONDS = 120;

  private final FaultPlan plan = FaultPlan.of(5);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final StoreOptions options = StoreOptions.defaults().withPagesPerFileShift(5);
  private Shard shard;

  @BeforeEach
  void open() {
    shard =
        new Shard(
            BUDGET_BYTES,
            budget -> MemoryBackend.simulated(budget.arena(), plan),
            StoreClock.system());
  }

  @AfterEach
  void close() {
    threads.shutdown();
    // Throws when memory or files leaked.
    shard.close();
  }

  private EloqStore store(String name) {
    return EloqStore.open(shard, Path.of("/" + name), options);
  }

  private static byte[] key(int number) {
    return new byte[] {(byte) (number >> 8), (byte) number};
  }

  private static void put(OwnedPartition partition, int number, byte[] value) {
    partition.put(key(number), 0, 2, value, 0, value.length);
  }

  private static byte[] get(OwnedPartition partition, int number) {
    ValueBuffer value = new ValueBuffer();
    return partition.get(key(number), 0, 2, value) ? value.toByteArray() : null;
  }

  private void checkBudget() {
    MemoryBudget budget = shard.budget();
    long used = 0;
    for (MemoryUse use : MemoryUse.values()) {
      used += budget.used(use);
    }
    assertThat(used).isLessThanOrEqualTo(BUDGET_BYTES);
  }

  /** Writes some budgets, compares now and then, commits now and then. */
  private void work(OwnedPartition partition, long seed, int budgets) {
    Random random = new Random(seed);
    Map<Integer, byte[]> model = new HashMap<>();
    for (int i = 0; i < budgets * BUDGET_BYTES / VALUE_BYTES; i++) {
      int number = random.nextInt(5000);
      byte[] value = new byte[random.nextInt(2 * VALUE_BYTES)];
      random.nextBytes(value);
      put(partition, number, value);
      model.put(number, value);
      int other = random.nextInt(5000);
      assertThat(get(partition, other)).as("seed %d", seed).isEqualTo(model.get(other));
      if (i % 1000 == 0) {
        checkBudget();
      }
      if (i % 3000 == 2999) {
        partition.commit(Map.of());
      }
    }
    model.forEach((number, value) -> assertThat(get(partition, number)).isEqualTo(value));
  }

  @Test
  void threeOwnersShareOneBudget() throws Exception {
    List<EloqStore> stores = new ArrayList<>();
    List<Future<?>> running = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      EloqStore store = store("store" + i);
      stores.add(store);
      long seed = i;
      running.add(
          threads.submit(() -> work(store.openPartition(new PartitionId("t", 0)), seed, 6)));
    }
    for (Future<?> future : running) {
      future.get(GUARD_SECONDS, TimeUnit.SECONDS);
    }
    stores.forEach(EloqStore::close);
  }

  @Test
  void severalPartitionsOfOneThreadShareOneBudget() {
    try (EloqStore store = store("store")) {
      List<OwnedPartition> partitions = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        partitions.add(store.openPartition(new PartitionId("t", i)));
      }
      byte[] value = new byte[VALUE_BYTES];
      for (int i = 0; i < 40_000; i++) {
        put(partitions.get(i % 8), i / 8, value);
      }
      for (int i = 0; i < 40_000; i++) {
        assertThat(get(partitions.get(i % 8), i / 8)).hasSize(VALUE_BYTES);
      }
      checkBudget();
    }
  }

  @Test
  void anIdlePartitionWithAFullBufferStopsNobody() throws Exception {
    try (EloqStore idleStore = store("idle");
        EloqStore busyStore = store("busy")) {
      OwnedPartition idle = idleStore.openPartition(new PartitionId("t", 0));
      byte[] value = new byte[VALUE_BYTES];
      int kept = 0;
      // Up to just before it would be frozen.
      while (PartitionWorld.rows(idle).view().active().buffer().bytes()
          < shard.bufferBytesMax() * 3 / 4) {
        put(idle, kept++, value);
      }
      threads
          .submit(() -> work(busyStore.openPartition(new PartitionId("t", 0)), 9, 10))
          .get(GUARD_SECONDS, TimeUnit.SECONDS);
      for (int i = 0; i < kept; i++) {
        assertThat(get(idle, i)).hasSize(VALUE_BYTES);
      }
    }
  }

  @Test
  void aFailedPartitionLeavesTheOthersWorking() {
    try (EloqStore store = store("store")) {
      OwnedPartition failing = store.openPartition(new PartitionId("failing", 0));
      OwnedPartition other = store.openPartition(new PartitionId("other", 0));
      byte[] value = new byte[VALUE_BYTES];
      put(failing, 1, value);
      put(other, 6000, value);
      failing.commit(Map.of());
      other.commit(Map.of());
      put(failing, 2, value);
      plan.fail(Set.of(FaultPlan.Kind.WRITE), 0, StoreErrorCode.IO_FAILED);
      assertThatThrownBy(() -> failing.commit(Map.of())).isInstanceOf(StoreException.class);
      assertThatThrownBy(() -> put(failing, 3, value))
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.POISONED));
      assertThat(get(failing, 1)).hasSize(VALUE_BYTES);
      assertThat(get(failing, 2)).hasSize(VALUE_BYTES);
      work(other, 4, 4);
      other.commit(Map.of());
      failing.close();
      OwnedPartition again = store.openPartition(new PartitionId("failing", 0));
      assertThat(get(again, 1)).hasSize(VALUE_BYTES);
      assertThat(get(again, 2)).isNull();
    }
  }
}
