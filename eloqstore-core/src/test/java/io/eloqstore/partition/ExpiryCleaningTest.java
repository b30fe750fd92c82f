/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Rows that have expired leave both trees: after flushes, as time passes, when asked for; in
 * bounded steps, and without a look at the tree when nothing is due. What was rewritten stays.
 */
class ExpiryCleaningTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(4)
          .withDurability(StoreOptions.Durability.NEVER);

  private static PartitionWorld world() {
    return new PartitionWorld(
        8 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), OPTIONS);
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(6).putShort((short) 7).putInt(number).array();
  }

  private static void putExpiring(PartitionWorld world, int from, int to, long expireTs) {
    for (int i = from; i < to; i++) {
      world.put(key(i), new byte[30], 1, expireTs);
    }
  }

  private static void assertClean(PartitionWorld world, long entries) {
    Root root = world.rows().view().root();
    assertThat(root.counts()).isEqualTo(new Counts(entries, 0, 0, true));
    assertThat(root.ttlPage()).isEqualTo(Root.NO_PAGE);
    world.verifyTrees("cleaned");
  }

  @Test
  void expiredRowsGoWithTheNextFlush() {
    try (PartitionWorld world = world()) {
      putExpiring(world, 0, 1000, world.nowMs.get() + 100);
      for (int i = 1000; i < 1500; i++) {
        world.put(key(i), new byte[30]);
      }
      world.commit();
      world.nowMs.addAndGet(100);
      world.put(key(2000), new byte[1]);
      world.settle();
      assertClean(world, 501);
      world.reopenAfterCommit();
      assertClean(world, 501);
    }
  }

  @Test
  void expiredRowsGoAsTimePassesWithoutWrites() {
    try (PartitionWorld world = world()) {
      putExpiring(world, 0, 1000, world.nowMs.get() + 100);
      world.commit();
      world.shard.tick();
      world.settle();
      assertThat(world.rows().view().root().counts().entries()).isEqualTo(1000);
      world.nowMs.addAndGet(100);
      world.shard.tick();
      world.settle();
      assertClean(world, 0);
    }
  }

  @Test
  void rowsThatExpiredWhileItWasClosedGo() {
    try (PartitionWorld world = world()) {
      putExpiring(world, 0, 10, world.nowMs.get() + 100);
      world.reopenAfterCommit();
      world.nowMs.addAndGet(100);
      world.shard.tick();
      world.settle();
      assertClean(world, 0);
    }
  }

  @Test
  void rowsRewrittenWithALaterExpiryOrWithoutOneStay() {
    try (PartitionWorld world = world()) {
      long soon = world.nowMs.get() + 100;
      putExpiring(world, 0, 40, soon);
      world.commit();
      putExpiring(world, 0, 10, soon + 1000);
      world.commit();
      world.nowMs.addAndGet(100);
      // These are in the buffer alone.
      putExpiring(world, 10, 20, soon + 1000);
      for (int i = 20; i < 30; i++) {
        world.put(key(i), new byte[] {1}, 2, 0);
      }
      world.shard.tick();
      while (world.rows().maintenance().wantsStep()) {
        Thread.yield();
      }
      for (int i = 0; i < 40; i++) {
        assertThat(world.get(key(i)) != null).as("row " + i).isEqualTo(i < 30);
      }
      world.settle();
      assertThat(world.rows().view().root().counts()).isEqualTo(new Counts(30, 0, 20, true));
      world.verifyTrees("rewritten");
      world.nowMs.addAndGet(1000);
      world.partition().cleanExpired();
      assertClean(world, 10);
    }
  }

  @Test
  void aStepTakesABoundedNumberOfEntries() {
    try (SteppedShard shard = new SteppedShard(16 << 20)) {
      Partition partition = shard.open(0, OPTIONS);
      int rows = 3 * ExpiryCleaning.STEP_ENTRIES;
      for (int i = 0; i < rows; i++) {
        partition.put(key(i), 0, 6, new byte[8], 0, 8, 1, 100);
      }
      partition.flush();
      shard.work();
      shard.clock = () -> 100;
      for (int left = 2; left >= 0; left--) {
        partition.backgroundStep().run();
        assertThat(partition.rows().view().root().counts().ttlEntries())
            .isEqualTo((long) left * ExpiryCleaning.STEP_ENTRIES);
        assertThat(partition.backgroundStep().isDue(100)).isEqualTo(left > 0);
      }
      partition.close();
    }
  }

  /** C++ looks at the tree again with every write after an open, as long as nothing is due. */
  @Test
  void theFirstStepAfterAnOpenLearnsWhenTheNextRowExpires() {
    try (SteppedShard shard = new SteppedShard(8 << 20)) {
      Partition partition = shard.open(0, OPTIONS);
      partition.put(key(1), 0, 6, new byte[8], 0, 8, 1, 100);
      shard.runsAtOnce = true;
      partition.commit(Map.of());
      partition.close();
      shard.runsAtOnce = false;
      partition = shard.open(0, OPTIONS);
      assertThat(partition.backgroundStep().isDue(1)).isTrue();
      partition.backgroundStep().run();
      assertThat(partition.backgroundStep().isDue(1)).isFalse();
      assertThat(partition.backgroundStep().isDue(99)).isFalse();
      assertThat(partition.backgroundStep().isDue(100)).isTrue();
      partition.close();
    }
  }

  @Test
  void askedForItReturnsWhenBufferedAndLargeRowsAreGone() {
    try (PartitionWorld world = world()) {
      long soon = world.nowMs.get() + 100;
      putExpiring(world, 0, 20_000, soon);
      world.put(key(30_000), new byte[70_000], 1, soon);
      world.commit();
      putExpiring(world, 40_000, 40_100, soon);
      world.put(key(50_000), new byte[1]);
      world.nowMs.addAndGet(100);
      world.partition().cleanExpired();
      assertClean(world, 1);
    }
  }

  @Test
  void rowsOfLongKeysGoWhenTheirBucketIsWritten() {
    try (PartitionWorld world = world()) {
      byte[] expiring = new byte[3000];
      byte[] neighbour = Arrays.copyOf(expiring, 3001);
      world.put(expiring, new byte[500], 9, world.nowMs.get() + 100);
      world.nowMs.addAndGet(100);
      assertThat(world.get(expiring)).isNull();
      world.put(expiring, new byte[1], 8, world.nowMs.get() + 100);
      assertThat(world.get(expiring)).as("what expired counts as absent").hasSize(1);
      world.nowMs.addAndGet(100);
      world.put(neighbour, new byte[1], 1, world.nowMs.get());
      world.settle();
      assertThat(world.rows().view().root().counts().entries()).isZero();
    }
  }

  @Test
  void whatExpiredLosesAgainstAnOlderWrite() {
    try (PartitionWorld world = world()) {
      world.put(key(1), new byte[] {1}, 100, world.nowMs.get() + 100);
      world.put(key(2), new byte[] {1}, 100, world.nowMs.get() + 100);
      world.settle();
      world.put(key(1), new byte[] {1}, 100, world.nowMs.get() + 100);
      world.nowMs.addAndGet(100);
      world.put(key(1), new byte[] {2}, 5, 0);
      world.put(key(2), new byte[] {2}, 5, 0);
      assertThat(world.get(key(1))).isEqualTo(new byte[] {2});
      assertThat(world.get(key(2))).isEqualTo(new byte[] {2});
      world.settle();
      assertClean(world, 2);
    }
  }

  @Test
  void afterAFailedWriteItIsRefused() {
    FaultPlan plan = FaultPlan.of(1);
    try (PartitionWorld world =
        new PartitionWorld(
            8 << 20,
            budget -> MemoryBackend.simulated(budget.arena(), plan),
            Path.of("/store"),
            OPTIONS)) {
      putExpiring(world, 0, 100, world.nowMs.get() + 100);
      world.put(key(200), new byte[1]);
      world.commit();
      world.nowMs.addAndGet(100);
      plan.fail(EnumSet.of(FaultPlan.Kind.WRITE), 0, StoreErrorCode.IO_FAILED);
      assertThatThrownBy(() -> world.partition().cleanExpired())
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.POISONED));
      assertThat(world.get(key(200))).hasSize(1);
    }
  }

  @Test
  void randomRowsAgainstAModel() {
    for (long seed = 1; seed <= 10; seed++) {
      try (PartitionWorld world = world()) {
        Random random = new Random(seed);
        TreeMap<Integer, Long> model = new TreeMap<>();
        for (int i = 0; i < 20_000; i++) {
          int key = random.nextInt(2000);
          switch (random.nextInt(200)) {
            case 0 -> world.nowMs.addAndGet(random.nextInt(1000));
            case 1 -> world.partition().flush();
            case 2 -> world.shard.tick();
            case 3 -> world.partition().cleanExpired();
            default -> {
              long expireTs = random.nextInt(4) == 0 ? 0 : world.nowMs.get() + random.nextInt(3000);
              world.put(key(key), new byte[random.nextInt(100)], 1, expireTs);
              model.put(key, expireTs);
            }
          }
        }
        world.partition().cleanExpired();
        long now = world.nowMs.get();
        model.values().removeIf(expireTs -> expireTs != 0 && expireTs <= now);
        for (int key = 0; key < 2000; key++) {
          assertThat(world.get(key(key)) != null)
              .as("seed " + seed + ", key " + key)
              .isEqualTo(model.containsKey(key));
        }
        world.settle();
        long expiring = model.values().stream().filter(expireTs -> expireTs != 0).count();
        assertThat(world.rows().view().root().counts())
            .as("seed " + seed)
            .isEqualTo(new Counts(model.size(), 0, expiring, true));
        world.verifyTrees("seed " + seed);
      }
    }
  }
}
