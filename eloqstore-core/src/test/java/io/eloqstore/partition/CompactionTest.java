/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.reference.ReferenceVerifier;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sparse data files are rewritten and go: the space stays bounded under skewed overwrites, content
 * and snapshots stay what they are, and the writer waits for none of it.
 */
class CompactionTest {
  /** Pages of a data file. */
  private static final int FILE_PAGES = 32;

  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(5)
          .withDurability(StoreOptions.Durability.NEVER);

  /** Tails of flushes, of large values and of compaction, and the file that a step fills. */
  private static final int EXTRA_FILES = 4 + Compaction.STEP_PAGES / FILE_PAGES;

  @TempDir Path temp;

  private static PartitionWorld world(StoreOptions options) {
    return new PartitionWorld(
        8 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), options);
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(6).putShort((short) 7).putInt(number).array();
  }

  private static byte[] value(long number, int length) {
    byte[] value = new byte[Long.BYTES + length];
    Arrays.fill(value, (byte) number);
    ByteBuffer.wrap(value).putLong(number);
    return value;
  }

  private static long dataBytes(IoBackend io, Path directory) {
    return io.list(directory).stream()
        .filter(entry -> entry.name().startsWith("data_"))
        .mapToLong(DirectoryEntry::bytes)
        .sum();
  }

  private static void assertBounded(IoBackend io, Path directory, Rows rows, String where) {
    long live = rows.view().root().mapping().mappedCount() * 4096L;
    assertThat(dataBytes(io, directory))
        .as(where)
        .isLessThanOrEqualTo((long) (2.5 * live) + EXTRA_FILES * FILE_PAGES * 4096L);
  }

  /** Four of five writes go to a fifth of the rows. */
  private static int skewed(Random random, int rows) {
    return random.nextInt(5) == 0 ? random.nextInt(rows) : random.nextInt(rows / 5);
  }

  // ---- space ------------------------------------------------------------------------------------

  @Test
  void spaceIsBoundedUnderSkewedOverwrite() {
    int rows = 20_000;
    try (SteppedShard shard = new SteppedShard(32 << 20)) {
      Partition partition = shard.open(0, OPTIONS);
      Random random = new Random(1);
      for (int round = 0; round < 150; round++) {
        for (int i = 0; i < (round == 0 ? rows : 200); i++) {
          byte[] key = key(round == 0 ? i : skewed(random, rows));
          partition.put(key, 0, key.length, new byte[200], 0, 200);
        }
        partition.flush();
        shard.work();
        partition.commit(Map.of());
        assertBounded(
            shard.io, SteppedShard.directory(0), partition.rows(), "seed 1, round " + round);
      }
      assertThat(partition.rows().maintenance().compaction().movedPages()).isPositive();
      partition.close();
    }
  }

  @Test
  void spaceIsBoundedWhileTheWorkerRunsBesideTheWriter() {
    int rows = 20_000;
    try (PartitionWorld world = world(OPTIONS)) {
      Random random = new Random(2);
      for (int round = 0; round < 150; round++) {
        for (int i = 0; i < (round == 0 ? rows : 200); i++) {
          world.put(key(round == 0 ? i : skewed(random, rows)), new byte[200]);
        }
        world.commit();
        Root committed = ((Partition) world.partition()).committer().committed();
        long live = committed.mapping().mappedCount() * 4096L;
        assertThat(dataBytes(world.shard.io(), world.partitionDirectory()))
            .as("seed 2, round " + round)
            .isLessThanOrEqualTo((long) (2.5 * live) + EXTRA_FILES * FILE_PAGES * 4096L);
      }
      assertThat(world.rows().maintenance().compaction().movedPages()).isPositive();
    }
  }

  @Test
  void withoutAFileFactorNothingIsMovedUntilAskedFor() {
    try (PartitionWorld world = world(OPTIONS.withFileFactor(0))) {
      overwriteAll(world, 10);
      assertThat(world.rows().maintenance().compaction().movedPages()).isZero();
      long before = dataBytes(world.shard.io(), world.partitionDirectory());
      world.partition().compact();
      world.commit();
      world.settle();
      assertThat(world.rows().maintenance().compaction().movedPages()).isPositive();
      assertThat(dataBytes(world.shard.io(), world.partitionDirectory())).isLessThan(before / 2);
    }
  }

  /** Nobody writes after the last commit: the background publishes what it moved. */
  @Test
  void aStoreThatIsLeftAloneGivesItsSpaceBack() {
    try (PartitionWorld world = world(OPTIONS)) {
      overwriteAll(world, 10);
      world.partition().commit(Map.of("last", new byte[] {1}));
      long live = world.rows().view().root().mapping().mappedCount() * 4096L;
      world.settle();
      // Waits for the piece of work that publishes.
      world.closeStore();
      assertThat(dataBytes(world.shard.io(), world.partitionDirectory()))
          .isLessThanOrEqualTo(2 * live + 4 * FILE_PAGES * 4096L);
      world.open();
      assertThat(world.partition().metadata().get("last")).containsExactly(1);
      for (int i = 0; i < 4000; i++) {
        assertThat(world.get(key(i))).hasSize(200);
      }
      world.verifyTrees("left alone");
      world.partition().deleteRange(KeyRange.ALL);
      world.commit();
      world.settle();
      world.closeStore();
      assertThat(dataBytes(world.shard.io(), world.partitionDirectory())).isZero();
      world.open();
    }
  }

  /** What was written since the commit stays unpublished, wherever pages were moved. */
  @Test
  void whatIsNotCommittedIsNotPublished() {
    try (PartitionWorld world = world(OPTIONS)) {
      overwriteAll(world, 10);
      world.put(key(5000), new byte[1]);
      world.partition().compact();
      world.settle();
      world.reopen();
      assertThat(world.get(key(5000))).isNull();
      assertThat(world.get(key(1))).hasSize(200);
      // Nothing is published before the first commit of a run either.
      byte[] image = world.saveImage(Path.of("/image"), Map.of());
      world.restore(Path.of("/image"), image, KeyRange.ALL);
      world.partition().compact();
      world.settle();
      world.closeStore();
      world.open();
      world.closeStore();
      try (EloqStore store = EloqStore.open(world.shard, world.directory, OPTIONS)) {
        assertThat(store.restorePartition(PartitionWorld.ID, image).metadata()).isEmpty();
      }
      world.open();
    }
  }

  /** One row of each leaf stays from the first round: every file keeps some live pages. */
  private static void overwriteAll(PartitionWorld world, int rounds) {
    for (int i = 0; i < 4000; i++) {
      world.put(key(i), new byte[200]);
    }
    world.commit();
    Random random = new Random(3);
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < 80; i++) {
        world.put(key(random.nextInt(4000)), new byte[200]);
      }
      world.commit();
    }
  }

  // ---- steps ------------------------------------------------------------------------------------

  @Test
  void aStepMovesABoundedNumberOfPages() {
    try (SteppedShard shard = new SteppedShard(32 << 20)) {
      Partition partition = shard.open(0, OPTIONS.withFileFactor(0));
      Compaction compaction = makeSparse(shard, partition);
      int steps = 0;
      for (long before = -1; before != compaction.movedPages(); steps++) {
        before = compaction.movedPages();
        partition.backgroundStep().run();
        assertThat(compaction.movedPages() - before).isLessThanOrEqualTo(Compaction.STEP_PAGES);
      }
      assertThat(steps).isGreaterThan(2);
      partition.close();
    }
  }

  /** The clock goes on by so much with each look at it that no step has time for two blocks. */
  @Test
  void aStepEndsWhenItsTimeIsUp() {
    try (SteppedShard shard = new SteppedShard(32 << 20)) {
      Partition partition = shard.open(0, OPTIONS.withFileFactor(0));
      Compaction compaction = makeSparse(shard, partition);
      AtomicLong now = new AtomicLong();
      shard.clock = () -> now.addAndGet(100);
      int blockPages = MemoryBudget.BLOCK_BYTES_MAX / 4096;
      long before = compaction.movedPages();
      partition.backgroundStep().run();
      assertThat(compaction.movedPages() - before).isBetween(1L, (long) blockPages);
      shard.request(partition.backgroundStep());
      shard.work();
      assertThat(compaction.isAsked()).isFalse();
      partition.close();
    }
  }

  /** Many files that are two thirds dead: of three runs of leaves two were written again. */
  private static Compaction makeSparse(SteppedShard shard, Partition partition) {
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < 30_000; i++) {
        byte[] key = key(i);
        if (pass == 0 || i % 90 < 60) {
          partition.put(key, 0, key.length, new byte[400], 0, 400);
        }
      }
      partition.flush();
      shard.work();
    }
    Compaction compaction = partition.rows().maintenance().compaction();
    assertThat(compaction.movedPages()).isZero();
    compaction.ask();
    return compaction;
  }

  // ---- the writer -------------------------------------------------------------------------------

  /** The worker hangs in the middle of a step: in its read, then in its write. */
  @Test
  void theWriterWaitsForNoStep() throws Exception {
    for (FaultPlan.Kind kind : EnumSet.of(FaultPlan.Kind.READ, FaultPlan.Kind.WRITE)) {
      FaultPlan plan = FaultPlan.of(1);
      try (PartitionWorld world =
          new PartitionWorld(
              8 << 20,
              budget -> MemoryBackend.simulated(budget.arena(), plan),
              Path.of("/store"),
              OPTIONS.withFileFactor(0))) {
        overwriteAll(world, 30);
        world.settle();
        // Cached, so that reads of the owner need no disk.
        world.checkRange(new PartitionModel(), new KeyRange(key(9999), null), false, 10, "none");
        for (int i = 0; i < 4000; i++) {
          assertThat(world.get(key(i))).hasSize(200);
        }
        FaultPlan.Hold hold = plan.hold(EnumSet.of(kind), 0);
        world.rows().maintenance().compaction().ask();
        world.shard.background().request(world.rows());
        hold.awaitReached();
        long moved = world.rows().maintenance().compaction().movedPages();
        for (int i = 0; i < 500; i++) {
          world.put(key(i), value(i, 30));
          assertThat(world.get(key(i))).isEqualTo(value(i, 30));
          assertThat(world.get(key(3000 + i))).hasSize(200);
        }
        world.partition().flush();
        world.put(key(0), value(7, 30));
        try (FreezePoint point = world.partition().freeze()) {
          assertThat(world.rows().maintenance().compaction().movedPages()).isEqualTo(moved);
          hold.release();
          point.commit(Map.of()).close();
        }
        world.settle();
        assertThat(world.get(key(0))).isEqualTo(value(7, 30));
        world.settle();
        world.verifyTrees("after the steps");
      }
    }
  }

  /** A flush that is asked for between two steps comes before the second. */
  @Test
  void aFlushDoesNotWaitForThePassToEnd() {
    try (SteppedShard shard = new SteppedShard(32 << 20)) {
      Partition partition = shard.open(0, OPTIONS.withFileFactor(0));
      Compaction compaction = makeSparse(shard, partition);
      partition.backgroundStep().run();
      long moved = compaction.movedPages();
      assertThat(moved).isPositive();
      assertThat(compaction.isAsked()).isTrue();
      partition.put(key(1), 0, 6, new byte[9], 0, 9);
      try (FreezePoint point = partition.freeze()) {
        partition.backgroundStep().run();
        point.commit(Map.of()).close();
      }
      assertThat(compaction.movedPages()).isLessThanOrEqualTo(moved + Compaction.STEP_PAGES);
      assertThat(compaction.isAsked()).isTrue();
      shard.work();
      partition.close();
    }
  }

  // ---- content ----------------------------------------------------------------------------------

  @Test
  void contentSnapshotsAndImagesStayWhatTheyAre() throws IOException {
    try (PartitionWorld world =
        new PartitionWorld(
            8 << 20, budget -> NioBackend.buffered(budget.arena()), temp.resolve("s"), OPTIONS)) {
      TreeMap<Integer, byte[]> model = new TreeMap<>();
      Random random = new Random(4);
      PartitionImage image = null;
      EntryIterator iterator = null;
      TreeMap<Integer, byte[]> seen = null;
      for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 300; i++) {
          int number = skewed(random, 3000);
          int length = random.nextInt(100) == 0 ? 5_000 + random.nextInt(60_000) : 150;
          model.put(number, value(random.nextInt(), length));
          world.put(key(number), model.get(number));
        }
        if (round == 20) {
          iterator = world.partition().iterator(KeyRange.ALL, false);
          seen = new TreeMap<>(model);
          try (FreezePoint point = world.partition().freeze()) {
            image = point.commit(Map.of());
          }
        } else if (round % 7 == 0) {
          world.partition().compact();
        }
        world.commit();
      }
      assertThat(world.rows().maintenance().compaction().movedPages()).isPositive();
      for (Map.Entry<Integer, byte[]> entry : seen.entrySet()) {
        assertThat(iterator.next()).isTrue();
        assertThat(Arrays.copyOf(iterator.key(), iterator.keyLength()))
            .isEqualTo(key(entry.getKey()));
        ValueBuffer found = iterator.value();
        assertThat(found.toByteArray()).isEqualTo(entry.getValue());
      }
      assertThat(iterator.next()).isFalse();
      iterator.close();
      Path saved = temp.resolve("image").resolve("t.0");
      image.linkTo(saved);
      assertThat(ReferenceVerifier.verify(saved, 4096, 5)).isEmpty();
      image.close();
      world.settle();
      world.verifyTrees("at the end");
      model.forEach((key, value) -> assertThat(world.get(key(key))).isEqualTo(value));
      world.reopenAfterCommit();
      model.forEach((key, value) -> assertThat(world.get(key(key))).isEqualTo(value));
      world.closeStore();
      assertThat(ReferenceVerifier.verify(world.partitionDirectory(), 4096, 5)).isEmpty();
      world.open();
    }
  }

  /** The value of a buffered record lies in a file that has nothing else alive. */
  @Test
  void filesOfBufferedLargeValuesStay() {
    try (SteppedShard shard = new SteppedShard(32 << 20)) {
      Partition partition = shard.open(0, OPTIONS);
      byte[] large = value(5, 200_000);
      partition.put(key(1), 0, 6, large, 0, large.length);
      for (int i = 0; i < 20; i++) {
        byte[] other = value(i, 200_000);
        partition.put(key(2), 0, 6, other, 0, other.length);
      }
      Compaction compaction = partition.rows().maintenance().compaction();
      compaction.ask();
      partition.backgroundStep().run();
      ValueBuffer found = new ValueBuffer();
      assertThat(partition.get(key(1), 0, 6, found)).isTrue();
      assertThat(found.toByteArray()).isEqualTo(large);
      partition.flush();
      shard.work();
      compaction.ask();
      shard.request(partition.backgroundStep());
      shard.work();
      assertThat(partition.get(key(1), 0, 6, found)).isTrue();
      assertThat(found.toByteArray()).isEqualTo(large);
      partition.close();
    }
  }

  @Test
  void aFileWithADamagedPageStaysAndIsToldOf() {
    try (PartitionWorld world = world(OPTIONS.withFileFactor(0))) {
      overwriteAll(world, 30);
      world.reopenAfterCommit();
      MappingSnapshot mapping = world.rows().view().root().mapping();
      long file = mapping.fileId(0);
      assertThat(mapping.livePagesAt(0)).isLessThan(FILE_PAGES / 2);
      damageLivePages(world, file);
      assertThatThrownBy(() -> world.partition().compact())
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.CORRUPTED))
          .hasMessageContaining("data_" + file + "_0");
      assertThat(world.rows().view().root().mapping().livePages(file)).isPositive();
      world.put(key(9000), new byte[1]);
      assertThat(world.get(key(9000))).as("nothing is poisoned").hasSize(1);
    }
  }

  private static void damageLivePages(PartitionWorld world, long fileId) {
    IoBackend io = world.shard.io();
    MemoryBudget budget = world.shard.budget();
    MappingSnapshot mapping = world.rows().view().root().mapping();
    long block = budget.allocate(4096, MemoryUse.IO);
    try (BlockFile file =
        io.open(world.partitionDirectory().resolve("data_" + fileId + "_0"), OpenMode.WRITE)) {
      budget.arena().zero(block, 4096);
      for (int id = 0; id < mapping.pageCount(); id++) {
        long filePage = mapping.filePage(id);
        if (filePage >>> 5 == fileId) {
          file.write((filePage & FILE_PAGES - 1) * 4096, block, 4096);
        }
      }
    } finally {
      budget.free(block, 4096, MemoryUse.IO);
    }
  }
}
