/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.ScanPage;
import io.eloqstore.api.ScanPager;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.StoredEntry;
import io.eloqstore.io.MemoryBackend;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Pages of a scan: by count, by bytes, by both, with large values, over one snapshot. */
class ScanPagerTest {
  private static final KeyRange ALL = KeyRange.ALL;

  private final PartitionWorld world =
      new PartitionWorld(
          4 << 20,
          budget -> MemoryBackend.plain(budget.arena()),
          Path.of("/store"),
          StoreOptions.defaults().withDurability(StoreOptions.Durability.NEVER));

  @AfterEach
  void close() {
    world.close();
  }

  private void put(int number, int valueBytes) {
    world.put(key(number), new byte[valueBytes], number, 0);
  }

  /** Eight bytes. */
  private static byte[] key(int number) {
    return String.format("key%05d", number).getBytes(StandardCharsets.UTF_8);
  }

  private ScanPager pager(KeyRange range, boolean reverse) {
    return new ScanPager(world.partition().iterator(range, reverse));
  }

  private static List<Integer> numbers(ScanPage page) {
    List<Integer> numbers = new ArrayList<>();
    for (StoredEntry entry : page.entries()) {
      int number = Integer.parseInt(new String(entry.key(), StandardCharsets.UTF_8).substring(3));
      assertThat(entry.timestamp()).isEqualTo(number);
      numbers.add(number);
    }
    return numbers;
  }

  @Test
  void pagesByCount() {
    for (int i = 0; i < 10; i++) {
      put(i, 3);
    }
    try (ScanPager pager = pager(ALL, false)) {
      assertThat(numbers(pager.next(4, Long.MAX_VALUE))).containsExactly(0, 1, 2, 3);
      ScanPage second = pager.next(5, Long.MAX_VALUE);
      assertThat(numbers(second)).containsExactly(4, 5, 6, 7, 8);
      assertThat(second.hasRemaining()).isTrue();
      ScanPage last = pager.next(1, Long.MAX_VALUE);
      assertThat(numbers(last)).containsExactly(9);
      assertThat(last.hasRemaining()).as("exactly the last one").isFalse();
      assertThat(pager.next(1, 1)).isEqualTo(new ScanPage(List.of(), false));
    }
    try (ScanPager pager = pager(new KeyRange(key(2), key(6)), true)) {
      assertThat(numbers(pager.next(3, Long.MAX_VALUE))).containsExactly(5, 4, 3);
      assertThat(pager.next(3, Long.MAX_VALUE).hasRemaining()).isFalse();
    }
  }

  @Test
  void pagesByBytesCountSixteenForEachEntryAndAlwaysGiveTheFirst() {
    for (int i = 0; i < 6; i++) {
      put(i, 76);
    }
    put(6, 5000);
    put(7, 76);
    try (ScanPager pager = pager(ALL, false)) {
      // 8 + 76 + 16 bytes each.
      assertThat(numbers(pager.next(100, 200))).containsExactly(0, 1);
      assertThat(numbers(pager.next(100, 299))).containsExactly(2, 3);
      ScanPage tiny = pager.next(100, 1);
      assertThat(numbers(tiny)).containsExactly(4);
      assertThat(tiny.hasRemaining()).isTrue();
      assertThat(numbers(pager.next(100, 1000))).containsExactly(5);
      assertThat(numbers(pager.next(100, 1000))).as("larger than a page").containsExactly(6);
      ScanPage last = pager.next(100, 1000);
      assertThat(numbers(last)).containsExactly(7);
      assertThat(last.hasRemaining()).isFalse();
    }
  }

  @Test
  void pagesByBothWithLargeValuesGiveEveryEntryOnce() {
    long seed = 11;
    Random random = new Random(seed);
    for (int i = 0; i < 400; i++) {
      put(i, random.nextInt(10) == 0 ? random.nextInt(40_000) : random.nextInt(300));
      if (i % 90 == 0) {
        world.partition().flush();
      }
    }
    for (boolean reverse : new boolean[] {false, true}) {
      try (ScanPager pager = pager(ALL, reverse)) {
        List<Integer> seen = new ArrayList<>();
        ScanPage page;
        do {
          int entriesMax = 1 + random.nextInt(20);
          long bytesMax = 1 + random.nextInt(10_000);
          page = pager.next(entriesMax, bytesMax);
          assertThat(page.entries()).hasSizeBetween(1, entriesMax);
          long bytes =
              page.entries().stream()
                  .mapToLong(e -> e.key().length + e.value().length + ScanPager.ENTRY_BYTES)
                  .sum();
          assertThat(page.entries().size() == 1 || bytes <= bytesMax).as("seed " + seed).isTrue();
          seen.addAll(numbers(page));
        } while (page.hasRemaining());
        assertThat(seen).as("seed " + seed).hasSize(400);
        for (int i = 0; i < 400; i++) {
          assertThat(seen.get(i)).isEqualTo(reverse ? 399 - i : i);
        }
      }
    }
  }

  @Test
  void allPagesAreOfOneSnapshot() {
    for (int i = 0; i < 1000; i++) {
      put(i, 20);
    }
    world.settle();
    try (ScanPager pager = pager(ALL, false)) {
      assertThat(numbers(pager.next(10, Long.MAX_VALUE))).hasSize(10);
      for (int i = 0; i < 1000; i += 2) {
        world.delete(key(i));
      }
      put(1001, 1);
      world.partition().deleteFrom(key(500));
      world.commit();
      int count = 10;
      for (ScanPage page = pager.next(64, 4096); ; page = pager.next(64, 4096)) {
        count += page.entries().size();
        if (!page.hasRemaining()) {
          break;
        }
      }
      assertThat(count).isEqualTo(1000);
    }
  }

  @Test
  void limitsThatLetNothingThroughAreRefused() {
    try (ScanPager pager = pager(ALL, false)) {
      for (long[] limits : new long[][] {{0, 1}, {1, 0}, {-1, 1}}) {
        assertThatThrownBy(() -> pager.next((int) limits[0], limits[1]))
            .isInstanceOfSatisfying(
                StoreException.class,
                e -> assertThat(e.code()).isEqualTo(StoreErrorCode.INVALID_ARGUMENT));
      }
      assertThat(pager.next(1, 1)).isEqualTo(new ScanPage(List.of(), false));
    }
  }
}
