/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.EntryBuffer;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.api.WriteBatch;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.reference.ReferenceEntry;
import io.eloqstore.reference.ReferenceVerifier;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is known to go wrong in the C++ engine, or is not tested there, and has no other test here:
 * docs/parity.md has the list.
 */
class BugsOfTheOtherEngineTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(6)
          .withDurability(StoreOptions.Durability.NEVER);

  @TempDir Path temp;

  private PartitionWorld onFiles(StoreOptions options) {
    return new PartitionWorld(
        16 << 20, budget -> NioBackend.buffered(budget.arena()), temp.resolve("store"), options);
  }

  private static PartitionWorld inMemory(StoreOptions options) {
    return new PartitionWorld(
        4 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), options);
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  private static void assertRefused(StoreErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(StoreException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  /** Bug 10, from pages: each entry has times of its own, its right neighbour has others. */
  @Test
  void floorFromPagesAnswersWithTheExpiryOfItsOwnEntry() {
    try (PartitionWorld world = inMemory(OPTIONS)) {
      for (int i = 0; i < 2000; i++) {
        world.put(key(10 * i), new byte[30], i, i % 3 == 0 ? 0 : 2_000_000 + i);
      }
      world.reopenAfterCommit();
      EntryBuffer found = new EntryBuffer();
      for (int i = 0; i < 2000; i++) {
        for (int above : new int[] {0, 1, 9}) {
          assertThat(world.partition().floor(key(10 * i + above), 0, 4, found)).isTrue();
          assertThat(found.keyToByteArray()).isEqualTo(key(10 * i));
          assertThat(found.value().timestamp()).isEqualTo(i);
          assertThat(found.value().expireTs()).isEqualTo(i % 3 == 0 ? 0 : 2_000_000 + i);
        }
      }
    }
  }

  /** Bug 11: training that failed leaves no flags, and a later one may succeed. */
  @Test
  void afterATrainingThatFailedValuesAreReadThroughRestarts() throws IOException {
    try (PartitionWorld world = onFiles(OPTIONS.withCompression(true))) {
      for (int i = 0; i < 8; i++) {
        world.put(key(i), CompressedWorld.text(i, 800));
      }
      // Five samples are enough for it, and too few for zstd.
      new DictionaryTraining(((Partition) world.partition()).context(), 4000)
          .sample(world.rows().view().active());
      world.put(key(8), CompressedWorld.text(8, 9_000));
      world.reopenAfterCommit();
      assertThat(CompressedWorld.dictionary(world)).isEmpty();
      assertThat(CompressedWorld.committed(world).entries())
          .hasSize(9)
          .noneMatch(ReferenceEntry::compressed);
      for (boolean trained : new boolean[] {false, true}) {
        if (trained) {
          CompressedWorld.train(world);
          world.reopen();
        }
        for (int i = 0; i < 9; i++) {
          assertThat(world.get(key(i))).isEqualTo(CompressedWorld.text(i, i < 8 ? 800 : 9_000));
        }
      }
      CompressedWorld.checkTrainingValues(world);
    }
  }

  /** Bug 12: compression is on and the manifest cannot be loaded. */
  @Test
  void manifestThatCannotBeLoadedIsAnErrorWithCompressionToo() throws IOException {
    StoreOptions options = OPTIONS.withCompression(true);
    try (PartitionWorld world = onFiles(options)) {
      CompressedWorld.train(world);
      world.put(key(1), CompressedWorld.text(1, 500));
      world.commit();
      world.closeStore();
      Path manifest = temp.resolve("store").resolve("t.0").resolve("manifest_0");
      byte[] good = Files.readAllBytes(manifest);
      byte[] bad = good.clone();
      bad[20] ^= 1;
      for (byte[] broken : List.of(bad, new byte[0], new byte[8192])) {
        Files.write(manifest, broken);
        try (EloqStore store = EloqStore.open(world.shard, world.directory, options)) {
          assertThatThrownBy(() -> store.openPartition(PartitionWorld.ID))
              .isInstanceOf(CorruptionException.class)
              .hasMessageContaining("manifest_0");
          OwnedPartition lazy = store.openPartitionLazily(PartitionWorld.ID);
          WriteBatch batch = new WriteBatch().put(key(1), CompressedWorld.text(2, 500), 1);
          for (ThrowingCallable use :
              List.<ThrowingCallable>of(
                  () -> lazy.write(batch),
                  () -> lazy.put(key(1), 0, 4, new byte[9], 0, 9),
                  () -> lazy.get(key(1), 0, 4, new ValueBuffer()),
                  () -> lazy.commit(Map.of()))) {
            assertThatThrownBy(use)
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("manifest_0");
          }
        }
      }
      Files.write(manifest, good);
      world.open();
      assertThat(world.get(key(1))).isEqualTo(CompressedWorld.text(1, 500));
      CompressedWorld.checkTrainingValues(world);
    }
  }

  /** Bug 13: no key is dropped in silence; what a page cannot hold is stored otherwise. */
  @Test
  void everyKeyOfABatchIsStoredOrTheBatchIsRefused() {
    try (PartitionWorld world = inMemory(OPTIONS)) {
      List<byte[]> keys = new ArrayList<>();
      for (int length : new int[] {2048, 1, 2040, 60_000, 2039, 2, 5000, 2049, 4096, 2041}) {
        byte[] key = new byte[length];
        Arrays.fill(key, (byte) length);
        keys.add(key);
      }
      WriteBatch batch = new WriteBatch();
      keys.forEach(key -> batch.put(key, key, 5));
      batch.put(keys.get(0), new byte[] {1}, 4); // twice, the older one last
      world.partition().write(batch);
      int before = batch.size();
      assertRefused(StoreErrorCode.INVALID_ARGUMENT, () -> batch.put(new byte[0], new byte[1], 5));
      assertRefused(StoreErrorCode.INVALID_ARGUMENT, () -> batch.put(key(1), new byte[1], -1));
      assertThat(batch.size()).isEqualTo(before);
      keys.forEach(key -> assertThat(world.get(key)).isEqualTo(key));
      world.reopenAfterCommit();
      keys.forEach(key -> assertThat(world.get(key)).isEqualTo(key));
      world.verifyTrees("reopened");
    }
  }

  /** Bug 16: memory is full of what cannot be evicted, for a while. */
  @Test
  void afterMemoryWasFullOfPinsEverythingIsThere() {
    try (PartitionWorld world = inMemory(OPTIONS)) {
      PartitionModel model = new PartitionModel();
      for (int i = 0; i < 5000; i++) {
        world.put(key(i), new byte[200]);
        model.put(key(i), new byte[200]);
      }
      world.commit();
      MemoryBudget budget = world.shard.budget();
      for (int round = 0; round < 3; round++) {
        world.settle();
        List<Long> blocks = new ArrayList<>();
        for (long at; (at = budget.allocate(4096, MemoryUse.IO)) != MemoryBudget.NONE; ) {
          blocks.add(at);
        }
        assertThat(blocks).hasSizeGreaterThan(100);
        int refused = 0;
        for (int i = 0; i < 5000; i += 50) {
          try {
            assertThat(world.get(key(i))).isEqualTo(new byte[200]);
          } catch (StoreException e) {
            assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_MEMORY);
            refused++;
          }
        }
        assertThat(refused).isPositive();
        blocks.forEach(at -> budget.free(at, 4096, MemoryUse.IO));
        for (int i = 0; i < 500; i++) {
          byte[] value = new byte[100 + round];
          world.put(key(i * 7), value);
          model.put(key(i * 7), value);
        }
        world.commit();
        world.checkAll(model, "round " + round);
      }
      world.reopen();
      world.checkAll(model, "reopened");
      world.verifyTrees("reopened");
    }
  }

  // ---- gaps -------------------------------------------------------------------------------------

  /** Deltas of neighbours in a page go down, up and over the whole range. */
  @Test
  void timestampsInAnyOrderComeBack() throws IOException {
    long[] times = {0, Long.MAX_VALUE, 1, 0, Long.MAX_VALUE, Long.MAX_VALUE - 1, 5, 4, 1L << 40, 3};
    for (int interval : new int[] {1, 2, 16}) {
      StoreOptions options = OPTIONS.withRestartIntervals(interval, interval);
      Path root = temp.resolve("store" + interval);
      try (PartitionWorld world =
          new PartitionWorld(
              8 << 20, budget -> NioBackend.buffered(budget.arena()), root, options)) {
        for (int i = 0; i < 3000; i++) {
          world.put(key(i), new byte[i % 90], times[i * i % 10], i % 7 == 0 ? 9_000_000 - i : 0);
        }
        world.commit();
        world.reopen();
        ValueBuffer found = new ValueBuffer();
        for (int i = 0; i < 3000; i++) {
          assertThat(world.partition().get(key(i), 0, 4, found)).isTrue();
          assertThat(found.timestamp()).isEqualTo(times[i * i % 10]);
          assertThat(found.expireTs()).isEqualTo(i % 7 == 0 ? 9_000_000 - i : 0);
        }
        assertThat(ReferenceVerifier.verify(world.partitionDirectory(), 4096, 6)).isEmpty();
      }
    }
  }

  @Test
  void everyEntryMayBeARestartPoint() throws IOException {
    try (PartitionWorld world = onFiles(OPTIONS.withRestartIntervals(1, 1))) {
      Random random = new Random(31);
      PartitionModel model = new PartitionModel();
      for (int i = 0; i < 15_000; i++) {
        byte[] key = key(random.nextInt(4000));
        if (random.nextInt(4) == 0) {
          world.delete(key);
          model.delete(key);
        } else {
          byte[] value = new byte[random.nextInt(500) == 0 ? 9000 : random.nextInt(120)];
          world.put(key, value);
          model.put(key, value);
        }
        if (i % 2500 == 0) {
          world.commit();
        }
      }
      world.commit();
      world.checkAll(model, "seed 31");
      assertThat(ReferenceVerifier.verify(world.partitionDirectory(), 4096, 6)).isEmpty();
    }
    // What was written so is read and rewritten under other intervals.
    try (PartitionWorld world = onFiles(OPTIONS.withRestartIntervals(1024, 1024))) {
      for (int i = 0; i < 4000; i += 3) {
        world.put(key(i), new byte[50]);
      }
      world.commit();
      for (int i = 0; i < 4000; i += 3) {
        assertThat(world.get(key(i))).hasSize(50);
      }
      assertThat(ReferenceVerifier.verify(world.partitionDirectory(), 4096, 6)).isEmpty();
    }
  }
}
