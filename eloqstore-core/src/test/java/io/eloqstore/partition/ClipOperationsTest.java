/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.reference.ReferenceVerifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A clipped partition holds exactly the range, goes on like any other, and may be clipped again:
 * random operations against a model between clips at random bounds.
 *
 * <p>{@code -Deloqstore.model.seeds} and {@code -Deloqstore.model.first} as in {@link
 * PartitionModelTest}.
 */
class ClipOperationsTest {
  private static final int OPERATIONS = 3000;
  private static final int CLIPS = 4;
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
        .withPagesPerFileShift(2)
        .withManifestLogBytesMax(64 << 10)
        .withDurability(StoreOptions.Durability.NEVER);
  }

  private static void run(PartitionWorld world, long seed, Path images, boolean timed)
      throws Exception {
    Random random = new Random(seed);
    int longKeyPercent = random.nextInt(4) == 0 ? 10 : 0;
    int largePerMille = random.nextInt(3) == 0 ? 0 : 2 + random.nextInt(30);
    ModelKeys keys =
        new ModelKeys(
            random, world.options, 200 << random.nextInt(5), longKeyPercent, largePerMille);
    ModelRun run = new ModelRun(world, random, keys, otherThread, "seed " + seed);
    if (!timed) {
      run.untimed();
    }
    for (int clip = 0; clip < CLIPS; clip++) {
      run.run(OPERATIONS);
      run.clip(images.resolve("image" + clip), range(random, keys, world.options));
    }
    run.run(OPERATIONS);
  }

  /** Bounds that are keys, lie between keys, or are open; shorter than long keys. */
  private static KeyRange range(Random random, ModelKeys keys, StoreOptions options) {
    byte[] from = random.nextInt(4) == 0 ? null : bound(random, keys, options);
    byte[] to = random.nextInt(4) == 0 ? null : bound(random, keys, options);
    if (from != null && to != null && Arrays.compareUnsigned(from, to) > 0) {
      return new KeyRange(to, from);
    }
    KeyRange range = new KeyRange(from, to);
    return range.isEmpty() ? new KeyRange(from, null) : range;
  }

  private static byte[] bound(Random random, ModelKeys keys, StoreOptions options) {
    byte[] key = keys.plain();
    int most = Math.min(key.length, options.bucketPrefixBytes() - 1);
    return Arrays.copyOf(key, random.nextInt(3) == 0 ? 1 + random.nextInt(most) : most);
  }

  @Test
  void unreadLeaves() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try (PartitionWorld world = inMemory(4096)) {
        run(world, seed, Path.of("/images"), false);
      }
    }
  }

  @Test
  void largePages() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 2; seed++) {
      try (PartitionWorld world = inMemory(16384)) {
        run(world, 1_000_000 + seed, Path.of("/images"), false);
      }
    }
  }

  @Test
  void entriesThatExpire() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 2; seed++) {
      try (PartitionWorld world = inMemory(4096)) {
        run(world, 2_000_000 + seed, Path.of("/images"), true);
      }
    }
  }

  @Test
  void onFiles() throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS / 4; seed++) {
      Path store = directory.resolve("store" + seed);
      Path partition;
      try (PartitionWorld world =
          new PartitionWorld(
              4 << 20, budget -> NioBackend.buffered(budget.arena()), store, options(4096))) {
        partition = world.partitionDirectory();
        run(world, 3_000_000 + seed, directory.resolve("images" + seed), false);
      }
      assertThat(ReferenceVerifier.verify(partition, 4096, 2)).as("seed %d", seed).isEmpty();
    }
  }

  private static PartitionWorld inMemory(int pageBytes) {
    return new PartitionWorld(
        4 << 20,
        budget -> MemoryBackend.plain(budget.arena()),
        Path.of("/store"),
        options(pageBytes));
  }
}
