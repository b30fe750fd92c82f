/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.EntryFilter;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.pagestore.PageSource;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What a filter drops goes when pages are rewritten and by sweeps; everything else stays. Values
 * begin with an 8-byte time; those below a moving threshold may go.
 */
class EntryFilterTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPageBytes(4096)
          .withPagesPerFileShift(4)
          .withDurability(StoreOptions.Durability.NEVER);

  private final PartitionWorld world =
      new PartitionWorld(
          8 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), OPTIONS);
  private final AtomicLong threshold = new AtomicLong();
  private final AtomicLong asked = new AtomicLong();
  private final EntryFilter byTime =
      entry -> {
        asked.incrementAndGet();
        byte[] time = new byte[Long.BYTES];
        entry.copyValue(0, time, 0, Long.BYTES);
        return ByteBuffer.wrap(time).getLong() < threshold.get();
      };

  @AfterEach
  void close() {
    world.close();
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(6).putShort((short) 7).putInt(number).array();
  }

  private static byte[] value(long time, int length) {
    byte[] value = new byte[Long.BYTES + length];
    Arrays.fill(value, (byte) time);
    ByteBuffer.wrap(value).putLong(time);
    return value;
  }

  /** Waits until the worker is through with flushes and the sweep. */
  private void settleSweep() {
    world.settle();
    world.partition().requestSweep();
    EntryFiltering filtering = ((Partition) world.partition()).context().filtering();
    while (filtering.wantsStep() && world.rows().poisonOrNull() == null) {
      Thread.yield();
    }
    world.settle();
  }

  @Test
  void randomOperationsAgainstAModel() {
    for (long seed = 1; seed <= 10; seed++) {
      Random random = new Random(seed);
      world.partition().setEntryFilter(null);
      world.partition().deleteRange(KeyRange.ALL);
      threshold.set(0);
      world.partition().setEntryFilter(byTime);
      TreeMap<Integer, byte[]> model = new TreeMap<>();
      int keys = 50 << random.nextInt(6);
      long time = 0;
      for (int i = 0; i < 20_000; i++) {
        int key = random.nextInt(keys);
        int kind = random.nextInt(1000);
        if (kind < 700) {
          time++;
          int length = random.nextInt(random.nextInt(200) == 0 ? 20_000 : 100);
          byte[] value = value(time, length);
          world.put(key(key), value);
          model.put(key, value);
        } else if (kind < 800) {
          world.delete(key(key));
          model.remove(key);
        } else if (kind < 990) {
          check(model, key, "seed " + seed + ", operation " + i);
        } else if (kind < 995) {
          world.partition().flush();
        } else if (kind < 997) {
          threshold.set(Math.max(threshold.get(), time - random.nextInt(2000)));
        } else if (kind < 998) {
          world.partition().requestSweep();
        } else if (kind < 999) {
          world.commit();
        } else {
          KeyRange range = new KeyRange(key(key), key(key + 10));
          world.partition().deleteRange(range);
          model.subMap(key, key + 10).clear();
        }
      }
      settleSweep();
      model.values().removeIf(value -> ByteBuffer.wrap(value).getLong() < threshold.get());
      String where = "seed " + seed + " swept";
      for (int key = 0; key < keys; key++) {
        assertThat(world.get(key(key))).as(where + ", key " + key).isEqualTo(model.get(key));
      }
      world.verifyTrees(where);
      world.reopenAfterCommit();
      for (int key = 0; key < keys; key++) {
        assertThat(world.get(key(key))).as(where + ", key " + key).isEqualTo(model.get(key));
      }
    }
  }

  /** An entry that may go is there with its value or not at all. */
  private void check(Map<Integer, byte[]> model, int key, String where) {
    byte[] found = world.get(key(key));
    byte[] wanted = model.get(key);
    if (found != null || wanted == null || ByteBuffer.wrap(wanted).getLong() >= threshold.get()) {
      assertThat(found).as(where + ", key " + key).isEqualTo(wanted);
    }
  }

  @Test
  void sweepWritesOnlyLeavesThatLoseEntries() {
    for (int i = 0; i < 20_000; i++) {
      world.put(key(i), value(i < 10 ? 1 : 100, 50));
    }
    world.settle();
    world.partition().setEntryFilter(byTime);
    Root before = world.rows().view().root();
    settleSweep();
    assertThat(asked.get()).isEqualTo(20_000);
    assertThat(world.rows().view().root()).as("nothing to drop").isSameAs(before);

    int pages = before.mapping().mappedCount();
    long newest = newestFile(before);
    threshold.set(50);
    settleSweep();
    Root after = world.rows().view().root();
    assertThat(world.get(key(9))).isNull();
    assertThat(world.get(key(10))).isNotNull();
    assertThat(world.partition().approximateEntryCount()).isEqualTo(20_000 - 10);
    int written = 0;
    for (int i = 0; i < after.mapping().fileCount(); i++) {
      written += after.mapping().fileId(i) > newest ? after.mapping().livePagesAt(i) : 0;
    }
    // A leaf, perhaps its neighbour: far from all.
    assertThat(written).isLessThanOrEqualTo(8);
    assertThat(after.mapping().mappedCount()).isBetween(pages - 2, pages);
  }

  private static long newestFile(Root root) {
    return root.mapping().fileId(root.mapping().fileCount() - 1);
  }

  @Test
  void rewrittenLeavesLoseWhatMayGo() {
    for (int i = 0; i < 20; i++) {
      world.put(key(i), value(i, 50));
    }
    world.settle();
    world.partition().setEntryFilter(byTime);
    threshold.set(10);
    world.put(key(30), value(30, 50));
    world.put(key(3), value(2, 50));
    world.settle();
    // The leaf was rewritten for the new keys; what was just written is not asked for.
    assertThat(world.partition().approximateEntryCount()).isEqualTo(20 - 10 + 1 + 1);
    assertThat(world.get(key(2))).isNull();
    assertThat(world.get(key(3))).isNotNull();
    assertThat(world.get(key(10))).isNotNull();
  }

  @Test
  void iteratorsGoOnSeeingWhatTheySaw() {
    for (int i = 0; i < 5000; i++) {
      world.put(key(i), value(1, 50));
    }
    world.settle();
    try (EntryIterator iterator = world.partition().iterator(KeyRange.ALL, false)) {
      world.partition().setEntryFilter(byTime);
      threshold.set(2);
      settleSweep();
      assertThat(world.get(key(77))).isNull();
      for (int i = 0; i < 5000; i++) {
        assertThat(iterator.next()).as("entry " + i).isTrue();
      }
      assertThat(iterator.next()).isFalse();
    }
    assertThat(world.partition().approximateEntryCount()).isZero();
  }

  @Test
  void stepWhoseDropsWereNotMergedIsTakenAgain() {
    for (int i = 0; i < 20_000; i++) {
      world.put(key(i), value(1, 10));
    }
    world.settle();
    Root root = world.rows().view().root();
    PartitionContext context = ((Partition) world.partition()).context();
    PageSource source = context.source();
    EntryFiltering filtering =
        new EntryFiltering(OPTIONS.bucketPrefixBytes(), context.compression());
    filtering.set(byTime);
    threshold.set(2);
    filtering.askForSweep();
    List<byte[]> first = filtering.step(source, root);
    assertThat(first).isNotEmpty();
    assertThat(filtering.wantsStep()).isTrue();
    // As when the merge found no memory.
    assertThat(filtering.step(source, root)).usingRecursiveComparison().isEqualTo(first);
    filtering.stepDone();
    List<byte[]> second = filtering.step(source, root);
    assertThat(second.get(0)).isEqualTo(key(first.size()));
    int dropped = first.size() + second.size();
    for (filtering.stepDone(); filtering.wantsStep(); filtering.stepDone()) {
      dropped += filtering.step(source, root).size();
    }
    assertThat(dropped).isEqualTo(20_000);
  }

  @Test
  void stepsAreBounded() {
    for (int i = 0; i < 40_000; i++) {
      world.put(key(i), value(1, 10));
    }
    world.settle();
    Root root = world.rows().view().root();
    PartitionContext context = ((Partition) world.partition()).context();
    PageSource source = context.source();
    EntryFiltering filtering =
        new EntryFiltering(OPTIONS.bucketPrefixBytes(), context.compression());
    filtering.set(byTime);
    filtering.askForSweep();
    int steps = 0;
    while (filtering.wantsStep()) {
      long before = asked.get();
      filtering.step(source, root);
      filtering.stepDone();
      assertThat(asked.get() - before).isLessThanOrEqualTo(16_384);
      steps++;
    }
    assertThat(asked.get()).isEqualTo(40_000);
    assertThat(steps).isEqualTo(3);
  }

  @Test
  void filterSeesListsAsChunksAndNoLongKeys() {
    byte[] list = {5, 5};
    world.append(list, value(1, 20));
    byte[] longKey = Arrays.copyOf(new byte[] {9}, OPTIONS.bucketPrefixBytes() + 3);
    world.put(longKey, value(1, 20));
    world.settle();
    List<Integer> lengths = new ArrayList<>();
    world
        .partition()
        .setEntryFilter(
            entry -> {
              lengths.add(entry.keyLength());
              return true;
            });
    settleSweep();
    assertThat(lengths).containsExactly(list.length + Long.BYTES);
    assertThat(world.partition().getList(list, 0, list.length, new ValueBuffer())).isFalse();
    assertThat(world.get(longKey)).isEqualTo(value(1, 20));
  }

  @Test
  void newerValueInTheBufferWinsOverTheVerdictOnTheOlder() {
    world.put(key(1), value(1, 10));
    world.settle();
    world.partition().setEntryFilter(byTime);
    threshold.set(2);
    world.put(key(1), value(5, 10));
    world.partition().requestSweep();
    settleSweep();
    assertThat(world.get(key(1))).isEqualTo(value(5, 10));
    world.verifyTrees("newer");
  }

  @Test
  void expiriesOfDroppedEntriesGoWithThem() {
    for (int i = 0; i < 500; i++) {
      world.put(key(i), value(i, 10), 1, world.nowMs.get() + 1_000_000);
    }
    world.settle();
    world.partition().setEntryFilter(byTime);
    threshold.set(400);
    settleSweep();
    assertThat(world.partition().approximateEntryCount()).isEqualTo(100);
    world.verifyTrees("expiring");
  }

  @Test
  void sweepWithoutAFilterIsNone() {
    world.put(key(1), value(1, 10));
    world.settle();
    world.partition().requestSweep();
    world.partition().setEntryFilter(byTime);
    assertThat(((Partition) world.partition()).context().filtering().wantsStep()).isFalse();
  }

  @Test
  void filterThatThrowsPoisons() {
    for (int i = 0; i < 100; i++) {
      world.put(key(i), value(1, 50));
    }
    world.settle();
    world
        .partition()
        .setEntryFilter(
            entry -> {
              throw new IllegalStateException("the guest's serializer failed");
            });
    world.partition().requestSweep();
    while (world.rows().poisonOrNull() == null) {
      Thread.yield();
    }
    assertThatThrownBy(() -> world.put(key(1), value(1, 1)))
        .hasStackTraceContaining("the guest's serializer failed")
        .hasStackTraceContaining("entry filter")
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.POISONED));
    assertThat(world.get(key(5))).isEqualTo(value(1, 50));
  }
}
