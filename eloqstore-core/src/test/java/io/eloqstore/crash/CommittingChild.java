/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import io.eloqstore.EloqStore;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * The child of {@link SigkillTest}: changes and commits for ever, and says the number of each
 * version when its commit has returned.
 */
final class CommittingChild {
  static final PartitionId ID = new PartitionId("t", 3);
  static final StoreOptions OPTIONS =
      StoreOptions.defaults().withPagesPerFileShift(6).withManifestLogBytesMax(32 << 10);
  static final ShardOptions SHARD = ShardOptions.defaults().withBudgetBytes(4L << 20);

  /** Keys that may be there. */
  private static final int KEYS = 400;

  private CommittingChild() {}

  static String key(int number) {
    return String.format("key%05d", number);
  }

  /** What version {@code version} changes: the same each time it is asked. */
  static void change(long seed, int version, TextWriter writer) {
    Random random = new Random(new SplittableRandom(seed * 1_000_003 + version).nextLong());
    int changes = 1 + random.nextInt(60);
    for (int i = 0; i < changes; i++) {
      String key = key(random.nextInt(KEYS));
      int kind = random.nextInt(100);
      if (kind < 80) {
        writer.put(key, version + "." + i + "-".repeat(random.nextInt(150)));
      } else if (kind < 96) {
        writer.delete(key);
      } else if (kind < 98) {
        writer.put(key, version + "+".repeat(5_000 + random.nextInt(20_000)));
      } else {
        int from = random.nextInt(KEYS);
        writer.deleteRange(key(from), key(from + random.nextInt(30)));
      }
    }
  }

  /** Arguments: directory of the store, seed. */
  public static void main(String[] arguments) {
    long seed = Long.parseLong(arguments[1]);
    try (Shard shard = EloqStore.openShard(SHARD);
        EloqStore store = EloqStore.open(shard, Path.of(arguments[0]), OPTIONS)) {
      TextPartition partition = new TextPartition(store.openPartition(ID));
      for (int version = partition.version() + 1; ; version++) {
        change(seed, version, partition);
        if (version % 3 == 0) {
          partition.partition().flush();
        }
        partition.commit(version);
        System.out.println("committed " + version);
      }
    }
  }
}
