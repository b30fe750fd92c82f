/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Versions of a mapping against a hash map; closing the budget proves that nothing leaked. */
class MappingSnapshotTest {
  private static final int SHIFT = 4;

  private record Version(MappingSnapshot snapshot, Map<Integer, Long> model) {}

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void retainedVersionsKeepWhatTheyHadWhileNewOnesChange(long seed) {
    Random random = new Random(seed);
    try (MemoryBudget budget = new MemoryBudget(4 << 20)) {
      List<Version> held = new ArrayList<>();
      held.add(new Version(MappingSnapshot.empty(budget, SHIFT), new HashMap<>()));
      for (int round = 0; round < 120; round++) {
        Version base = held.get(random.nextInt(held.size()));
        Version next = changed(base, random, 1 + random.nextInt(200));
        if (next != null) {
          checkDifference(base, next, seed);
          held.add(next);
        }
        while (held.size() > 5) {
          held.remove(random.nextInt(held.size())).snapshot.release();
        }
        check(held.get(random.nextInt(held.size())), seed);
      }
      held.forEach(version -> check(version, seed));
      held.forEach(version -> version.snapshot.release());
      assertThat(budget.used(MemoryUse.MAPPING)).as("seed %d", seed).isZero();
    }
  }

  private static Version changed(Version base, Random random, int changes) {
    MappingBuilder builder = new MappingBuilder(base.snapshot);
    Map<Integer, Long> model = new HashMap<>(base.model);
    int pages = 1 + random.nextInt(20_000);
    boolean clears = random.nextInt(6) == 0;
    for (int i = 0; i < changes; i++) {
      int pageId = random.nextInt(pages);
      if (random.nextInt(4) == 0) {
        builder.unmap(pageId);
        model.remove(pageId);
      } else {
        long filePage =
            random.nextBoolean()
                ? random.nextInt(1000)
                : MappingSnapshot.FILE_PAGE_MAX - random.nextInt(100);
        builder.map(pageId, filePage);
        model.put(pageId, filePage);
      }
      assertThat(builder.filePage(pageId)).isEqualTo(model.getOrDefault(pageId, -1L));
    }
    if (clears) {
      for (int pageId : List.copyOf(model.keySet())) {
        builder.unmap(pageId);
      }
      model.clear();
    }
    if (random.nextInt(5) == 0) {
      builder.abandon();
      builder.abandon();
      return null;
    }
    return new Version(builder.build(), model);
  }

  private static void check(Version version, long seed) {
    MappingSnapshot snapshot = version.snapshot;
    Map<Long, Integer> files = new TreeMap<>();
    version.model.values().forEach(filePage -> files.merge(filePage >>> SHIFT, 1, Integer::sum));
    for (int pageId = -2; pageId < 20_002; pageId++) {
      assertThat(snapshot.filePage(pageId))
          .as("page %d, seed %d", pageId, seed)
          .isEqualTo(version.model.getOrDefault(pageId, MappingSnapshot.UNMAPPED));
    }
    assertThat(snapshot.mappedCount()).as("seed %d", seed).isEqualTo(version.model.size());
    Map<Long, Integer> found = new TreeMap<>();
    long last = -1;
    for (int i = 0; i < snapshot.fileCount(); i++) {
      assertThat(snapshot.fileId(i)).isGreaterThan(last);
      last = snapshot.fileId(i);
      found.put(last, snapshot.livePagesAt(i));
      assertThat(snapshot.livePages(last)).isEqualTo(snapshot.livePagesAt(i));
    }
    assertThat(found).as("seed %d", seed).isEqualTo(files);
    if (version.model.isEmpty()) {
      assertThat(snapshot.bytes()).as("seed %d", seed).isZero();
    }
  }

  private static void checkDifference(Version from, Version to, long seed) {
    Map<Integer, Long> expected = new TreeMap<>();
    to.model.forEach(
        (pageId, filePage) -> {
          if (!filePage.equals(from.model.get(pageId))) {
            expected.put(pageId, filePage);
          }
        });
    from.model.keySet().stream()
        .filter(pageId -> !to.model.containsKey(pageId))
        .forEach(pageId -> expected.put(pageId, MappingSnapshot.UNMAPPED));
    Map<Integer, Long> found = new TreeMap<>();
    int last = -1;
    MappingDifference difference = new MappingDifference(from.snapshot, to.snapshot);
    while (difference.next()) {
      assertThat(difference.pageId()).as("seed %d", seed).isGreaterThan(last);
      last = difference.pageId();
      found.put(last, difference.filePage());
    }
    assertThat(difference.next()).isFalse();
    assertThat(found).as("seed %d", seed).isEqualTo(expected);
  }

  @Test
  void versionsShareTheChunksInWhichTheyAgree() {
    try (MemoryBudget budget = new MemoryBudget(1 << 20)) {
      MappingSnapshot first = filled(budget, 10 * MappingSnapshot.CHUNK_PAGES);
      assertThat(budget.used(MemoryUse.MAPPING)).isEqualTo(10L * MemoryBudget.SLOT_BYTES);
      MappingBuilder builder = new MappingBuilder(first);
      builder.map(MappingSnapshot.CHUNK_PAGES - 1, 99_999);
      builder.map(0, 99_998);
      builder.map(5 * MappingSnapshot.CHUNK_PAGES, filePageOf(5 * MappingSnapshot.CHUNK_PAGES));
      MappingSnapshot second = builder.build();
      assertThat(budget.used(MemoryUse.MAPPING)).isEqualTo(11L * MemoryBudget.SLOT_BYTES);
      assertThat(second.bytes()).isEqualTo(10L * MemoryBudget.SLOT_BYTES);
      first.release();
      assertThat(budget.used(MemoryUse.MAPPING)).isEqualTo(10L * MemoryBudget.SLOT_BYTES);
      assertThat(second.filePage(MappingSnapshot.CHUNK_PAGES - 1)).isEqualTo(99_999);
      second.release();
    }
  }

  private static long filePageOf(int pageId) {
    return pageId * 3L;
  }

  private static MappingSnapshot filled(MemoryBudget budget, int pages) {
    MappingSnapshot empty = MappingSnapshot.empty(budget, SHIFT);
    MappingBuilder builder = new MappingBuilder(empty);
    try {
      for (int pageId = 0; pageId < pages; pageId++) {
        builder.map(pageId, filePageOf(pageId));
      }
      return builder.build();
    } finally {
      builder.abandon();
      empty.release();
    }
  }

  @Test
  void mappingThatDoesNotFitIsRefusedWithTheBudgetItNeeds() {
    try (MemoryBudget budget = new MemoryBudget(1 << 20)) {
      budget.setLimit(MemoryUse.MAPPING, 4 * MemoryBudget.SLOT_BYTES);
      filled(budget, 4 * MappingSnapshot.CHUNK_PAGES).release();
      assertThatThrownBy(() -> filled(budget, 4 * MappingSnapshot.CHUNK_PAGES + 1))
          .isInstanceOfSatisfying(
              StoreException.class,
              e -> assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_MEMORY))
          .hasMessageContaining("state of 3277 pages")
          .hasMessageContaining("budget of 1048576 bytes")
          .hasMessageContaining("needs a budget of 82720 bytes");
      assertThat(MappingSnapshot.budgetBytesFor(3277)).isEqualTo(4L * 5 * 4136);
      assertThat(budget.used(MemoryUse.MAPPING)).isZero();
    }
  }

  @Test
  void aSmallPartitionHasASmallChunk() {
    try (MemoryBudget budget = new MemoryBudget(1 << 20)) {
      List<MappingSnapshot> snapshots = new ArrayList<>();
      for (int pages : new int[] {1, 51, 52, 409, 410, MappingSnapshot.CHUNK_PAGES}) {
        snapshots.add(filled(budget, pages));
      }
      assertThat(snapshots)
          .extracting(MappingSnapshot::bytes)
          .containsExactly(256L, 256L, 512L, 2048L, 4096L, 4096L);
      // One slot for each size but the two largest.
      assertThat(budget.used(MemoryUse.MAPPING)).isEqualTo(5L * MemoryBudget.SLOT_BYTES);
      snapshots.forEach(MappingSnapshot::release);
      assertThat(budget.used(MemoryUse.MAPPING)).isZero();
    }
  }

  @Test
  void aSmallChunkGrowsAndOlderVersionsStay() {
    try (MemoryBudget budget = new MemoryBudget(1 << 20)) {
      MappingSnapshot small = filled(budget, 51);
      MappingBuilder builder = new MappingBuilder(small);
      builder.ensurePageCount(700);
      assertThat(builder.filePage(600)).as("behind the chunk").isEqualTo(MappingSnapshot.UNMAPPED);
      builder.unmap(600);
      builder.map(51, 7);
      builder.map(200, 8);
      MappingSnapshot large = builder.build();
      assertThat(small.bytes()).isEqualTo(256);
      assertThat(large.bytes()).isEqualTo(1024);
      assertThat(small.filePage(51)).isEqualTo(MappingSnapshot.UNMAPPED);
      assertThat(large.filePage(600)).isEqualTo(MappingSnapshot.UNMAPPED);
      assertThat(large.filePage(51)).isEqualTo(7);
      assertThat(large.filePage(200)).isEqualTo(8);
      assertThat(large.filePage(50)).isEqualTo(filePageOf(50));
      MappingDifference difference = new MappingDifference(small, large);
      assertThat(difference.next()).isTrue();
      assertThat(difference.pageId()).isEqualTo(51);
      assertThat(difference.next()).isTrue();
      assertThat(difference.pageId()).isEqualTo(200);
      assertThat(difference.next()).isFalse();
      small.release();
      large.release();
    }
  }

  @Test
  void filePagesAndPageIdsOutsideOfTheirRangeAreRefused() {
    try (MemoryBudget budget = new MemoryBudget(1 << 20)) {
      MappingSnapshot empty = MappingSnapshot.empty(budget, SHIFT);
      MappingBuilder builder = new MappingBuilder(empty);
      builder.map(0, MappingSnapshot.FILE_PAGE_MAX);
      assertThat(builder.filePage(0)).isEqualTo(MappingSnapshot.FILE_PAGE_MAX);
      assertThatThrownBy(() -> builder.map(0, MappingSnapshot.FILE_PAGE_MAX + 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> builder.map(Integer.MAX_VALUE, 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> builder.unmap(-1)).isInstanceOf(IllegalArgumentException.class);
      builder.abandon();
      assertThatThrownBy(() -> builder.map(0, 1)).isInstanceOf(IllegalStateException.class);
      empty.release();
    }
  }

  @Test
  void releasedVersionCannotBeHeldAgain() {
    try (MemoryBudget budget = new MemoryBudget(1 << 20)) {
      MappingSnapshot snapshot = filled(budget, 1);
      assertThat(snapshot.tryRetain()).isTrue();
      snapshot.release();
      snapshot.release();
      assertThat(snapshot.tryRetain()).isFalse();
      assertThatThrownBy(snapshot::retain).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(snapshot::release).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void versionsAreSharedByThreadsThatHoldAndReleaseThem() throws InterruptedException {
    try (MemoryBudget budget = new MemoryBudget(4 << 20)) {
      MappingSnapshot snapshot = filled(budget, 5 * MappingSnapshot.CHUNK_PAGES);
      List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        int number = t;
        Thread thread =
            new Thread(
                () -> {
                  for (int i = 0; i < 500; i++) {
                    MappingBuilder builder = new MappingBuilder(snapshot);
                    builder.map(number * MappingSnapshot.CHUNK_PAGES, 50_000 + i);
                    MappingSnapshot own = builder.build();
                    assertThat(own.filePage(number * MappingSnapshot.CHUNK_PAGES))
                        .isEqualTo(50_000 + i);
                    own.release();
                  }
                });
        thread.setUncaughtExceptionHandler((where, failure) -> failures.add(failure));
        threads.add(thread);
        thread.start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(failures).isEmpty();
      assertThat(budget.used(MemoryUse.MAPPING)).isEqualTo(5L * MemoryBudget.SLOT_BYTES);
      snapshot.release();
    }
  }
}
