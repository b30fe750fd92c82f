/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.SegmentOptions.When;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.reference.ReferenceEntry;
import io.eloqstore.reference.ReferenceStore;
import io.eloqstore.reference.ReferenceVerifier;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A partition does what a sorted map does: random operations of every kind against {@link
 * PartitionModel}, under small budgets and small files, with snapshots, freeze points and reopening
 * in between.
 *
 * <p>For hours instead of seconds: {@code mvn -o -pl eloqstore-core test -Dtest=PartitionModelTest
 * -Dtest.jvm.flags="-Deloqstore.model.operations=200000 -Deloqstore.model.seeds=1000"}; {@code
 * -Deloqstore.model.first} names the first seed.
 */
class PartitionModelTest {
  private static final long OPERATIONS = Long.getLong("eloqstore.model.operations", 12_000);
  private static final long SEEDS = Long.getLong("eloqstore.model.seeds", 20);
  private static final long FIRST_SEED = Long.getLong("eloqstore.model.first", 1);

  private static ExecutorService otherThread;

  @TempDir Path directory;

  @BeforeAll
  static void startThread() {
    otherThread = Executors.newSingleThreadExecutor();
  }

  @AfterAll
  static void endThread() {
    otherThread.shutdown();
  }

  private static StoreOptions options(int pageBytes) {
    return StoreOptions.defaults()
        .withPageBytes(pageBytes)
        .withPagesPerFileShift(4)
        .withManifestLogBytesMax(64 << 10)
        .withDurability(StoreOptions.Durability.NEVER);
  }

  /** One run on files, checked by the independent reader of the format afterwards. */
  private void runOnFiles(
      long seed, long operations, StoreOptions options, long budgetBytes, int longKeyPercent)
      throws Exception {
    Path store = directory.resolve("seed" + seed);
    Path partition;
    try (PartitionWorld world =
        new PartitionWorld(
            budgetBytes, budget -> NioBackend.buffered(budget.arena()), store, options)) {
      partition = world.partitionDirectory();
      run(world, seed, operations, longKeyPercent);
      // The independent reader knows no segments.
      world.partition().seal();
    }
    assertThat(
            ReferenceVerifier.verify(partition, options.pageBytes(), options.pagesPerFileShift()))
        .as("seed %d", seed)
        .isEmpty();
  }

  private static void runInMemory(
      long seed, long operations, StoreOptions options, long budgetBytes, int longKeyPercent)
      throws Exception {
    try (PartitionWorld world =
        new PartitionWorld(
            budgetBytes,
            budget -> MemoryBackend.plain(budget.arena()),
            Path.of("/store"),
            options)) {
      run(world, seed, operations, longKeyPercent);
    }
  }

  private static void run(PartitionWorld world, long seed, long operations, int longKeyPercent)
      throws Exception {
    Random random = new Random(seed);
    int shortKeys = 200 << random.nextInt(5);
    int largePerMille = random.nextInt(3) == 0 ? 20 : 2;
    ModelKeys keys = new ModelKeys(random, world.options, shortKeys, longKeyPercent, largePerMille);
    new ModelRun(world, random, keys, otherThread, "seed " + seed).run(operations);
  }

  @Test
  void smallPagesInMemory() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + 2 * SEEDS; seed++) {
      runInMemory(seed, OPERATIONS, options(4096), 2 << 20, 0);
    }
  }

  @Test
  void largePagesInMemory() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      runInMemory(1_000_000 + seed, OPERATIONS, options(16384), 4 << 20, 0);
    }
  }

  @Test
  void smallestBudgetInMemory() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      runInMemory(2_000_000 + seed, OPERATIONS, options(4096), 1 << 20, 0);
    }
  }

  /** Large enough for a compression context, small enough for flushes to be frequent. */
  private static final long COMPRESSION_BUDGET_BYTES = 11 << 20;

  /** A dictionary first: it stays when all that it was made of is deleted. */
  private static void train(PartitionWorld world) {
    CompressedWorld.train(world);
    world.partition().deleteRange(KeyRange.ALL);
    world.settle();
    world.commit();
  }

  @Test
  void compressedInMemory() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try (PartitionWorld world =
          new PartitionWorld(
              COMPRESSION_BUDGET_BYTES,
              budget -> MemoryBackend.plain(budget.arena()),
              Path.of("/store"),
              options(seed % 3 == 0 ? 16384 : 4096).withCompression(true))) {
        train(world);
        run(world, 5_000_000 + seed, OPERATIONS, seed % 2 == 0 ? 1 : 0);
      }
    }
  }

  @Test
  void compressedOnFiles() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 4; seed++) {
      StoreOptions options = options(4096).withCompression(true);
      Path partition;
      try (PartitionWorld world =
          CompressedWorld.open(
              directory.resolve("seed" + seed), options, COMPRESSION_BUDGET_BYTES)) {
        partition = world.partitionDirectory();
        train(world);
        run(world, 6_000_000 + seed, OPERATIONS, 1);
      }
      assertThat(ReferenceVerifier.verify(partition, 4096, options.pagesPerFileShift()))
          .as("seed %d", seed)
          .isEmpty();
      assertThat(ReferenceStore.read(partition, 4096, options.pagesPerFileShift()).entries())
          .as("seed %d", seed)
          .anyMatch(ReferenceEntry::compressed);
    }
  }

  @Test
  void longKeys() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 2; seed++) {
      runInMemory(3_000_000 + seed, OPERATIONS / 8, options(4096), 4 << 20, 20);
    }
  }

  @Test
  void onFiles() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 2; seed++) {
      runOnFiles(4_000_000 + seed, OPERATIONS, options(seed % 3 == 0 ? 16384 : 4096), 2 << 20, 1);
    }
  }

  /** Every flush is a segment; merged at once, after a few, or when the run ends. */
  @Test
  void segmentsInMemory() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + 2 * SEEDS; seed++) {
      int runsMax = seed % 3 == 0 ? 100 : (int) seed % 5 + 1;
      StoreOptions options = options(4096).withSegments(new SegmentOptions(When.ALWAYS, runsMax));
      runInMemory(7_000_000 + seed, OPERATIONS, options, 3 << 20, 1);
    }
  }

  @Test
  void segmentsOnFiles() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 2; seed++) {
      SegmentOptions segments = new SegmentOptions(When.ALWAYS, (int) seed % 7 + 1);
      runOnFiles(8_000_000 + seed, OPERATIONS, options(4096).withSegments(segments), 2 << 20, 1);
    }
  }

  @Test
  void sparseFlushesAsSegments() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 2; seed++) {
      SegmentOptions segments = new SegmentOptions(When.SPARSE, 2);
      runOnFiles(9_000_000 + seed, OPERATIONS, options(4096).withSegments(segments), 2 << 20, 0);
    }
  }

  @Test
  void inPlaceInMemory() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + 2 * SEEDS; seed++) {
      StoreOptions options = options(4096).withAppendMode(false);
      runInMemory(5_000_000 + seed, OPERATIONS, options, seed % 2 == 0 ? 1 << 20 : 2 << 20, 1);
    }
  }

  @Test
  void inPlaceOnFiles() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 2; seed++) {
      StoreOptions options =
          options(seed % 3 == 0 ? 16384 : 4096)
              .withAppendMode(false)
              .withDurability(StoreOptions.Durability.COMMIT);
      runOnFiles(6_000_000 + seed, OPERATIONS, options, 2 << 20, 1);
    }
  }
}
