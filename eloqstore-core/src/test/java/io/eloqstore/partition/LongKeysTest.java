/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.MemoryBackend;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Buckets of long keys where the numbers between two of them run out: splitting at the same place
 * again and again halves the gap each time, so it is gone after 63 splits.
 */
class LongKeysTest {
  private static final int PREFIX_BYTES = StoreOptions.defaults().bucketPrefixBytes();

  private final PartitionModel model = new PartitionModel();
  private PartitionWorld world;

  @BeforeEach
  void open() {
    world =
        new PartitionWorld(
            8 << 20,
            budget -> MemoryBackend.plain(budget.arena()),
            Path.of("/store"),
            StoreOptions.defaults().withDurability(StoreOptions.Durability.NEVER));
  }

  @AfterEach
  void close() {
    world.close();
  }

  private void put(int number, int valueBytes) {
    byte[] key = new byte[PREFIX_BYTES + 2];
    Arrays.fill(key, (byte) 'x');
    key[PREFIX_BYTES] = (byte) (number >> 8);
    key[PREFIX_BYTES + 1] = (byte) number;
    byte[] value = new byte[valueBytes];
    Arrays.fill(value, (byte) number);
    world.put(key, value);
    model.put(key, value);
  }

  @Test
  void ascendingKeysOutliveTheNumbersBehindTheLastBucket() {
    for (int i = 0; i < 150; i++) {
      put(i, 40_000);
    }
    world.checkAll(model, "ascending");
  }

  @Test
  void descendingKeysOutliveTheNumbersBehindTheFirstBucket() {
    for (int i = 150; i > 0; i--) {
      put(i, 40_000);
    }
    world.checkAll(model, "descending");
  }

  @Test
  void valuesLargerThanABucketKeepTheirNeighbours() {
    Random random = new Random(2);
    for (int i = 0; i < 60; i++) {
      put(2 * i, 30_000);
      put(2 * i + 1, random.nextBoolean() ? 150_000 : 20);
      put(2 * i, 70_000);
    }
    world.checkAll(model, "mixed");
  }
}
