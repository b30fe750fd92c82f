/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.tree.TreeWorld.Change;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

/** Point reads and scans: right, without allocation, and under eviction. */
class TreeReaderTest {

  private static byte[] key(int i) {
    return String.format("key%07d", i * 2).getBytes(UTF_8);
  }

  private static TreeWorld loaded(int keys, long budgetBytes) {
    TreeWorld world = new TreeWorld(4096, budgetBytes, TreeOptions.STANDARD);
    NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
    for (int i = 0; i < keys; i++) {
      changes.put(key(i), new Change(("v" + i).getBytes(UTF_8), 0, true, i, i % 7));
    }
    world.merge(changes);
    return world;
  }

  @Test
  void missAnswersPendingAndKeepsItsPlace() {
    try (TreeWorld world = loaded(150_000, 32 << 20)) {
      world.dropCache();
      TreeReader reader = new TreeReader(world);
      ValueBuffer value = new ValueBuffer();
      byte[] key = key(77_777);
      reader.begin(world.root, world.mapping::filePage, key, 0, key.length, value);
      List<Long> missing = new ArrayList<>();
      ReadResult result = reader.step();
      while (result == ReadResult.PENDING) {
        missing.add(reader.pendingFilePage());
        long at = world.pin(reader.pendingFilePage(), reader.pendingTypes());
        result = reader.step(at);
        world.unpin(at);
        // Losing what was read before must not send it back to the root.
        world.dropCache();
      }
      assertThat(result).isEqualTo(ReadResult.FOUND);
      assertThat(value.toByteArray()).isEqualTo("v77777".getBytes(UTF_8));
      assertThat(value.timestamp()).isEqualTo(77_777);
      assertThat(value.expireTs()).isEqualTo(77_777 % 7);
      assertThat(missing).doesNotHaveDuplicates().hasSizeBetween(2, 4);
    }
  }

  @Test
  void emptyTreeHasNothing() {
    try (TreeWorld world = new TreeWorld(4096)) {
      world.checkReads(List.of(key(1)), "empty");
      world.checkScans("empty");
    }
  }

  @Test
  void cachedReadAllocatesNothing() {
    try (TreeWorld world = loaded(100_000, 64 << 20)) {
      TreeReader reader = new TreeReader(world);
      ValueBuffer value = new ValueBuffer();
      IntToLongFunction mapping = world.mapping::filePage;
      byte[][] keys = new byte[1_000][];
      Random random = new Random(3);
      for (int i = 0; i < keys.length; i++) {
        keys[i] = key(random.nextInt(100_000));
      }
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long before = 0;
      int found = 0;
      for (int round = 0; round < 40; round++) {
        if (round == 20) {
          before = threads.getCurrentThreadAllocatedBytes();
        }
        for (byte[] key : keys) {
          found += reader.read(world.root, mapping, key, 0, key.length, value) ? 1 : 0;
        }
      }
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;
      assertThat(found).isEqualTo(40_000);
      // 20,000 reads; the bean itself allocates a little.
      assertThat(allocated).isLessThan(2_000);
    }
  }

  @Test
  void readsAreRightWhileFramesAreReused() throws InterruptedException {
    // Room for a few dozen of some hundred pages: every frame is reused again and again.
    try (TreeWorld world = loaded(20_000, 1 << 20)) {
      AtomicBoolean stop = new AtomicBoolean();
      Thread churn =
          new Thread(
              () -> {
                Random random = new Random(1);
                while (!stop.get()) {
                  long filePage = random.nextInt(world.mapping.mappedCount());
                  world.cache.unpin(
                      world.cache.pin(
                          world.cacheKey(filePage),
                          world.pageBytes,
                          (key, at) -> world.copyFromDisk(filePage, at)));
                }
              });
      churn.start();
      try {
        TreeReader reader = new TreeReader(world);
        ValueBuffer value = new ValueBuffer();
        Random random = new Random(2);
        for (int i = 0; i < 60_000; i++) {
          int number = random.nextInt(20_000);
          byte[] key = key(number);
          boolean there = i % 4 != 0;
          if (!there) {
            key[key.length - 1]++;
          }
          boolean found =
              reader.read(world.root, world.mapping::filePage, key, 0, key.length, value);
          assertThat(found).as("read %d of %d", i, number).isEqualTo(there);
          if (found) {
            assertThat(value.toByteArray()).isEqualTo(("v" + number).getBytes(UTF_8));
            assertThat(value.timestamp()).isEqualTo(number);
          }
        }
      } finally {
        stop.set(true);
        churn.join();
      }
    }
  }

  @Test
  void failedReadLeaksNoPin() {
    try (TreeWorld world = loaded(20_000, 32 << 20)) {
      byte[] key = key(5);
      for (int i = 0; i < 2; i++) {
        world.dropCache();
        world.pinsUntilFailure = i;
        assertThatThrownBy(() -> world.checkReads(List.of(key), "fails"))
            .isInstanceOf(StoreException.class);
        try (TreeScan scan = new TreeScan(world)) {
          scan.open(world.root, world.mapping::filePage);
          world.pinsUntilFailure = i;
          assertThatThrownBy(scan::first).isInstanceOf(StoreException.class);
        }
        world.checkNothingIsLeaked();
      }
      world.pinsUntilFailure = -1;
      world.checkReads(List.of(key), "goes on");
    }
  }

  @Test
  void pageOfAnotherTypeIsCorruption() {
    try (TreeWorld world = loaded(20_000, 32 << 20)) {
      byte[] key = key(5);
      IntToLongFunction wrong = id -> world.mapping.filePage(world.root);
      assertThatThrownBy(
              () -> new TreeReader(world).read(world.root, wrong, key, 0, 10, new ValueBuffer()))
          .isInstanceOf(CorruptionException.class);
      assertThatThrownBy(
              () -> new TreeReader(world).read(world.root, id -> -1, key, 0, 10, new ValueBuffer()))
          .isInstanceOf(CorruptionException.class);
      world.checkNothingIsLeaked();
    }
  }

  @Test
  void seeksEqualAModel() {
    try (TreeWorld world = loaded(20_000, 32 << 20);
        TreeScan scan = new TreeScan(world)) {
      scan.open(world.root, world.mapping::filePage);
      Random random = new Random(4);
      for (int i = 0; i < 4_000; i++) {
        String what = "seek " + i;
        byte[] key = String.format("key%07d", random.nextInt(42_000) - 500).getBytes(UTF_8);
        if (random.nextInt(5) == 0) {
          key = Arrays.copyOf(key, random.nextInt(key.length + 1));
        }
        check(world, scan, scan.seek(key, 0, key.length), world.model.ceilingEntry(key), what);
        boolean floor = scan.seekFloor(key, 0, key.length, true);
        check(world, scan, floor, world.model.floorEntry(key), what);
        boolean lower = scan.seekFloor(key, 0, key.length, false);
        Map.Entry<byte[], TreeWorld.Entry> expected = world.model.lowerEntry(key);
        check(world, scan, lower, expected, what);
        if (lower) {
          for (int k = 0; k < 3 && expected != null; k++) {
            expected = world.model.higherEntry(expected.getKey());
            check(world, scan, scan.next(), expected, what);
          }
          for (int k = 0; k < 5 && expected != null; k++) {
            expected = world.model.lowerEntry(expected.getKey());
            check(world, scan, scan.previous(), expected, what);
          }
        }
      }
      assertThat(scan.first()).isTrue();
      assertThat(world.cache.pinnedIn(0, Long.MAX_VALUE)).isLessThanOrEqualTo(4);
    }
  }

  private static void check(
      TreeWorld world,
      TreeScan scan,
      boolean there,
      Map.Entry<byte[], TreeWorld.Entry> expected,
      String what) {
    assertThat(there).as(what).isEqualTo(expected != null);
    assertThat(scan.isValid()).as(what).isEqualTo(there);
    if (there) {
      world.checkEntry(scan, expected, what);
    }
  }
}
