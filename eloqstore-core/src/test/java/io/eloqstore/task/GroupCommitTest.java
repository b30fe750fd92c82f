/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import static io.eloqstore.task.ServedWorld.assertFails;
import static io.eloqstore.task.ServedWorld.bytes;
import static io.eloqstore.task.ServedWorld.get;
import static io.eloqstore.task.ServedWorld.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ServeDurability;
import io.eloqstore.api.ServeOptions;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * When writes are published: in groups, at intervals, by closing, when asked; and when that fails.
 */
class GroupCommitTest {
  private static final Set<FaultPlan.Kind> FORCE = Set.of(FaultPlan.Kind.FORCE);

  @Test
  void allWritesThatAreQueuedArePublishedByOneRecord() throws Exception {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve();
      FaultPlan.Hold hold = world.plan.hold(FORCE, 0);
      CompletableFuture<Void> first = partition.write(put("k", "first", 1));
      hold.awaitReached();
      List<Integer> timestamps = new ArrayList<>();
      for (int i = 2; i <= 129; i++) {
        timestamps.add(i);
      }
      long seed = 5;
      Collections.shuffle(timestamps, new Random(seed));
      List<CompletableFuture<Void>> writes = new ArrayList<>();
      for (int timestamp : timestamps) {
        writes.add(partition.write(put("k", "t" + timestamp, timestamp)));
      }
      assertThat(first).isNotDone();
      hold.release();
      CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
      assertThat(first).isCompleted();
      assertThat(world.manifestRecords()).as("records for 129 batches").isEqualTo(2);
      assertThat(get(partition, "k")).as("seed " + seed).isEqualTo("t129");
      assertThat(world.published("k")).isEqualTo("t129");
    }
  }

  /** The C++ suite's concurrent batches: the highest timestamp wins whoever comes first. */
  @Test
  void ofConcurrentBatchesTheHighestTimestampWins() throws Exception {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve();
      List<Thread> writers = new ArrayList<>();
      List<CompletableFuture<Void>> writes = Collections.synchronizedList(new ArrayList<>());
      for (int thread = 0; thread < 8; thread++) {
        int mine = thread;
        writers.add(
            new Thread(
                () -> {
                  for (int i = 0; i < 16; i++) {
                    int timestamp = 1 + (mine * 53 + i * 8 + mine) % 128;
                    int unique = mine * 16 + i + 1;
                    writes.add(
                        partition.write(
                            put("k", "t" + unique, unique)
                                .put(bytes("other" + timestamp), bytes("x"), timestamp)));
                  }
                }));
      }
      writers.forEach(Thread::start);
      for (Thread writer : writers) {
        writer.join();
      }
      assertThat(writes).hasSize(128);
      CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
      assertThat(get(partition, "k")).isEqualTo("t128");
      assertThat(world.published("k")).isEqualTo("t128");
      assertThat(world.manifestRecords()).isBetween(1, 128);
    }
  }

  @Test
  void requestsGoOnWhileWritesArePublished() throws Exception {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve();
      FaultPlan.Hold hold = world.plan.hold(FORCE, 0);
      CompletableFuture<Void> first = partition.write(put("k", "1", 1));
      hold.awaitReached();
      assertThat(get(partition, "k")).isEqualTo("1");
      CompletableFuture<Void> second = partition.write(put("k", "2", 2));
      assertThat(get(partition, "k")).as("published or not").isEqualTo("2");
      assertThat(first).isNotDone();
      assertThat(second).isNotDone();
      hold.release();
      CompletableFuture.allOf(first, second).join();
      assertThat(world.published("k")).isEqualTo("2");
    }
  }

  /** What waits to be published is limited as what is queued is. */
  @Test
  void writesBehindASlowDiskAreRefusedInTheEnd() throws Exception {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve();
      FaultPlan.Hold hold = world.plan.hold(FORCE, 0);
      List<CompletableFuture<Void>> taken = new ArrayList<>();
      taken.add(partition.write(put("k", "0", 0)));
      hold.awaitReached();
      CompletableFuture<Void> last;
      while (!(last = partition.write(put("k", "" + taken.size(), taken.size()))).isDone()) {
        taken.add(last);
        assertThat(taken).hasSizeLessThan(3 * ServedPartition.QUEUED_MAX);
      }
      assertFails(last, StoreErrorCode.BUSY);
      assertThat(taken).hasSizeGreaterThan(ServedPartition.QUEUED_MAX);
      hold.release();
      CompletableFuture.allOf(taken.toArray(CompletableFuture[]::new)).join();
      assertThat(world.published("k")).isEqualTo("" + (taken.size() - 1));
    }
  }

  @Test
  void manyCommitsThatAreAskedForArePublishedInTheirOrder() {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve();
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        all.add(partition.write(put("k", "" + i, i)));
        all.add(partition.commit(Map.of("n", bytes("" + i))));
      }
      CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
      partition.close();
      try (OwnedPartition again = world.store.openPartition(ServedWorld.ID)) {
        assertThat(again.metadata().get("n")).isEqualTo(bytes("199"));
      }
      assertThat(world.published("k")).isEqualTo("199");
    }
  }

  @Test
  void groupsKeepTheMetadataOfTheLastCommitThatWasAskedFor() {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve();
      partition.blocking().write(put("k", "1"));
      partition.blocking().commit(Map.of("offset", bytes("12")));
      partition.blocking().write(put("k", "2"));
      partition.close();
      assertThat(world.store.openPartition(ServedWorld.ID).metadata())
          .containsOnlyKeys("offset")
          .containsEntry("offset", bytes("12"));
    }
  }

  @Test
  void commitThatIsAskedForPublishesTheWritesBeforeIt() throws Exception {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve();
      FaultPlan.Hold hold = world.plan.hold(FORCE, 0);
      CompletableFuture<Void> first = partition.write(put("k", "1"));
      hold.awaitReached();
      CompletableFuture<Void> second = partition.write(put("k", "2"));
      CompletableFuture<Void> invalid = partition.commit(null);
      CompletableFuture<Void> commit = partition.commit(Map.of("n", bytes("1")));
      List<Boolean> done = new ArrayList<>();
      CompletableFuture<Void> dependent =
          commit.thenRun(() -> done.addAll(List.of(first.isDone(), second.isDone())));
      hold.release();
      dependent.join();
      assertThat(done).containsExactly(true, true);
      assertFails(invalid, StoreErrorCode.INVALID_ARGUMENT);
      assertThat(world.manifestRecords()).isEqualTo(2);
    }
  }

  // ---- other durabilities
  // -------------------------------------------------------------------------

  @Test
  void intervalPublishesWhenItIsOverWithoutAnotherRequest() {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve(ServeDurability.everyMs(1_000_000));
      ServedPartition other =
          world.store.servePartition(
              new PartitionId("other", 0),
              ServeOptions.defaults().withDurability(ServeDurability.never()));
      partition.blocking().write(put("k", "1"));
      partition.blocking().write(put("k", "2"));
      world.nowMs.addAndGet(999_999);
      turns(other);
      assertThat(world.manifestRecords()).isZero();
      world.nowMs.incrementAndGet();
      turns(other);
      awaitRecords(world, 1);
      assertThat(world.published("k")).isEqualTo("2");
      // Nothing was written, so nothing is published.
      world.nowMs.addAndGet(5_000_000);
      turns(other);
      assertThat(world.manifestRecords()).isEqualTo(1);
      // A clock that is set back does not put it off.
      partition.blocking().write(put("k", "3"));
      world.nowMs.set(10);
      turns(other);
      awaitRecords(world, 2);
      assertThat(world.published("k")).isEqualTo("3");
      // Closing does not wait for it.
      partition.blocking().write(put("k", "4"));
      partition.close();
      assertThat(world.published("k")).isEqualTo("4");
    }
  }

  /**
   * A request to another partition has the loop look at its clock; what is due has its turn before
   * the request after that.
   */
  private static void turns(ServedPartition other) {
    other.blocking().read(bytes("k"));
    other.blocking().read(bytes("k"));
  }

  private static void awaitRecords(ServedWorld world, int records) {
    while (world.manifestRecords() < records) {
      Thread.yield();
    }
    assertThat(world.manifestRecords()).isEqualTo(records);
  }

  @Test
  void realTimeMakesTheLoopLookAtItsClock() {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve(ServeDurability.everyMs(1));
      partition.blocking().write(put("k", "1"));
      world.nowMs.addAndGet(1);
      // Nobody asks: the thread wakes up by itself.
      awaitRecords(world, 1);
      assertThat(world.published("k")).isEqualTo("1");
    }
  }

  @Test
  void onCloseAndNeverPublishWhatTheySay() {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve(ServeDurability.onClose());
      partition.blocking().write(put("k", "closed"));
      partition.blocking().flush();
      assertThat(world.manifestRecords()).isZero();
      partition.close();
      assertThat(world.published("k")).isEqualTo("closed");

      partition = world.serve(ServeDurability.never());
      partition.blocking().write(put("k", "lost"));
      assertThat(get(partition, "k")).isEqualTo("lost");
      partition.close();
      assertThat(world.published("k")).isEqualTo("closed");

      partition = world.serve(ServeDurability.never());
      partition.blocking().write(put("k", "asked for"));
      partition.blocking().commit(Map.of());
      partition.blocking().write(put("k", "lost"));
      world.store.close();
      assertThat(world.published("k")).isEqualTo("asked for");

      world.openStore();
      partition = world.serve(ServeDurability.onClose());
      partition.blocking().write(put("k", "store closed"));
      world.store.close();
      assertThat(world.published("k")).isEqualTo("store closed");
    }
  }

  // ---- closing and failing
  // ------------------------------------------------------------------------

  @Test
  void requestsBeforeCloseAreDoneAndLaterOnesRefused() throws Exception {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve();
      FaultPlan.Hold hold = world.plan.hold(FORCE, 0);
      CompletableFuture<Void> first = partition.write(put("a", "1"));
      hold.awaitReached();
      CompletableFuture<Void> before = partition.write(put("b", "2"));
      CompletableFuture<Void> end = partition.closeLater();
      CompletableFuture<Void> after = partition.write(put("c", "3"));
      assertThat(after).isCompletedExceptionally();
      assertFails(after, StoreErrorCode.CLOSED);
      assertThatThrownBy(() -> partition.blocking().read(bytes("a")))
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.CLOSED));
      partition.closeLater().cancel(true);
      assertThat(end).isNotDone();
      hold.release();
      end.join();
      assertThat(first).isCompleted();
      assertThat(before).isCompleted();
      assertThat(world.published("b")).isEqualTo("2");
    }
  }

  @Test
  void noFutureStaysOpenWhenThreadsAskWhileItIsClosed() throws Exception {
    for (int round = 0; round < 20; round++) {
      try (ServedWorld world = new ServedWorld()) {
        ServedPartition partition = world.serve();
        List<CompletableFuture<?>> all = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          threads.add(
              new Thread(
                  () -> {
                    while (true) {
                      CompletableFuture<?> read = partition.read(bytes("k"));
                      all.add(partition.write(put("k", "1")));
                      all.add(read);
                      if (read.isCompletedExceptionally() && isClosed(read)) {
                        return;
                      }
                    }
                  }));
        }
        threads.forEach(Thread::start);
        partition.blocking().write(put("k", "2"));
        world.store.close();
        for (Thread thread : threads) {
          thread.join();
        }
        assertThat(all).allMatch(CompletableFuture::isDone);
      }
    }
  }

  private static boolean isClosed(CompletableFuture<?> failed) {
    return failed
        .handle((nothing, e) -> e instanceof StoreException s && s.code() == StoreErrorCode.CLOSED)
        .join();
  }

  @Test
  void failedPublicationFailsItsWritesAndPoisons() throws Exception {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve();
      partition.blocking().write(put("k", "kept"));
      FaultPlan.Hold hold = world.plan.hold(FORCE, 0);
      world.plan.fail(FORCE, 0, StoreErrorCode.IO_FAILED);
      CompletableFuture<Void> hit = partition.write(put("k", "lost"));
      hold.awaitReached();
      CompletableFuture<Void> queued = partition.write(put("queued", "1"));
      CompletableFuture<Boolean> absent = partition.putIfAbsent(bytes("n"), bytes("1"));
      CompletableFuture<Void> commit = partition.commit(Map.of());
      hold.release();
      assertFails(hit, StoreErrorCode.IO_FAILED);
      assertFails(queued, StoreErrorCode.POISONED, StoreErrorCode.IO_FAILED);
      assertFails(absent, StoreErrorCode.POISONED, StoreErrorCode.IO_FAILED);
      assertFails(commit, StoreErrorCode.POISONED, StoreErrorCode.IO_FAILED);
      assertFails(partition.write(put("k", "refused")), StoreErrorCode.POISONED);
      assertThat(get(partition, "k")).as("reads go on").isEqualTo("lost");
      partition.close();
      assertThat(world.published("k")).isEqualTo("kept");
      assertThat(get(world.serve(), "k")).isEqualTo("kept");
    }
  }

  @Test
  void closingTellsWhenItCouldNotPublish() {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve(ServeDurability.onClose());
      partition.blocking().write(put("k", "1"));
      world.plan.fail(FORCE, 0, StoreErrorCode.OUT_OF_SPACE);
      assertThatThrownBy(partition::close)
          .isInstanceOfSatisfying(
              StoreException.class,
              e -> assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_SPACE));
      partition.close();
      assertThat(get(world.serve(), "k")).isNull();
    }
  }

  @Test
  void intervalThatCannotPublishRefusesLaterWrites() {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition partition = world.serve(ServeDurability.everyMs(1_000));
      partition.blocking().write(put("k", "1"));
      world.plan.fail(FORCE, 0, StoreErrorCode.IO_FAILED);
      world.nowMs.addAndGet(1_000);
      CompletableFuture<Void> write;
      do {
        write = partition.write(put("k", "2"));
      } while (write.handle((nothing, failure) -> failure == null).join());
      assertFails(write, StoreErrorCode.POISONED);
      assertThat(get(partition, "k")).isEqualTo("2");
      assertFails(partition.closeLater(), StoreErrorCode.IO_FAILED);
    }
  }

  // ---- memory
  // -------------------------------------------------------------------------------------

  @Test
  void idleServedPartitionGivesItsMemoryToWhoWaits() {
    try (ServedWorld world = new ServedWorld()) {
      ServedPartition served = world.serve(ServeDurability.never());
      for (int i = 0; i < 20; i++) {
        served.blocking().putIfAbsent(bytes("k" + i), new byte[1000]);
      }
      OwnedPartition owned = world.store.openPartition(new PartitionId("owned", 0));
      MemoryBudget budget = world.shard.budget();
      // All that is left is what the served partition holds.
      budget.setLimit(MemoryUse.WRITE_BUFFER, budget.used(MemoryUse.WRITE_BUFFER));
      owned.put(bytes("k"), 0, 1, bytes("v"), 0, 1);
      assertThat(owned.contains(bytes("k"), 0, 1)).isTrue();
      assertThat(get(served, "k7")).isNotNull();
      assertThat(world.manifestRecords()).isZero();
    }
  }
}
