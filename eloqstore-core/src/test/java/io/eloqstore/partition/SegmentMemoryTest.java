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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** Segments in little memory. */
class SegmentMemoryTest {

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static PartitionWorld world(long budget, int shift, int runsMax) {
    StoreOptions options =
        StoreOptions.defaults()
            .withPagesPerFileShift(shift)
            .withManifestLogBytesMax(64 << 10)
            .withDurability(StoreOptions.Durability.NEVER)
            .withSegments(new SegmentOptions(When.ALWAYS, runsMax));
    return new PartitionWorld(
        budget, memory -> MemoryBackend.plain(memory.arena()), Path.of("/store"), options);
  }

  private static void fill(PartitionWorld world, int runs) {
    Random random = new Random(1);
    for (int i = 0; i < runs; i++) {
      for (int k = 0; k < 300; k++) {
        world.put(bytes(String.format("k%05d", random.nextInt(20_000))), new byte[40]);
      }
      world.commit();
    }
  }

  /** runsMax may be 1 to 1000. */
  @Test
  void manyRunsInLittleMemory() {
    try (PartitionWorld world = world(1 << 20, 4, 100)) {
      fill(world, 150);
      world.checkRange(new PartitionModel(), new KeyRange(bytes("x"), null), false, 10, "scan");
      world.partition().seal();
      assertThat(world.rows().poisonOrNull()).isNull();
    }
  }

  /** Files of a few pages make many segments of each flush. */
  @Test
  void smallFilesInLittleMemory() {
    try (PartitionWorld world = world(2 << 20, 1, 4)) {
      Random random = new Random(1);
      for (int k = 0; k < 60_000; k++) {
        world.put(bytes(String.format("k%05d", random.nextInt(100_000))), new byte[40]);
      }
      world.commit();
      world.partition().seal();
      assertThat(world.rows().poisonOrNull()).isNull();
    }
  }

  @Test
  void modelInTheSmallestBudget() throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      for (long seed = 1; seed <= 6; seed++) {
        try (PartitionWorld world = world(1 << 20, 4, 4)) {
          Random random = new Random(seed);
          ModelKeys keys = new ModelKeys(random, world.options, 200 << random.nextInt(5), 0, 2);
          new ModelRun(world, random, keys, other, "seed " + seed).run(20_000);
          world.partition().seal();
        }
      }
    } finally {
      other.shutdown();
    }
  }
}
