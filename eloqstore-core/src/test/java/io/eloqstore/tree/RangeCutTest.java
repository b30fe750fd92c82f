/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreException;
import io.eloqstore.tree.TreeWorld.Change;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** Cuts against a sorted map, with sweeps in between; and what a cut may read. */
class RangeCutTest {

  private static byte[] key(int i) {
    return String.format("k%07d", i).getBytes(UTF_8);
  }

  /** Long keys in pages that share little: a dozen entries or children each. */
  private static byte[] deepKey(int i) {
    byte[] key = new byte[300];
    System.arraycopy(key(i), 0, key, key.length - key(i).length, key(i).length);
    return key;
  }

  private static TreeWorld loaded(int keys, boolean expiring) {
    return loaded(keys, expiring, TreeOptions.STANDARD, RangeCutTest::key);
  }

  private static TreeWorld loaded(
      int keys, boolean expiring, TreeOptions options, IntFunction<byte[]> key) {
    TreeWorld world = new TreeWorld(4096, 48 << 20, options);
    NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
    for (int i = 0; i < keys; i++) {
      long expireTs = expiring && i % 3 == 0 ? i + 1 : 0;
      changes.put(key.apply(i), new Change(new byte[40], 0, false, 0, expireTs));
    }
    world.merge(changes);
    return world;
  }

  private static byte[] randomEdge(Random random, int space) {
    int kind = random.nextInt(12);
    if (kind == 0) {
      return null;
    }
    byte[] key = key(random.nextInt(space));
    // Short edges fall on separators.
    return kind < 5 ? Arrays.copyOf(key, 1 + random.nextInt(key.length)) : key;
  }

  @Test
  void cutsEqualAModel() {
    for (long seed = 1; seed <= 12; seed++) {
      Random random = new Random(seed);
      int space = seed % 2 == 0 ? 3_000 : 40_000;
      try (TreeWorld world = loaded(space, false)) {
        for (int i = 0; i < 12; i++) {
          String what = "seed " + seed + " step " + i;
          byte[] from = randomEdge(random, space);
          byte[] to = randomEdge(random, space);
          if (from != null && to != null && Arrays.compareUnsigned(from, to) > 0) {
            byte[] swap = from;
            from = to;
            to = swap;
          }
          if (random.nextBoolean() && from != null) {
            to = KeyRange.successorOfPrefix(Arrays.copyOf(from, Math.max(1, from.length - 2)));
            from = Arrays.copyOf(from, Math.max(1, from.length - 2));
          }
          world.cut(new KeyRange(from, to));
          world.verify(what + " cut");
          if (random.nextBoolean()) {
            world.sweep(false, 1 + random.nextInt(20));
            world.verify(what + " swept a little");
          }
          NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
          int count = random.nextInt(2_000);
          for (int k = 0; k < count; k++) {
            changes.put(key(random.nextInt(space)), Change.put(new byte[random.nextInt(60)]));
          }
          world.merge(changes);
          world.verify(what + " merged");
        }
        world.checkScans("seed " + seed);
        while (!world.sweep(false, 50)) {
          world.checkNothingIsLeaked();
        }
        assertThat(world.pendingCuts).isEmpty();
        world.verify("seed " + seed + " swept");
        world.cut(KeyRange.ALL);
        while (!world.sweep(false, 50)) {
          world.checkNothingIsLeaked();
        }
        world.verify("seed " + seed + " empty");
        world.checkEmpty();
      }
    }
  }

  @Test
  void cutsOfADeepTreeEqualAModel() {
    int space = 3_000;
    TreeOptions options = new TreeOptions(1, 1, FillPolicy.STANDARD);
    for (long seed = 100; seed <= 118; seed++) {
      Random random = new Random(seed);
      try (TreeWorld world = loaded(space, false, options, RangeCutTest::deepKey)) {
        for (int i = 0; i < 10; i++) {
          String what = "seed " + seed + " step " + i;
          int first = random.nextInt(space);
          int length = 1 << random.nextInt(12);
          byte[] from = random.nextInt(8) == 0 ? null : deepKey(first);
          byte[] to = random.nextInt(8) == 0 ? null : deepKey(first + random.nextInt(length));
          world.cut(new KeyRange(from, to));
          world.verify(what + " cut " + first + " length " + length);
          NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
          int count = 1 << random.nextInt(11);
          for (int k = 0; k < count; k++) {
            boolean delete = random.nextInt(3) == 0;
            changes.put(
                deepKey(random.nextInt(space)),
                delete ? Change.delete() : Change.put(new byte[random.nextInt(60)]));
          }
          world.merge(changes);
          world.verify(what + " merged");
        }
        world.checkScans("seed " + seed);
        world.cut(KeyRange.ALL);
        while (!world.sweep(seed % 2 == 0, 50)) {
          world.checkNothingIsLeaked();
        }
        world.verify("seed " + seed + " empty");
        world.checkEmpty();
      }
    }
  }

  @Test
  void cutReadsOnlyTheEdges() {
    try (TreeWorld world = loaded(200_000, false)) {
      int pages = world.mapping.mappedCount();
      world.dropCache();
      world.loads = 0;
      world.appends = 0;
      world.cut(new KeyRange(key(20_000), key(180_000)));
      assertThat(pages).isGreaterThan(2_000);
      // Two paths of three levels, and a sibling at most for each page that was joined.
      assertThat(world.loads).isLessThanOrEqualTo(10);
      assertThat(world.appends).isLessThanOrEqualTo(8);
      world.verify("cut");
      world.dropCache();
      world.loads = 0;
      while (!world.sweep(false, 100)) {
        world.checkNothingIsLeaked();
      }
      // Index pages only.
      assertThat(world.loads).isLessThan(pages / 40);
      world.verify("swept");
      assertThat(world.mapping.mappedCount()).isLessThan(pages / 4);
    }
  }

  @Test
  void failureAtAnyReadLeaksNothing() {
    TreeOptions options = new TreeOptions(1, 1, FillPolicy.STANDARD);
    try (TreeWorld world = loaded(3_000, false, options, RangeCutTest::deepKey)) {
      KeyRange range = new KeyRange(deepKey(500), deepKey(2_500));
      int failures = 0;
      boolean failed = true;
      while (failed) {
        world.pinsUntilFailure = failures;
        try {
          world.cut(range);
          failed = false;
        } catch (StoreException e) {
          assertThat(e).hasMessage("injected failure");
          failures++;
          world.pinsUntilFailure = -1;
        }
      }
      world.pinsUntilFailure = -1;
      assertThat(failures).isGreaterThan(6);
      world.verify("cut");
      world.pinsUntilFailure = 3;
      assertThatThrownBy(() -> world.sweep(true, 100)).hasMessage("injected failure");
      world.pinsUntilFailure = -1;
      world.verify("sweep failed");
    }
  }

  @Test
  void cutOfEverythingReadsTheRootOnly() {
    try (TreeWorld world = loaded(50_000, false)) {
      world.dropCache();
      world.loads = 0;
      world.cut(KeyRange.ALL);
      assertThat(world.root).isEqualTo(TreeMerger.EMPTY);
      assertThat(world.loads).isEqualTo(1);
      world.verify("cut");
    }
  }

  @Test
  void cutOfAnEmptyRangeChangesNothing() {
    try (TreeWorld world = loaded(10_000, false)) {
      world.appends = 0;
      world.cut(new KeyRange(key(5_000), key(5_000)));
      world.cut(new KeyRange("k0005000a".getBytes(UTF_8), "k0005000b".getBytes(UTF_8)));
      assertThat(world.appends).isZero();
      world.verify("nothing cut");
    }
  }

  @Test
  void sweepReportsWhatExpires() {
    try (TreeWorld world = loaded(30_000, true)) {
      assertThat(world.expiries).hasSize(10_000);
      world.statistics.clear();
      world.cut(new KeyRange(key(3_000), key(27_000)));
      world.verify("cut");
      List<Integer> steps = new ArrayList<>();
      while (!world.sweep(true, 10)) {
        steps.add(world.pendingCuts.length);
      }
      assertThat(steps).hasSizeGreaterThan(10);
      assertThat(world.expiries).hasSize(2_000);
      assertThat(world.statistics.entriesRemoved()).isEqualTo(24_000);
      assertThat(world.statistics.expiringEntriesRemoved()).isEqualTo(8_000);
      world.verify("swept");
    }
  }
}
