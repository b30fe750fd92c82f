/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.tree.TreeWorld.Change;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Merges against a sorted map, with the verifier after each; and what a merge may cost. */
class TreeMergerTest {

  private static NavigableMap<byte[], Change> changes() {
    return new TreeMap<>(Arrays::compareUnsigned);
  }

  private static byte[] key(int i) {
    return String.format("key%09d", i).getBytes(UTF_8);
  }

  private static byte[] value(int i) {
    return ("value-" + i + "-abcdefghijklmnopqrstuvwxyz").getBytes(UTF_8);
  }

  private static TreeWorld loaded(int pageBytes, int keys) {
    TreeWorld world = new TreeWorld(pageBytes, 64 << 20, TreeOptions.STANDARD);
    NavigableMap<byte[], Change> changes = changes();
    for (int i = 0; i < keys; i++) {
      changes.put(key(i * 2), Change.put(value(i)));
    }
    world.merge(changes);
    return world;
  }

  private static byte[] randomKey(Random random, int space, int longKeyBytes) {
    int number = random.nextInt(space);
    byte[] key = String.format("%07d", number).getBytes(UTF_8);
    Random shape = new Random(number);
    if (longKeyBytes > 0 && shape.nextInt(10) == 0) {
      byte[] longKey = new byte[Math.max(key.length, shape.nextInt(longKeyBytes) + 1)];
      Arrays.fill(longKey, (byte) 'x');
      System.arraycopy(key, 0, longKey, 0, key.length);
      if (shape.nextBoolean()) {
        // The difference comes late, so separators are long too.
        System.arraycopy(key, 0, longKey, longKey.length - key.length, key.length);
        Arrays.fill(longKey, 0, Math.max(3, longKey.length - key.length), (byte) '5');
        System.arraycopy(key, 0, longKey, 0, 3);
        System.arraycopy(key, 0, longKey, longKey.length - key.length, key.length);
      }
      return longKey;
    }
    return key;
  }

  private static Change randomChange(Random random, int deletePercent, int valueBytes) {
    if (random.nextInt(100) < deletePercent) {
      return Change.delete();
    }
    byte[] value = new byte[random.nextInt(valueBytes)];
    random.nextBytes(value);
    boolean timed = random.nextBoolean();
    long timestamp = timed ? random.nextLong() >>> random.nextInt(1, 64) : 0;
    long expire = random.nextInt(5) == 0 ? 1 + random.nextInt(1000) : 0;
    return new Change(value, 0, timed, timestamp, expire);
  }

  @ParameterizedTest
  @CsvSource({
    "4096, 1, 300, 600, 0, 60",
    "4096, 10, 120, 3000, 2048, 60",
    "4096, 10, 120, 3000, 0, 900",
    "4096, 1000, 12, 20000, 0, 60",
    "4096, 1000, 12, 20000, 2048, 1800",
    "16384, 1000, 10, 20000, 8192, 200",
    "4096, 20000, 4, 100000, 0, 40",
    "16384, 20000, 3, 60000, 0, 300"
  })
  void treeEqualsAModel(
      int pageBytes, int batch, int batches, int space, int longKeyBytes, int valueBytes) {
    for (long seed = 1; seed <= 2; seed++) {
      try (TreeWorld world = new TreeWorld(pageBytes, 48 << 20, TreeOptions.STANDARD)) {
        Random random = new Random(seed);
        for (int i = 0; i < batches; i++) {
          String what = "seed " + seed + " batch " + i;
          // Phases that grow and phases that shrink.
          int deletes = i / 4 % 2 == 0 ? 20 : 80;
          NavigableMap<byte[], Change> changes = changes();
          for (int k = 0; k < batch; k++) {
            changes.put(
                randomKey(random, space, longKeyBytes), randomChange(random, deletes, valueBytes));
          }
          long before = world.model.size();
          world.statistics.clear();
          world.merge(changes);
          assertThat(world.statistics.entriesAdded() - world.statistics.entriesRemoved())
              .as(what)
              .isEqualTo(world.model.size() - before);
          if (batch > 1 || i % 10 == 0 || i > batches - 10) {
            world.verify(what);
          }
          if (i % 8 == 0) {
            world.checkScans(what);
          }
        }
        String what = "seed " + seed + " end";
        world.checkScans(what);
        List<byte[]> keys = new ArrayList<>(world.model.keySet());
        for (int k = 0; k < 1000; k++) {
          keys.add(randomKey(random, space, longKeyBytes));
        }
        world.checkReads(keys, what);
        long expiring = world.model.values().stream().filter(e -> e.expireTs() != 0).count();
        assertThat(world.expiries).as(what).hasSize((int) expiring);
        assertThat(world.verify(what).expiringEntries()).as(what).isEqualTo(expiring);
        deleteAll(world);
      }
    }
  }

  @Test
  void deepTreeEqualsAModel() {
    TreeOptions options = new TreeOptions(1, 1, FillPolicy.STANDARD);
    for (long seed = 50; seed <= 55; seed++) {
      Random random = new Random(seed);
      try (TreeWorld world = new TreeWorld(4096, 48 << 20, options)) {
        for (int i = 0; i < 60; i++) {
          int deletes = i / 6 % 2 == 0 ? 10 : 90;
          int center = random.nextInt(6_000);
          NavigableMap<byte[], Change> changes = changes();
          int count = 1 << random.nextInt(12);
          for (int k = 0; k < count; k++) {
            // Dense runs of changes, so that whole pages come and go.
            int number = center + (k % 4 == 0 ? random.nextInt(6_000) : k);
            changes.put(deepKey(number), randomChange(random, deletes, 200));
          }
          world.merge(changes);
          world.verify("seed " + seed + " batch " + i);
        }
        world.checkScans("seed " + seed);
        deleteAll(world);
      }
    }
  }

  /** Long keys in pages that share little: a dozen entries or children each. */
  private static byte[] deepKey(int i) {
    byte[] key = new byte[300];
    byte[] end = key(i);
    System.arraycopy(end, 0, key, key.length - end.length, end.length);
    return key;
  }

  private static void deleteAll(TreeWorld world) {
    NavigableMap<byte[], Change> deletes = changes();
    world.model.keySet().forEach(key -> deletes.put(key, Change.delete()));
    world.merge(deletes);
    world.verify("everything deleted");
    world.checkEmpty();
    assertThat(world.expiries).isEmpty();
  }

  @Test
  void deletingInPiecesLeavesNothing() {
    for (long seed = 1; seed <= 2; seed++) {
      try (TreeWorld world = loaded(4096, 20_000)) {
        Random random = new Random(seed);
        List<byte[]> keys = new ArrayList<>(world.model.keySet());
        Collections.shuffle(keys, random);
        for (int from = 0; from < keys.size(); ) {
          int to = Math.min(keys.size(), from + 1 + random.nextInt(3000));
          NavigableMap<byte[], Change> deletes = changes();
          keys.subList(from, to).forEach(key -> deletes.put(key, Change.delete()));
          world.merge(deletes);
          world.verify("seed " + seed + " from " + from);
          from = to;
        }
        world.checkEmpty();
      }
    }
  }

  @Test
  void overwriteOfOneKeyWritesOnePage() {
    try (TreeWorld world = loaded(4096, 200_000)) {
      world.verify("loaded");
      world.dropCache();
      world.loads = 0;
      world.appends = 0;
      world.put(key(123_456), value(1));
      assertThat(world.appends).isEqualTo(1);
      // The index pages on the way and the leaf: nothing else was read.
      assertThat(world.loads).isBetween(3, 4);
      world.verify("overwritten");
    }
  }

  @Test
  void deleteOfAnAbsentKeyWritesNothing() {
    try (TreeWorld world = loaded(4096, 10_000)) {
      int root = world.root;
      world.appends = 0;
      NavigableMap<byte[], Change> deletes = changes();
      deletes.put(key(4_001), Change.delete());
      deletes.put(key(9_001), Change.delete());
      world.merge(deletes);
      assertThat(world.appends).isZero();
      assertThat(world.root).isEqualTo(root);
    }
  }

  @Test
  void untouchedLeavesAreNotRead() {
    try (TreeWorld world = loaded(4096, 100_000)) {
      world.dropCache();
      world.loads = 0;
      NavigableMap<byte[], Change> changes = changes();
      for (int i = 0; i < 200_000; i += 20_000) {
        changes.put(key(i), Change.put(value(7)));
      }
      world.merge(changes);
      int indexPages = world.mapping.mappedCount() - world.leafIds().size();
      assertThat(world.loads).isLessThanOrEqualTo(10 + indexPages);
    }
  }

  @Test
  void bulkLoadFillsPages() {
    try (TreeWorld world = loaded(4096, 50_000)) {
      assertThat(averageFill(world)).isGreaterThan(0.95);
      assertThat(world.appends).isEqualTo(world.mapping.mappedCount());
    }
  }

  @Test
  void ascendingInsertsOfSingleKeysFillPages() {
    try (TreeWorld world = new TreeWorld(4096)) {
      for (int i = 0; i < 5_000; i++) {
        world.put(key(i), value(i));
      }
      world.verify("ascending");
      assertThat(averageFill(world)).isGreaterThan(0.9);
    }
  }

  @Test
  void randomInsertsLeavePagesMoreThanHalfFull() {
    try (TreeWorld world = new TreeWorld(4096)) {
      Random random = new Random(5);
      for (int i = 0; i < 5_000; i++) {
        world.put(key(random.nextInt()), value(i));
      }
      world.verify("random");
      assertThat(averageFill(world)).isGreaterThan(0.55);
    }
  }

  private static double averageFill(TreeWorld world) {
    long bytes = 0;
    List<Integer> leaves = world.leafIds();
    for (int id : leaves) {
      byte[] page = world.pageOf(id);
      bytes += page[9] & 0xff | (page[10] & 0xff) << 8;
    }
    return (double) bytes / ((long) leaves.size() * world.pageBytes);
  }

  @Test
  void thinnedOutPagesAreJoined() {
    try (TreeWorld world = loaded(4096, 50_000)) {
      int before = world.mapping.mappedCount();
      NavigableMap<byte[], Change> deletes = changes();
      for (int i = 0; i < 50_000; i++) {
        if (i % 10 != 0) {
          deletes.put(key(i * 2), Change.delete());
        }
      }
      world.merge(deletes);
      world.verify("thinned out");
      assertThat(world.mapping.mappedCount()).isLessThan(before / 3);
    }
  }

  @Test
  void emptiedLeafBeforeAJoinWithTheLeftIsUnlinked() {
    try (TreeWorld world = loaded(4096, 1_000)) {
      List<List<byte[]>> leaves = world.leafKeys();
      int last = leaves.size() - 1;
      assertThat(last).isGreaterThan(4);
      NavigableMap<byte[], Change> deletes = changes();
      leaves.get(last - 2).stream().skip(5).forEach(key -> deletes.put(key, Change.delete()));
      world.merge(deletes);
      world.verify("room in the leaf that will take the last one");
      leaves = world.leafKeys();
      last = leaves.size() - 1;
      deletes.clear();
      leaves.get(last - 1).forEach(key -> deletes.put(key, Change.delete()));
      leaves.get(last).stream().skip(2).forEach(key -> deletes.put(key, Change.delete()));
      int pages = world.mapping.mappedCount();
      world.appends = 0;
      world.merge(deletes);
      world.verify("joined");
      // The leaf that took the rest, or it and the one that was taken, and their parent.
      assertThat(world.mapping.mappedCount()).isLessThan(pages);
      assertThat(world.appends).isLessThanOrEqualTo(3);
    }
  }

  @Test
  void splitWritesTwoLeavesTheirRightNeighbourAndTheParent() {
    try (TreeWorld world = loaded(4096, 10_000)) {
      byte[] middle = world.leafKeys().get(20).get(10);
      world.appends = 0;
      world.put(Arrays.copyOf(middle, middle.length + 1), new byte[200]);
      assertThat(world.appends).isEqualTo(4);
      world.verify("split");
      List<List<byte[]>> leaves = world.leafKeys();
      assertThat(leaves.get(20)).hasSizeBetween(20, 60);
      assertThat(leaves.get(21)).hasSizeBetween(20, 60);
    }
  }

  @Test
  void newVersionIsCachedWhenTheOldOneWas() {
    try (TreeWorld world = loaded(4096, 10_000)) {
      world.dropCache();
      world.put(key(2_000), value(1));
      int leaf = changedLeaf(world);
      assertThat(world.cache.contains(world.cacheKey(world.mapping.filePage(leaf)))).isFalse();
      world.checkReads(List.of(key(2_000)), "now it is cached");
      world.put(key(2_000), value(2));
      assertThat(changedLeaf(world)).isEqualTo(leaf);
      assertThat(world.cache.contains(world.cacheKey(world.mapping.filePage(leaf)))).isTrue();
    }
  }

  /** The leaf written last. */
  private static int changedLeaf(TreeWorld world) {
    return world.leafIds().stream()
        .max(Comparator.comparingLong(id -> world.mapping.filePage(id)))
        .orElseThrow();
  }

  @Test
  void leafThatIsNotTheOneItsParentMeansIsCorruption() {
    try (TreeWorld world = loaded(4096, 10_000)) {
      int first = world.leafIds().get(3);
      int second = world.leafIds().get(7);
      long wrong = world.mapping.filePage(second);
      byte[] key = world.leafKeys().get(3).get(0);
      NavigableMap<byte[], Change> changes = changes();
      world.leafKeys().forEach(leaf -> changes.put(leaf.get(0), Change.delete()));
      changes.put(key, Change.put(value(1)));
      int root = world.root;
      assertThatThrownBy(
              () ->
                  world.rewrite(
                      context -> {
                        context.mapping().map(first, wrong);
                        return new TreeMerger(context, MergeListener.NONE, world.statistics)
                            .merge(root, world.cursor(changes));
                      }))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("between the separators");
      world.verify("nothing was changed");
    }
  }

  @Test
  void budgetWithoutScratchMemoryIsSaid() {
    try (TreeWorld world = loaded(4096, 10_000)) {
      world.budget.setLimit(MemoryUse.IO, 4096);
      assertThatThrownBy(() -> world.put(key(77), value(1)))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("scratch");
      world.budget.setLimit(MemoryUse.IO, 1 << 20);
      world.put(key(77), value(1));
      world.verify("goes on");
    }
  }

  @Test
  void failureAtAnyReadLeaksNothing() {
    try (TreeWorld world = loaded(4096, 3_000)) {
      Random random = new Random(11);
      NavigableMap<byte[], Change> changes = changes();
      for (int i = 0; i < 400; i++) {
        changes.put(
            key(random.nextInt(6_000)),
            random.nextBoolean() ? Change.delete() : Change.put(value(i)));
      }
      int failures = 0;
      boolean failed = true;
      while (failed) {
        int root = world.root;
        world.pinsUntilFailure = failures;
        try {
          world.merge(changes);
          failed = false;
        } catch (StoreException e) {
          assertThat(e).hasMessage("injected failure");
          failures++;
          world.pinsUntilFailure = -1;
          assertThat(world.root).isEqualTo(root);
        }
      }
      world.pinsUntilFailure = -1;
      assertThat(failures).isGreaterThan(10);
      world.verify("after " + failures + " failures");
      world.checkScans("after failures");
    }
  }

  @Test
  void timestampOfTheBaseIsKeptWhenTheChangeHasNone() {
    try (TreeWorld world = new TreeWorld(4096)) {
      NavigableMap<byte[], Change> changes = changes();
      changes.put(key(1), new Change(value(1), 0, true, 77, 0));
      world.merge(changes);
      world.put(key(1), value(2));
      assertThat(world.model.get(key(1)).timestamp()).isEqualTo(77);
      world.checkReads(List.of(key(1)), "kept timestamp");
    }
  }

  @Test
  void keysAndEntriesThatFitNoPageAreRefused() {
    try (TreeWorld world = new TreeWorld(4096)) {
      world.put(new byte[2048], new byte[10]);
      assertThatThrownBy(() -> world.put(new byte[2049], new byte[10]))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> world.put(new byte[0], new byte[10]))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> world.put(new byte[100], new byte[4000]))
          .isInstanceOf(IllegalArgumentException.class);
      world.verify("after refusals");
    }
  }
}
