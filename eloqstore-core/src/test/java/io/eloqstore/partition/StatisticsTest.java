/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.DurationHistogram;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.PartitionStatistics;
import io.eloqstore.api.ReadCounts;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.FaultPlan.Kind;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.shard.ShardStatistics;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The counters say exactly what was done. Method: small scripts whose costs are known. */
class StatisticsTest {
  private static final int PAGE = 4096;
  private static final int KEYS = 10;

  /** Lets a deadlock fail; says nothing about speed. */
  private static final long GUARD_SECONDS = 60;

  private final FaultPlan plan = FaultPlan.of(1);
  private PartitionWorld world;

  @BeforeEach
  void open() {
    world =
        new PartitionWorld(
            4 << 20,
            budget -> MemoryBackend.simulated(budget.arena(), plan),
            Path.of("/store"),
            StoreOptions.defaults());
  }

  @AfterEach
  void close() {
    world.close();
  }

  private ShardStatistics all() {
    return world.shard.statistics();
  }

  private PartitionStatistics one() {
    List<PartitionStatistics> open = world.shard.partitionStatistics();
    assertThat(open).hasSize(1);
    return open.get(0);
  }

  private static byte[] key(int number) {
    return new byte[] {1, (byte) number};
  }

  private void putKeys() {
    for (int i = 0; i < KEYS; i++) {
      world.put(key(i), new byte[100]);
    }
  }

  private void getKeys() {
    for (int i = 0; i < KEYS; i++) {
      assertThat(world.get(key(i))).hasSize(100);
    }
  }

  @Test
  void readsAreCountedByTheLayerThatAnswers() throws Exception {
    putKeys();
    getKeys();
    world.delete(key(3));
    assertThat(world.get(key(3))).isNull();
    assertThat(one().reads()).isEqualTo(new ReadCounts(KEYS + 1, 0, 0, 0));
    world.put(key(3), new byte[100]);
    FaultPlan.Hold hold = plan.hold(Set.of(Kind.WRITE), 0);
    world.partition().flush();
    hold.awaitReached();
    getKeys();
    assertThat(one().reads()).isEqualTo(new ReadCounts(KEYS + 1, KEYS, 0, 0));
    // What no buffer has is looked for in the tree, which is empty still.
    assertThat(world.get(key(77))).isNull();
    assertThat(one().reads()).isEqualTo(new ReadCounts(KEYS + 1, KEYS, 1, 0));
    hold.release();
    world.reopenAfterCommit();
    assertThat(one().reads()).isEqualTo(ReadCounts.NONE);
    assertThat(all().pagesRead()).isZero();
    getKeys();
    assertThat(world.get(key(77))).isNull();
    assertThat(one().reads()).isEqualTo(new ReadCounts(0, 0, KEYS, 1));
    assertThat(all().pagesRead()).as("root and leaf").isEqualTo(2);
    assertThat(all().durations().fetch().count()).isEqualTo(2);
    assertThat(all().reads())
        .as("what was closed counts on")
        .isEqualTo(new ReadCounts(KEYS + 1, KEYS, KEYS + 1, 1));
  }

  @Test
  void readsOfOtherThreadsAreCountedToo() throws Exception {
    putKeys();
    CompletableFuture.runAsync(
            () -> {
              for (int i = 0; i < KEYS; i++) {
                assertThat(world.partition().contains(key(i), 0, 2)).isTrue();
              }
            })
        .get(GUARD_SECONDS, TimeUnit.SECONDS);
    assertThat(one().reads()).isEqualTo(new ReadCounts(KEYS, 0, 0, 0));
  }

  @Test
  void bytesAreCountedByWhatTheyAreWrittenFor() {
    putKeys();
    world.commit();
    assertThat(all().written().flush()).as("root and leaf").isEqualTo(2 * PAGE);
    assertThat(all().written().manifest()).as("the snapshot record").isEqualTo(PAGE);
    world.put(key(0), new byte[10_000]);
    assertThat(all().written().largeValue()).isEqualTo(3 * PAGE);
    world.commit();
    assertThat(all().written().flush()).as("and the leaf again").isEqualTo(3 * PAGE);
    assertThat(all().written().manifest()).as("and one of the log").isEqualTo(2 * PAGE);
    assertThat(all().written().image()).isZero();
    world.saveImage(Path.of("/image"), Map.of("a", new byte[1]));
    assertThat(all().written().manifest()).isEqualTo(3 * PAGE);
    assertThat(all().written().image()).isEqualTo(3 * PAGE);
    assertThat(all().written().total()).isEqualTo(12 * PAGE);
    world.partition().deleteRange(new KeyRange(key(0), key(5)));
    world.commit();
    world.settle();
    assertThat(all().written().flush()).as("and again").isEqualTo(4 * PAGE);
    assertThat(all().written().iterator() + all().written().clip()).isZero();
  }

  @Test
  void theLogOfAnEarlierRunIsWrittenOnceMore() {
    putKeys();
    world.commit();
    putKeys();
    world.commit();
    world.reopen();
    long before = all().written().manifest();
    putKeys();
    world.commit();
    assertThat(all().written().manifest() - before).as("old and new record").isEqualTo(2 * PAGE);
  }

  @Test
  void deedsAreTimed() {
    putKeys();
    world.commit();
    putKeys();
    world.partition().flush();
    try (FreezePoint point = world.partition().freeze()) {
      assertThat(all().durations().freeze().count()).isEqualTo(2);
      assertThat(all().durations().commit().count()).isEqualTo(1);
      point.commit(Map.of()).close();
      // Nothing is published a second time.
      point.commit(Map.of()).close();
    }
    assertThat(all().durations().commit().count()).isEqualTo(2);
    assertThat(all().durations().flush().count()).isEqualTo(2);
    assertThat(all().durations().flush().totalNs())
        .isGreaterThanOrEqualTo(all().durations().flush().maxNs())
        .isPositive();
  }

  @Test
  void liveBytesAndGarbage() {
    putKeys();
    world.commit();
    assertThat(one().liveBytes()).isEqualTo(2 * PAGE);
    assertThat(one().fileBytes()).isEqualTo(2 * PAGE);
    assertThat(one().garbageBytes()).isZero();
    assertThat(one().mappingBytes()).isPositive();
    putKeys();
    assertThat(one().bufferBytes()).isEqualTo(PAGE);
    world.commit();
    assertThat(one().bufferBytes()).isZero();
    assertThat(one().liveBytes()).isEqualTo(2 * PAGE);
    assertThat(one().garbageBytes()).as("the old leaf").isEqualTo(PAGE);
    OwnedPartition other = world.store().openPartition(new PartitionId("t", 1));
    other.put(key(0), 0, 2, key(0), 0, 2);
    other.commit(Map.of());
    assertThat(all().partitions()).isEqualTo(new ShardStatistics.Partitions(2, 4 * PAGE, PAGE, 0));
  }

  @Test
  void changeSegmentsAreLive() {
    world.close();
    world =
        new PartitionWorld(
            4 << 20,
            budget -> MemoryBackend.simulated(budget.arena(), plan),
            Path.of("/store"),
            StoreOptions.defaults()
                .withSegments(new SegmentOptions(SegmentOptions.When.ALWAYS, 4)));
    putKeys();
    world.commit();
    assertThat(one().liveBytes()).as("leaf and root of the segment").isEqualTo(2 * PAGE);
    assertThat(one().garbageBytes()).isZero();
    world.partition().seal();
    assertThat(one().liveBytes()).as("leaf and root of the tree").isEqualTo(2 * PAGE);
  }

  @Test
  void theAgeOfTheOldestPin() {
    putKeys();
    world.commit();
    assertThat(one().oldestPinMs()).isZero();
    FreezePoint point = world.partition().freeze();
    world.nowMs.addAndGet(100);
    PartitionImage image = point.commit(Map.of());
    world.nowMs.addAndGet(20);
    EntryIterator iterator = world.partition().iterator(KeyRange.ALL, false);
    world.nowMs.addAndGet(3);
    assertThat(one().oldestPinMs()).isEqualTo(123);
    assertThat(all().partitions().oldestPinMs()).isEqualTo(123);
    point.close();
    assertThat(one().oldestPinMs()).isEqualTo(23);
    image.close();
    assertThat(one().oldestPinMs()).isEqualTo(3);
    world.nowMs.addAndGet(-50);
    assertThat(one().oldestPinMs()).as("the clock was set back").isZero();
    iterator.close();
    assertThat(one().oldestPinMs()).isZero();
  }

  @Test
  void textHasOneNameAndValueALine() {
    putKeys();
    getKeys();
    world.commit();
    String text = all().toText();
    assertThat(text)
        // The worker gives the buffer back a moment after the commit.
        .startsWith("budget.bytes 4194304\nmemory.write_buffer.bytes ")
        .contains("\nreads.buffer 10\nreads.frozen 0\nreads.frame 0\nreads.disk 0\npages.read 0\n")
        .contains("\nwritten.flush.bytes 8192\nwritten.segment.bytes 0\n")
        .contains("\nwritten.manifest.bytes 4096\nwritten.image.bytes 0\nduration.freeze.count 1\n")
        .contains("\npartitions.open 1\nspace.live.bytes 8192\nspace.garbage.bytes 0\n")
        .contains("\npin.oldest.ms 0\nfiles.open 1\nfiles.opened ")
        .endsWith("\nfiles.evicted 0\n");
    assertThat(text.lines()).hasSize(50).allMatch(line -> line.matches("[a-z_.0-9]+ \\d+"));
    assertThat(text.lines().map(line -> line.split(" ")[0])).doesNotHaveDuplicates();
    assertThat(one().toText())
        .isEqualTo(
            "partition.t.0.reads.buffer 10\n"
                + "partition.t.0.reads.frozen 0\n"
                + "partition.t.0.reads.frame 0\n"
                + "partition.t.0.reads.disk 0\n"
                + "partition.t.0.buffer.bytes 0\n"
                + "partition.t.0.mapping.bytes 256\n"
                + "partition.t.0.space.live.bytes 8192\n"
                + "partition.t.0.space.garbage.bytes 0\n"
                + "partition.t.0.pin.oldest.ms 0\n");
  }

  @Test
  void durationsGoToBucketsOfTwiceTheWidth() {
    assertThat(DurationHistogram.bucketOf(-1)).isZero();
    assertThat(DurationHistogram.bucketOf(0)).isZero();
    assertThat(DurationHistogram.bucketOf(1023)).isZero();
    assertThat(DurationHistogram.bucketOf(1024)).isEqualTo(1);
    assertThat(DurationHistogram.bucketOf(2047)).isEqualTo(1);
    assertThat(DurationHistogram.bucketOf(2048)).isEqualTo(2);
    assertThat(DurationHistogram.bucketOf(Long.MAX_VALUE)).isEqualTo(31);
    long[] counts = new long[DurationHistogram.BUCKETS];
    counts[0] = 98;
    counts[3] = 1;
    counts[31] = 1;
    DurationHistogram histogram = new DurationHistogram(counts, 5_000, 3L << 40);
    assertThat(histogram.count()).isEqualTo(100);
    assertThat(histogram.count(3)).isEqualTo(1);
    assertThat(histogram.quantileNs(0.5)).isEqualTo(1024);
    assertThat(histogram.quantileNs(0.98)).isEqualTo(1024);
    assertThat(histogram.quantileNs(0.99)).isEqualTo(8192);
    assertThat(histogram.quantileNs(1)).isEqualTo(3L << 40);
    assertThat(DurationHistogram.EMPTY.quantileNs(0.99)).isZero();
  }
}
