/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.MemoryBackend;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is deleted, cut off or expired leaves neither entries nor pages, whatever its size is. */
class DeletionTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(5)
          .withDurability(StoreOptions.Durability.NEVER);

  private final PartitionModel model = new PartitionModel();

  private static PartitionWorld world() {
    return new PartitionWorld(
        8 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), OPTIONS);
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(6).putShort((short) 7).putInt(number).array();
  }

  private static byte[] value(int number, int length) {
    byte[] value = new byte[length];
    Arrays.fill(value, (byte) number);
    return value;
  }

  private static int mappedPages(PartitionWorld world) {
    return world.rows().view().root().mapping().mappedCount();
  }

  private void put(PartitionWorld world, int number, byte[] value) {
    world.put(key(number), value);
    model.put(key(number), value);
  }

  @Test
  void heightDecreasesWithTheEntries() {
    try (PartitionWorld world = world()) {
      for (int i = 0; i < 3000; i++) {
        put(world, i, value(i, 1500));
      }
      world.commit();
      int full = mappedPages(world);
      assertThat(full).as("three levels").isGreaterThan(1000);
      for (int left : new int[] {1500, 200, 20, 2, 1}) {
        for (int i = left; i < 3000; i++) {
          world.delete(key(i));
          model.delete(key(i));
        }
        world.commit();
        world.settle();
        world.checkAll(model, left + " left");
        world.verifyTrees(left + " left");
        // Two rows fill a leaf; one row more for each page that is not full, one page for each
        // root.
        assertThat(mappedPages(world)).as(left + " left").isLessThanOrEqualTo(left * 2 / 3 + 3);
      }
      assertThat(mappedPages(world)).as("a leaf below the lowest root there is").isEqualTo(2);
      world.delete(key(0));
      world.commit();
      world.settle();
      assertThat(mappedPages(world)).isZero();
      world.reopen();
      assertThat(world.get(key(0))).isNull();
      put(world, 0, value(1, 10));
      assertThat(world.get(key(0))).hasSize(10);
    }
  }

  @Test
  void randomPutsAndDeletesOfOrdinaryAndLargeValuesAgreeWithTheModel() {
    try (PartitionWorld world = world()) {
      long seed = 11;
      Random random = new Random(seed);
      for (int round = 0; round < 20; round++) {
        String where = "seed " + seed + ", round " + round;
        // Rounds that mostly put and rounds that mostly delete.
        int deletes = round % 4 == 3 ? 9 : 3;
        for (int i = 0; i < 500; i++) {
          int number = random.nextInt(1500);
          if (random.nextInt(10) < deletes) {
            world.delete(key(number));
            model.delete(key(number));
          } else {
            put(world, number, value(number + i, random.nextInt(60) == 0 ? 9000 : 150));
          }
        }
        if (random.nextBoolean()) {
          world.commit();
        }
        int from = random.nextInt(1500);
        KeyRange range = new KeyRange(key(from), key(from + random.nextInt(700)));
        world.checkRange(model, range, round % 2 == 0, 1 + random.nextInt(50), where);
      }
      world.checkAll(model, "at the end");
      world.settle();
      world.verifyTrees("at the end");
    }
  }

  @Test
  void truncateFromTheEndToTheBeginning() {
    try (PartitionWorld world = world()) {
      for (int i = 0; i < 20_000; i++) {
        put(world, i, value(i, i % 100 == 0 ? 12_000 : 60));
      }
      world.commit();
      int full = mappedPages(world);
      for (int from : new int[] {20_000, 19_999, 15_000, 15_000, 4_000, 100, 1}) {
        world.partition().deleteFrom(key(from));
        model.deleteRange(new KeyRange(key(from), null));
        world.checkRange(model, KeyRange.ALL, false, 500, "before the flush, from " + from);
        world.commit();
        world.settle();
        world.checkRange(model, KeyRange.ALL, true, 500, "from " + from);
        world.verifyTrees("from " + from);
        assertThat(mappedPages(world)).isLessThanOrEqualTo(full * Math.max(from, 1) / 20_000 + 8);
      }
      world.partition().deleteFrom(new byte[0]);
      world.commit();
      world.settle();
      assertThat(mappedPages(world)).isZero();
      assertThat(world.partition().approximateEntryCount()).isZero();
    }
  }

  @Test
  void expiryMixedWithLargeValuesAndTruncates() {
    try (PartitionWorld world = world()) {
      long seed = 12;
      Random random = new Random(seed);
      for (int i = 0; i < 8000; i++) {
        int number = random.nextInt(1000);
        switch (random.nextInt(100)) {
          case 0 -> world.nowMs.addAndGet(random.nextInt(400));
          case 1 -> world.partition().flush();
          case 2 -> {
            int from = 900 + random.nextInt(100);
            world.partition().deleteFrom(key(from));
            model.deleteRange(new KeyRange(key(from), null));
          }
          case 3 -> world.reopenAfterCommit();
          case 4, 5, 6, 7, 8 -> {
            world.delete(key(number));
            model.delete(key(number));
          }
          default -> {
            byte[] value = value(i, random.nextInt(40) == 0 ? 20_000 : random.nextInt(200));
            long expireTs =
                random.nextInt(3) == 0 ? 0 : world.nowMs.get() - 100 + random.nextInt(2000);
            long timestamp = world.nowMs.get();
            world.put(key(number), value, timestamp, expireTs);
            model.put(key(number), value, timestamp, expireTs, world.nowMs.get());
          }
        }
        if (i % 1000 == 999) {
          world.checkAll(model, "seed " + seed + ", operation " + i);
          world.settle();
          world.verifyTrees("seed " + seed + ", operation " + i);
        }
      }
      world.nowMs.addAndGet(5000);
      world.checkAll(model, "everything that can has expired");
      world.partition().deleteFrom(key(500));
      model.deleteRange(new KeyRange(key(500), null));
      world.partition().cleanExpired();
      world.commit();
      world.settle();
      world.verifyTrees("cleaned");
      world.checkAll(model, "cleaned");
      assertThat(world.rows().view().root().ttlPage()).as("no TTL tree").isNegative();
      world.nowMs.addAndGet(-5000);
      world.checkRange(lasting(), KeyRange.ALL, false, 100, "what had expired is not there");
    }
  }

  /** The entries that never expire. */
  private PartitionModel lasting() {
    PartitionModel rest = model.copy();
    model
        .range(KeyRange.ALL, false)
        .forEach(
            (key, entry) -> {
              if (entry.expireTs() != 0) {
                rest.delete(key);
              }
            });
    return rest;
  }
}
