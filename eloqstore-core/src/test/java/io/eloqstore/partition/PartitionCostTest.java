/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.mapping.MappingSnapshot;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What deeds cost in pages and files. Method: the lengths of the files before and after. */
class PartitionCostTest {
  private static final int PAGE_BYTES = 4096;

  /** Lets a missing deletion fail; says nothing about speed. */
  private static final long GUARD_SECONDS = 60;

  private static PartitionWorld world(long budgetBytes, int pagesPerFileShift) {
    return new PartitionWorld(
        budgetBytes,
        budget -> MemoryBackend.plain(budget.arena()),
        Path.of("/store"),
        StoreOptions.defaults()
            .withPagesPerFileShift(pagesPerFileShift)
            .withDurability(StoreOptions.Durability.NEVER));
  }

  private static byte[] key(int number) {
    return new byte[] {
      (byte) (number >> 24), (byte) (number >> 16), (byte) (number >> 8), (byte) number
    };
  }

  /** Names and lengths of the files that begin with this. */
  private static Map<String, Long> files(PartitionWorld world, String prefix) {
    Map<String, Long> lengths = new TreeMap<>();
    for (DirectoryEntry entry : world.shard.io().list(world.partitionDirectory())) {
      if (entry.name().startsWith(prefix)) {
        lengths.put(entry.name(), entry.bytes());
      }
    }
    return lengths;
  }

  private static long grown(Map<String, Long> before, Map<String, Long> after) {
    long bytes = 0;
    for (Map.Entry<String, Long> file : after.entrySet()) {
      bytes += file.getValue() - before.getOrDefault(file.getKey(), 0L);
    }
    return bytes;
  }

  @Test
  void oneKeyOfAMillionCostsTwoPagesAndOneRecord() {
    try (PartitionWorld world = world(64 << 20, 13)) {
      byte[] value = new byte[16];
      for (int i = 0; i < 1_000_000; i++) {
        world.put(key(i), value);
      }
      world.commit();
      assertThat(world.partition().approximateEntryCount()).isEqualTo(1_000_000);
      for (int number : new int[] {500_000, 0, 999_999, 77}) {
        Map<String, Long> data = files(world, "data_");
        Map<String, Long> manifest = files(world, "manifest_");
        world.put(key(number), new byte[] {1});
        world.commit();
        assertThat(grown(data, files(world, "data_"))).isBetween(1L, 2L * PAGE_BYTES);
        assertThat(grown(manifest, files(world, "manifest_"))).isEqualTo(PAGE_BYTES);
      }
    }
  }

  @Test
  void filesWithoutALivePageAreDeleted() {
    try (PartitionWorld world = world(2 << 20, 4)) {
      Random random = new Random(3);
      for (int i = 0; i < 60_000; i++) {
        world.put(key(random.nextInt(2000)), new byte[100]);
        if (i % 500 == 0) {
          world.commit();
        }
      }
      world.commit();
      world.settle();
      world.commit();
      MappingSnapshot mapping = world.rows().view().root().mapping();
      // The tail of the flushes, full or not, is the only one that may be without a live page. The
      // worker deletes at the end of its step, a moment after the root is there.
      long guard = System.nanoTime() + TimeUnit.SECONDS.toNanos(GUARD_SECONDS);
      while (files(world, "data_").size() > mapping.fileCount() + 1 && System.nanoTime() < guard) {
        Thread.yield();
      }
      assertThat(files(world, "data_")).hasSizeLessThanOrEqualTo(mapping.fileCount() + 1);
    }
  }

  /** C++ leaves such leaves about 58 percent full. */
  @Test
  void ascendingCommitsOfSingleRowsFillLeaves() {
    try (PartitionWorld world = world(2 << 20, 13)) {
      int rows = 3000;
      for (int i = 0; i < rows; i++) {
        world.put(key(i), new byte[100]);
        world.commit();
      }
      world.settle();
      int pages = world.rows().view().root().mapping().mappedCount();
      // At least three bytes of lengths, one of the key, the value, one of the timestamp.
      assertThat((double) rows * 105 / (pages * 4096.0)).isGreaterThan(0.9);
    }
  }

  @Test
  void anOpenThatWritesNothingLeavesNothing() {
    try (PartitionWorld world = world(2 << 20, 4)) {
      for (int i = 0; i < 3000; i++) {
        world.put(key(i), new byte[100]);
      }
      world.commit();
      world.closeStore();
      Map<String, Long> before = files(world, "");
      world.open();
      assertThat(world.get(key(5))).hasSize(100);
      world.closeStore();
      assertThat(files(world, "")).isEqualTo(before);
      world.open();
    }
  }

  @Test
  void eachOpenWithWritesBeginsANewFile() {
    try (PartitionWorld world = world(2 << 20, 8)) {
      for (int round = 0; round < 4; round++) {
        Map<String, Long> before = files(world, "data_");
        for (int i = 0; i < 100; i++) {
          world.put(key(10_000 * round + i), new byte[100]);
        }
        world.commit();
        Map<String, Long> after = files(world, "data_");
        assertThat(after).hasSizeGreaterThan(before.size());
        assertThat(after).containsAllEntriesOf(before);
        world.reopen();
      }
    }
  }

  @Test
  void ascendingCommitsOfSingleRowsFillPages() {
    int rows = 4000;
    byte[] value = new byte[100];
    int together;
    try (PartitionWorld world = world(4 << 20, 8)) {
      for (int i = 0; i < rows; i++) {
        world.put(key(i), value);
      }
      world.commit();
      together = world.rows().view().root().mapping().mappedCount();
    }
    // Key, value, three lengths and a timestamp; what one merge packs is full but for a rest.
    assertThat(together).isLessThanOrEqualTo(rows * 110 / (PAGE_BYTES * 9 / 10) + 2);
    try (PartitionWorld world = world(4 << 20, 8)) {
      for (int i = 0; i < rows; i++) {
        world.put(key(i), value);
        world.commit();
      }
      int mapped = world.rows().view().root().mapping().mappedCount();
      assertThat(mapped).isLessThanOrEqualTo(together * 10 / 9);
    }
  }
}
