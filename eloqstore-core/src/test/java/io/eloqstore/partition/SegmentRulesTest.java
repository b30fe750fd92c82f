/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.SegmentOptions.When;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.shard.Shard;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a reading of change segments found. */
class SegmentRulesTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(4)
          .withSegments(new SegmentOptions(When.ALWAYS, 4));

  @TempDir Path directory;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static void put(OwnedPartition partition, String key, String value) {
    partition.put(bytes(key), 0, key.length(), bytes(value), 0, value.length());
  }

  private static String get(OwnedPartition partition, String key) {
    ValueBuffer value = new ValueBuffer();
    return partition.get(bytes(key), 0, key.length(), value)
        ? new String(value.toByteArray(), StandardCharsets.US_ASCII)
        : null;
  }

  private static PartitionWorld world() {
    return new PartitionWorld(
        4 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), OPTIONS);
  }

  /** A segment that an earlier term wrote keeps the term in its file's name. */
  @Test
  void aHigherTermGoesOnWithSegments() {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults().withBudgetBytes(8 << 20))) {
      for (long term = 1; term <= 3; term++) {
        try (EloqStore store = EloqStore.open(shard, directory, OPTIONS.withTerm(term))) {
          OwnedPartition partition = store.openPartition(PartitionWorld.ID);
          if (term > 1) {
            assertThat(get(partition, "k" + (term - 1))).isEqualTo("v");
          }
          put(partition, "k" + term, "v");
          partition.commit(Map.of());
        }
      }
    }
  }

  /** "Nothing was changed then", says the Javadoc of a data file that is missing. */
  @Test
  void aRollbackNeedsTheFilesOfSegments() throws Exception {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults().withBudgetBytes(8 << 20))) {
      Path partitionDirectory;
      try (EloqStore store = EloqStore.open(shard, directory, OPTIONS)) {
        OwnedPartition partition = store.openPartition(PartitionWorld.ID);
        partitionDirectory = store.partitionDirectory(PartitionWorld.ID);
        put(partition, "k", "old");
        partition.commit(Map.of());
        partition.archive(1);
        partition.deleteRange(KeyRange.ALL);
        partition.commit(Map.of());
      }
      try (Stream<Path> files = Files.list(partitionDirectory)) {
        for (Path file :
            files.filter(f -> f.getFileName().toString().startsWith("data")).toList()) {
          Files.delete(file);
        }
      }
      try (EloqStore store = EloqStore.open(shard, directory, OPTIONS)) {
        assertThatThrownBy(() -> store.rollback(PartitionWorld.ID, 1))
            .isInstanceOf(StoreException.class);
        store.openPartition(PartitionWorld.ID);
      }
    }
  }

  /** Closing ends a wait of the owner for the merge of all segments. */
  @Test
  void closingEndsTheWaitOfSeal() throws Exception {
    try (PartitionWorld world = world()) {
      for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 2000; k++) {
          world.put(bytes(String.format("k%05d", k)), bytes("value" + i));
        }
        world.commit();
      }
      Rows rows = world.rows();
      assertThat(rows.view().root().segments().length).isPositive();
      // The worker stands in front of its next step as long as another partition's step lasts.
      Object gate = new Object();
      boolean[] open = new boolean[1];
      Background.Step blocker =
          new Background.Step() {
            @Override
            public void run() {
              synchronized (gate) {
                while (!open[0]) {
                  try {
                    gate.wait();
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                }
              }
            }

            @Override
            public boolean giveBack() {
              return false;
            }

            @Override
            public boolean isDue(long nowMs) {
              return false;
            }
          };
      Background background = ((Partition) world.partition()).context().background();
      background.request(blocker);
      Throwable[] thrown = new Throwable[1];
      Thread owner =
          new Thread(
              () -> {
                try {
                  world.partition().seal();
                } catch (Throwable e) {
                  thrown[0] = e;
                }
              });
      owner.setDaemon(true);
      owner.start();
      while (owner.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      world.partition().close();
      synchronized (gate) {
        open[0] = true;
        gate.notifyAll();
      }
      owner.join(5_000);
      assertThat(owner.isAlive()).as("the owner still waits in seal()").isFalse();
      assertThat(thrown[0]).isInstanceOf(StoreException.class);
    }
  }

  /** Rows that have expired in segments are not seen, and are gone with the merge. */
  @Test
  void expiredRowsInSegmentsGoWithTheirMerge() {
    try (PartitionWorld world = world()) {
      world.put(bytes("k"), bytes("v"), 1, world.nowMs.get() + 10);
      world.commit();
      world.nowMs.addAndGet(1000);
      assertThat(world.get(bytes("k"))).isNull();
      world.partition().seal();
      world.partition().cleanExpired();
      world.commit();
      assertThat(world.partition().approximateEntryCount()).isZero();
    }
  }

  /** A list that grows by small steps is read in few rows, whatever lies between two steps. */
  @Test
  void chunksOfAListAreJoinedThroughSegments() {
    try (PartitionWorld world = world()) {
      for (int i = 0; i < 200; i++) {
        world.append(bytes("list"), bytes("element" + i));
        world.commit();
      }
      world.partition().seal();
      assertThat(world.rows().view().root().counts().entries()).isLessThan(10);
    }
  }

  /**
   * Range deletes of single keys cut segments into pieces, which must not make merging quadratic.
   */
  @Test
  void rangeDeletesDoNotSplitSegmentsWithoutBound() {
    try (PartitionWorld world = world()) {
      for (int i = 0; i < 20_000; i++) {
        world.put(bytes(String.format("k%06d", i)), bytes("v"));
      }
      world.commit();
      for (int i = 0; i < 20_000; i += 4) {
        byte[] from = bytes(String.format("k%06d", i));
        world.partition().deleteRange(new KeyRange(from, bytes(String.format("k%06d", i + 1))));
        if (i % 2000 == 1996) {
          world.commit();
        }
      }
      int ranges = 0;
      for (Segment segment : world.rows().view().root().segments()) {
        ranges += segment.live().count();
      }
      assertThat(ranges).isLessThan(1000);
    }
  }

  /** An image whose tree is empty, everything in segments, can be clipped. */
  @Test
  void anImageOfSegmentsAloneIsClipped() {
    try (PartitionWorld world = world()) {
      for (int i = 0; i < 3000; i++) {
        world.put(bytes(String.format("k%05d", i)), bytes("v" + i));
      }
      Path image = Path.of("/image");
      byte[] description = world.saveImage(image, Map.of());
      List<String> fetched =
          world.restore(image, description, new KeyRange(bytes("k01000"), bytes("k02000")));
      assertThat(world.get(bytes("k00999"))).isNull();
      assertThat(world.get(bytes("k01000"))).isEqualTo(bytes("v1000"));
      assertThat(world.get(bytes("k02000"))).isNull();
      world.commit();
      world.reopen();
      assertThat(world.get(bytes("k01500"))).isEqualTo(bytes("v1500"));
      world.partition().seal();
      world.verifyTrees("clip");
      assertThat(fetched).isNotEmpty();
    }
  }
}
