/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.SegmentOptions.When;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.reference.ReferenceVerifier;
import io.eloqstore.shard.ShardStatistics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What change segments are for: counted bytes, files and ranges. */
class SegmentTest {
  private static final int KEYS = 40_000;
  private static final byte[] VALUE = "v".repeat(100).getBytes(StandardCharsets.UTF_8);

  @TempDir Path directory;

  private static StoreOptions options(When when, int runsMax) {
    return StoreOptions.defaults()
        .withPagesPerFileShift(8)
        .withDurability(StoreOptions.Durability.NEVER)
        .withSegments(new SegmentOptions(when, runsMax));
  }

  private static PartitionWorld inMemory(StoreOptions options) {
    return new PartitionWorld(
        32 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), options);
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(8).putLong(number).array();
  }

  private static void load(PartitionWorld world) {
    for (int i = 0; i < KEYS; i++) {
      world.put(key(i), VALUE);
    }
    world.commit();
    world.settle();
  }

  private static int segments(PartitionWorld world) {
    return world.rows().view().root().segments().length;
  }

  private static void spread(PartitionWorld world, int changes, String value) {
    for (int i = 0; i < changes; i++) {
      world.put(key((int) ((long) i * KEYS / changes)), value.getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void sparseCommitWritesItsOwnBytesAndNoLeaf() {
    try (PartitionWorld world = inMemory(options(When.SPARSE, 4))) {
      load(world);
      assertThat(segments(world)).as("a load is dense").isZero();
      int mapped = world.rows().view().root().mapping().mappedCount();
      ShardStatistics before = world.shard.statistics();
      spread(world, 500, "changed");
      world.commit();
      ShardStatistics after = world.shard.statistics();
      assertThat(segments(world)).isEqualTo(1);
      assertThat(after.written().flush()).isEqualTo(before.written().flush());
      // 500 changes of some 15 bytes: two leaves, and one index page as the root.
      assertThat(after.written().segment()).isEqualTo(3 * 4096);
      assertThat(world.rows().view().root().mapping().mappedCount()).isEqualTo(mapped);
      assertThat(world.get(key(0))).isEqualTo("changed".getBytes(StandardCharsets.UTF_8));
      assertThat(world.get(key(1))).isEqualTo(VALUE);
      world.verifyTrees("with a segment");
    }
  }

  @Test
  void denseCommitIsMerged() {
    try (PartitionWorld world = inMemory(options(When.SPARSE, 4))) {
      load(world);
      for (int i = 0; i < 5_000; i++) {
        world.put(key(10_000 + i), "changed".getBytes(StandardCharsets.UTF_8));
      }
      world.commit();
      assertThat(segments(world)).isZero();
    }
  }

  @Test
  void neverMeansNever() {
    try (PartitionWorld world = inMemory(options(When.NEVER, 4))) {
      load(world);
      spread(world, 500, "changed");
      world.commit();
      assertThat(segments(world)).isZero();
      assertThat(world.shard.statistics().written().segment()).isZero();
    }
  }

  @Test
  void tooManyRunsAreMergedAndTheirFilesDeleted() {
    try (PartitionWorld world = inMemory(options(When.ALWAYS, 3))) {
      load(world);
      world.partition().seal();
      for (int run = 0; run < 9; run++) {
        spread(world, 300 + run, "run" + run);
        world.commit();
      }
      world.settle();
      assertThat(distinctRuns(world)).isLessThanOrEqualTo(3);
      world.partition().seal();
      assertThat(segments(world)).isZero();
      world.verifyTrees("sealed");
      assertThat(world.get(key(0))).isEqualTo("run8".getBytes(StandardCharsets.UTF_8));
      assertThat(filesWithoutLivePages(world)).as("tails at most").isLessThanOrEqualTo(3);
    }
  }

  private static long filesWithoutLivePages(PartitionWorld world) {
    MappingSnapshot mapping = world.rows().view().root().mapping();
    return world.shard.io().list(world.partitionDirectory()).stream()
        .map(entry -> FileNames.parse(entry.name()))
        .filter(name -> name instanceof FileName.Data data && mapping.livePages(data.fileId()) == 0)
        .count();
  }

  private static long distinctRuns(PartitionWorld world) {
    while (true) {
      long runs =
          List.of(world.rows().view().root().segments()).stream()
              .mapToLong(Segment::maxSequence)
              .distinct()
              .count();
      if (runs <= 3) {
        return runs;
      }
      Thread.yield();
    }
  }

  /** Skewed: a hot tenth gets nine of ten changes. It is merged first, the rest stays. */
  @Test
  void densestRangeIsMergedFirst() {
    try (PartitionWorld world = inMemory(options(When.ALWAYS, 100))) {
      load(world);
      world.partition().seal();
      Random random = new Random(1);
      for (int i = 0; i < 9_000; i++) {
        int hot = i % 10 == 0 ? random.nextInt(KEYS) : 20_000 + random.nextInt(KEYS / 10);
        world.put(key(hot), "changed".getBytes(StandardCharsets.UTF_8));
      }
      world.commit();
      View pinned = world.rows().pinView();
      try {
        PartitionContext context = ((Partition) world.partition()).context();
        KeyRange next = new SegmentPolicy(context).nextMerge(pinned.root());
        long from = ByteBuffer.wrap(Arrays.copyOf(next.from(), 8)).getLong();
        assertThat(from).isBetween(19_000L, 24_000L);
      } finally {
        View.unpin(pinned.all(), pinned.root());
      }
    }
  }

  @Test
  void unsealedStoreIsRefusedByWhoKnowsNoSegmentsAndASealedOneIsRead() throws IOException {
    Path partition;
    StoreOptions options = options(When.ALWAYS, 100);
    try (PartitionWorld world =
        new PartitionWorld(
            32 << 20, budget -> NioBackend.buffered(budget.arena()), directory, options)) {
      partition = world.partitionDirectory();
      world.put(key(1), VALUE);
      world.commit();
      assertThat(segments(world)).isEqualTo(1);
    }
    assertThat(ReferenceVerifier.verify(partition, 4096, 8)).isNotEmpty();
    try (PartitionWorld world =
        new PartitionWorld(
            32 << 20, budget -> NioBackend.buffered(budget.arena()), directory, options)) {
      assertThat(segments(world)).isEqualTo(1);
      assertThat(world.get(key(1))).isEqualTo(VALUE);
      world.partition().seal();
    }
    assertThat(ReferenceVerifier.verify(partition, 4096, 8)).isEmpty();
  }

  /** A range delete leaves nothing of its range in older segments, and reads see that at once. */
  @Test
  void rangeDeleteIsTakenOffOlderSegments() {
    try (PartitionWorld world = inMemory(options(When.ALWAYS, 100))) {
      spread(world, 1_000, "old");
      world.commit();
      world.partition().deleteRange(new KeyRange(key(10_000), key(30_000)));
      world.put(key(20_000), "new".getBytes(StandardCharsets.UTF_8));
      world.commit();
      Segment oldest = world.rows().view().root().segments()[segments(world) - 1];
      assertThat(oldest.live().contains(key(20_000), 0, 8)).isFalse();
      assertThat(oldest.live().count()).isEqualTo(2);
      assertThat(world.get(key(12_000))).isNull();
      assertThat(world.get(key(20_000))).isEqualTo("new".getBytes(StandardCharsets.UTF_8));
      assertThat(world.get(key(0))).isEqualTo("old".getBytes(StandardCharsets.UTF_8));
      world.reopenAfterCommit();
      assertThat(world.get(key(12_000))).isNull();
      world.verifyTrees("reopened");
    }
  }

  /** A sweep asks the filter for everything, so what is in segments is merged for it first. */
  @Test
  void sweepSeesRowsOfSegments() {
    try (PartitionWorld world = inMemory(options(When.ALWAYS, 100))) {
      spread(world, 1_000, "dropped");
      world.commit();
      assertThat(segments(world)).isPositive();
      world.partition().setEntryFilter(entry -> true);
      world.partition().requestSweep();
      EntryFiltering filtering = ((Partition) world.partition()).context().filtering();
      while (filtering.wantsStep() && world.rows().poisonOrNull() == null) {
        Thread.onSpinWait();
      }
      assertThat(segments(world)).isZero();
      assertThat(world.rows().view().root().counts().entries()).isZero();
      assertThat(world.get(key(0))).isNull();
    }
  }

  /** Of the segments too only the files are fetched that have a part in the range. */
  @Test
  void clipFetchesOnlySegmentsOfItsRange() {
    StoreOptions options = options(When.ALWAYS, 100).withPagesPerFileShift(4);
    try (PartitionWorld world = inMemory(options)) {
      load(world);
      world.partition().seal();
      spread(world, 8_000, "a segment of some files");
      world.commit();
      int all = segments(world);
      assertThat(all).isGreaterThan(4);
      Path image = Path.of("/image");
      byte[] description = world.saveImage(image, Map.of());
      KeyRange kept = new KeyRange(key(0), key(KEYS / 8));
      List<String> fetched = world.restore(image, description, kept);
      long segmentFiles =
          List.of(world.rows().view().root().segments()).stream()
              .filter(segment -> fetched.stream().anyMatch(name -> isFile(name, segment)))
              .count();
      assertThat(segments(world)).isLessThanOrEqualTo(all / 4).isEqualTo((int) segmentFiles);
      assertThat(world.get(key(0)))
          .isEqualTo("a segment of some files".getBytes(StandardCharsets.UTF_8));
      assertThat(world.get(key(KEYS / 8))).isNull();
      world.commit();
      world.verifyTrees("clipped");
    }
  }

  private static boolean isFile(String name, Segment segment) {
    return name.startsWith("data_" + segment.fileId() + "_");
  }
}
