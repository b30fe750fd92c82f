/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.SegmentOptions.When;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.MemoryBackend;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Long keys while segments are merged range by range. */
class SegmentBucketTest {

  /** A bucket that was split may be merged half: the tree alone then has keys twice. */
  @Test
  void theCheckerFindsNothingWhileBucketsAreMerged() {
    StoreOptions options =
        StoreOptions.defaults()
            .withPagesPerFileShift(6)
            .withDurability(StoreOptions.Durability.NEVER)
            .withSegments(new SegmentOptions(When.ALWAYS, 1));
    try (PartitionWorld world =
        new PartitionWorld(
            16 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), options)) {
      Random random = new Random(7);
      byte[] key = new byte[options.bucketPrefixBytes() + 4];
      Arrays.fill(key, (byte) 'p');
      for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 300; i++) {
          int number = random.nextInt(1 << 24);
          for (int b = 0; b < 3; b++) {
            key[key.length - 3 + b] = (byte) (number >>> 16 - 8 * b);
          }
          world.put(key, new byte[400]);
        }
        world.commit();
        for (int i = 0; i < 4; i++) {
          world.commit();
          Path directory = world.partitionDirectory();
          int segments = world.rows().view().root().segments().length;
          world.closeStore();
          // Closing leaves files of merges that nobody committed.
          assertThat(PartitionVerifier.verify(world.shard, directory, options).findings())
              .as("round %d, %d segments", round, segments)
              .allMatch(finding -> finding.startsWith("orphan"));
          world.open();
          for (int w = 0; w < 2000 * i; w++) {
            Thread.onSpinWait();
          }
          world.put(new byte[] {1}, new byte[] {(byte) i});
        }
      }
    }
  }
}
