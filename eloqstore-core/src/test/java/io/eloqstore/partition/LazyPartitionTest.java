/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Partitions that are loaded with their first use and unloaded when mappings become too many: what
 * was written is never lost, and nobody notices. Method: memory for the mappings of about a fifth
 * of the partitions.
 */
class LazyPartitionTest {
  private static final long BUDGET_BYTES = 2 << 20;
  private static final int PARTITIONS = 600;
  private static final int MAPPING_BYTES = 64 << 10;
  private static final byte[] KEY = {1};

  /** Lets a deadlock fail; says nothing about speed. */
  private static final long GUARD_SECONDS = 60;

  private final FaultPlan plan = FaultPlan.of(1);
  private final List<OwnedPartition> partitions = new ArrayList<>();
  private MemoryBackend disk;
  private Shard shard;
  private EloqStore store;

  @BeforeEach
  void open() {
    shard =
        new Shard(
            BUDGET_BYTES,
            budget -> disk = MemoryBackend.simulated(budget.arena(), plan),
            StoreClock.system());
    openStore();
    for (int i = 0; i < PARTITIONS; i++) {
      partitions.get(i).put(KEY, 0, 1, value(i), 0, 4);
      partitions.get(i).commit(Map.of());
    }
    store.close();
    shard.budget().setLimit(MemoryUse.MAPPING, MAPPING_BYTES);
    openStore();
  }

  private void openStore() {
    store = EloqStore.open(shard, Path.of("/store"), StoreOptions.defaults());
    partitions.clear();
    for (int i = 0; i < PARTITIONS; i++) {
      partitions.add(store.openPartitionLazily(new PartitionId("t", i)));
    }
  }

  @AfterEach
  void close() {
    store.close();
    // Throws when memory, files or partitions leaked.
    shard.close();
  }

  private static byte[] value(int number) {
    return new byte[] {
      (byte) (number >> 24), (byte) (number >> 16), (byte) (number >> 8), (byte) number
    };
  }

  private static byte[] get(OwnedPartition partition) {
    ValueBuffer target = new ValueBuffer();
    return partition.get(KEY, 0, 1, target) ? target.toByteArray() : null;
  }

  private int loaded() {
    return (int) partitions.stream().filter(each -> ((LazyPartition) each).isLoaded()).count();
  }

  private boolean isLoaded(int number) {
    return ((LazyPartition) partitions.get(number)).isLoaded();
  }

  private void readAll() {
    for (int i = 0; i < PARTITIONS; i++) {
      assertThat(get(partitions.get(i))).isEqualTo(value(i));
    }
  }

  @Test
  void openingReadsNoManifest() {
    assertThat(loaded()).isZero();
    assertThat(shard.budget().used(MemoryUse.MAPPING)).isZero();
    assertThat(shard.statistics().partitions().open()).isZero();
    assertThat(get(partitions.get(7))).isEqualTo(value(7));
    assertThat(loaded()).isEqualTo(1);
    assertThatThrownBy(() -> store.openPartition(new PartitionId("t", 8)))
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.BUSY));
    partitions.get(8).close();
    assertThatThrownBy(() -> get(partitions.get(8)))
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.CLOSED));
    OwnedPartition again = store.openPartition(new PartitionId("t", 8));
    assertThat(get(again)).isEqualTo(value(8));
    again.close();
  }

  @Test
  void whatIsWrongWithAManifestIsToldByEachUse() {
    disk.flipBit(store.partitionDirectory(new PartitionId("t", 3)).resolve("manifest_0"), 80 * 8);
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> get(partitions.get(3))).isInstanceOf(CorruptionException.class);
    }
    assertThat(get(partitions.get(4))).isEqualTo(value(4));
  }

  @Test
  void idleOnesAreUnloadedWhereMappingsBecomeTooMany() {
    for (int round = 0; round < 3; round++) {
      readAll();
      assertThat(loaded()).isBetween(100, MAPPING_BYTES / 2 / 256 + 1);
    }
  }

  @Test
  void nothingWrittenIsLost() {
    long seed = 11;
    Random random = new Random(seed);
    int[] model = new int[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) {
      model[i] = i;
    }
    for (int i = 0; i < 4_000; i++) {
      int number = random.nextInt(PARTITIONS);
      OwnedPartition partition = partitions.get(number);
      assertThat(get(partition)).as("seed %d, step %d", seed, i).isEqualTo(value(model[number]));
      if (random.nextInt(4) == 0) {
        model[number] = PARTITIONS + i;
        partition.put(KEY, 0, 1, value(model[number]), 0, 4);
        if (random.nextInt(3) != 0) {
          partition.commit(Map.of("n", value(i)));
        }
      }
    }
    for (int i = 0; i < PARTITIONS; i++) {
      assertThat(get(partitions.get(i))).as("seed %d", seed).isEqualTo(value(model[i]));
      partitions.get(i).commit(Map.of());
    }
    store.close();
    openStore();
    for (int i = 0; i < PARTITIONS; i++) {
      assertThat(get(partitions.get(i))).as("seed %d", seed).isEqualTo(value(model[i]));
    }
  }

  @Test
  void whatHoldsAPartitionKeepsItLoaded() {
    partitions.get(0).put(KEY, 0, 1, value(1_000), 0, 4);
    EntryIterator iterator = partitions.get(1).iterator(KeyRange.ALL, false);
    FreezePoint point = partitions.get(2).freeze();
    partitions.get(3).requestSweep();
    assertThat(get(partitions.get(4))).isEqualTo(value(4));
    for (int i = 0; i < 2; i++) {
      for (int other = 10; other < PARTITIONS; other++) {
        assertThat(get(partitions.get(other))).isEqualTo(value(other));
      }
    }
    assertThat(isLoaded(0)).as("written, not committed").isTrue();
    assertThat(isLoaded(1)).as("an open iterator").isTrue();
    assertThat(isLoaded(2)).as("an open freeze point").isTrue();
    assertThat(isLoaded(3)).as("a sweep was asked for").isTrue();
    assertThat(isLoaded(4)).as("idle").isFalse();
    assertThat(get(partitions.get(0))).isEqualTo(value(1_000));
    assertThat(iterator.next()).isTrue();
    iterator.close();
    point.commit(Map.of("x", KEY)).close();
    point.close();
    assertThat(partitions.get(2).metadata()).containsOnlyKeys("x");
  }

  @Test
  void otherThreadsReadWhilePartitionsComeAndGo() throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    AtomicBoolean done = new AtomicBoolean();
    List<CompletableFuture<Void>> readers = new ArrayList<>();
    for (int t = 0; t < 2; t++) {
      long seed = t;
      readers.add(
          CompletableFuture.runAsync(
              () -> {
                Random random = new Random(seed);
                while (!done.get()) {
                  int number = random.nextInt(PARTITIONS);
                  byte[] found = get(partitions.get(number));
                  if (found == null || found[3] != (byte) number) {
                    throw new AssertionError("seed " + seed + ", partition " + number);
                  }
                }
              },
              threads));
    }
    for (int round = 0; round < 4; round++) {
      for (int i = 0; i < PARTITIONS; i++) {
        byte[] value = value(i);
        value[0] = (byte) round;
        partitions.get(i).put(KEY, 0, 1, value, 0, 4);
        partitions.get(i).commit(Map.of());
      }
    }
    done.set(true);
    for (CompletableFuture<Void> reader : readers) {
      reader.get(GUARD_SECONDS, TimeUnit.SECONDS);
    }
    threads.shutdown();
  }
}
