/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.EntryBuffer;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.reference.ReferenceVerifier;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was committed comes back after restarts, with few handles, of any size, or is an error. */
class RestartTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(5)
          .withDurability(StoreOptions.Durability.NEVER);

  @TempDir Path directory;

  private static byte[] key(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  private static byte[] noise(Random random, int length) {
    byte[] value = new byte[length];
    random.nextBytes(value);
    return value;
  }

  private static void put(OwnedPartition partition, byte[] key, byte[] value) {
    partition.put(key, 0, key.length, value, 0, value.length);
  }

  private static byte[] get(OwnedPartition partition, byte[] key) {
    ValueBuffer value = new ValueBuffer();
    return partition.get(key, 0, key.length, value) ? value.toByteArray() : null;
  }

  @Test
  void threePartitionsThroughFiveRestarts() throws Exception {
    Random random = new Random(21);
    List<Map<Integer, byte[]>> models = List.of(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
    for (int restart = 0; restart <= 5; restart++) {
      try (Shard shard = EloqStore.openShard(ShardOptions.defaults().withBudgetBytes(4 << 20));
          EloqStore store = EloqStore.open(shard, directory, OPTIONS)) {
        for (int number = 0; number < 3; number++) {
          OwnedPartition partition = store.openPartition(new PartitionId("t", number));
          Map<Integer, byte[]> model = models.get(number);
          for (int key = 0; key < 400; key++) {
            assertThat(get(partition, key(key)))
                .as("seed 21, restart " + restart + ", partition " + number + ", key " + key)
                .isEqualTo(model.get(key));
          }
          for (int i = 0; i < 300; i++) {
            int key = random.nextInt(400);
            if (random.nextInt(4) == 0) {
              partition.delete(key(key), 0, 4);
              model.remove(key);
            } else {
              byte[] value = noise(random, random.nextInt(50) == 0 ? 10_000 : 100);
              put(partition, key(key), value);
              model.put(key, value);
            }
            if (i % 100 == 50) {
              partition.commit(Map.of());
            }
          }
          partition.commit(Map.of());
          put(partition, key(1), new byte[7]); // closing publishes nothing
        }
      }
      for (int number = 0; number < 3; number++) {
        assertThat(ReferenceVerifier.verify(directory.resolve("t." + number), 4096, 5)).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 128})
  void valuesOfOneByteToSomeMebibytes(int overflowPointers) throws IOException {
    StoreOptions options = OPTIONS.withPagesPerFileShift(8).withOverflowPointers(overflowPointers);
    int[] lengths = {
      0,
      1,
      2,
      127,
      128,
      4000,
      4063,
      4072,
      4073,
      4074,
      4096,
      60_000,
      65_535,
      65_536,
      65_537,
      1 << 20,
      (1 << 20) + 1,
      5_000_000
    };
    Random random = new Random(22);
    Map<Integer, byte[]> model = new HashMap<>();
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults().withBudgetBytes(8 << 20))) {
      // Each key has three lengths, one after the other.
      for (int round = 0; round < 3; round++) {
        try (EloqStore store = EloqStore.open(shard, directory, options)) {
          OwnedPartition partition = store.openPartition(PartitionWorld.ID);
          model.forEach((key, value) -> assertThat(get(partition, key(key))).isEqualTo(value));
          for (int i = 0; i < lengths.length; i++) {
            byte[] value = noise(random, lengths[(i + round * 7) % lengths.length]);
            put(partition, key(i), value);
            model.put(i, value);
            assertThat(get(partition, key(i))).isEqualTo(value);
          }
          partition.commit(Map.of());
        }
        assertThat(ReferenceVerifier.verify(directory.resolve("t.0"), 4096, 8)).isEmpty();
      }
      try (EloqStore store = EloqStore.open(shard, directory, options)) {
        OwnedPartition partition = store.openPartition(PartitionWorld.ID);
        model.forEach((key, value) -> assertThat(get(partition, key(key))).isEqualTo(value));
      }
    }
  }

  @Test
  void twentyHandlesServeHundredsOfFiles() {
    try (Shard shard =
        EloqStore.openShard(
            ShardOptions.defaults().withBudgetBytes(4 << 20).withOpenFilesMax(20))) {
      StoreOptions options = OPTIONS.withPagesPerFileShift(1);
      List<Map<Integer, byte[]>> models = List.of(new HashMap<>(), new HashMap<>());
      Random random = new Random(23);
      for (int restart = 0; restart < 2; restart++) {
        try (EloqStore store = EloqStore.open(shard, directory, options)) {
          List<OwnedPartition> partitions = new ArrayList<>();
          for (int number = 0; number < 2; number++) {
            partitions.add(store.openPartition(new PartitionId("t", number)));
          }
          for (int i = 0; i < 3000; i++) {
            int number = random.nextInt(2);
            int key = random.nextInt(400);
            assertThat(get(partitions.get(number), key(key)))
                .as("seed 23")
                .isEqualTo(models.get(number).get(key));
            if (random.nextInt(3) == 0) {
              byte[] value = noise(random, 2000);
              put(partitions.get(number), key(key), value);
              models.get(number).put(key, value);
            }
            if (i % 500 == 499) {
              partitions.forEach(partition -> partition.commit(Map.of()));
            }
          }
          assertThat(shard.io().list(directory.resolve("t.0")))
              .as("files of one partition")
              .hasSizeGreaterThan(60);
          assertThat(shard.statistics().toText()).containsPattern("files.evicted [1-9]");
        }
      }
    }
  }

  /** Read, floor and scan: an error that names the page each time, and nothing is poisoned. */
  @Test
  void aFlippedByteIsFoundByEachKindOfRead() {
    Path root = Path.of("/store");
    MemoryBackend[] disk = new MemoryBackend[1];
    try (Shard shard =
        new Shard(
            8 << 20,
            budget -> disk[0] = MemoryBackend.simulated(budget.arena(), FaultPlan.of(24)),
            StoreClock.system())) {
      try (EloqStore store = EloqStore.open(shard, root, OPTIONS)) {
        OwnedPartition partition = store.openPartition(PartitionWorld.ID);
        for (int i = 0; i < 200; i++) {
          put(partition, key(i), new byte[500]);
        }
        partition.commit(Map.of());
      }
      try (EloqStore store = EloqStore.open(shard, root, OPTIONS)) {
        OwnedPartition partition = store.openPartition(PartitionWorld.ID);
        long bit = 8L * (3 * 4096 + 1000);
        Path file = store.partitionDirectory(PartitionWorld.ID).resolve("data_0_0");
        disk[0].flipBit(file, bit);
        int damaged = 0;
        for (int i = 0; i < 200; i++) {
          int number = i;
          try {
            assertThat(get(partition, key(number))).hasSize(500);
          } catch (CorruptionException e) {
            damaged++;
            assertThat(e).hasMessageContainingAll("data_0_0", "expected", "found");
            assertThatThrownBy(() -> partition.floor(key(number), 0, 4, new EntryBuffer()))
                .isInstanceOf(CorruptionException.class);
            KeyRange one = new KeyRange(key(number), key(number + 1));
            assertThatThrownBy(() -> partition.scan(one, true, new EntryBatch(10, 10_000)))
                .isInstanceOf(CorruptionException.class);
          }
        }
        assertThat(damaged).as("rows of one leaf").isBetween(4, 10);
        disk[0].flipBit(file, bit);
        for (int i = 0; i < 200; i++) {
          assertThat(get(partition, key(i))).as("sound again").hasSize(500);
        }
        put(partition, key(1), new byte[1]);
        partition.commit(Map.of());
      }
    }
  }
}
