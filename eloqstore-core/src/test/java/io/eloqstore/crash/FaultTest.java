/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.FaultPlan.Kind;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk that refuses one operation: nothing is lost, nothing is tried again, nobody else suffers.
 */
@Timeout(60)
class FaultTest {
  private static final StoreOptions OPTIONS = StoreOptions.defaults().withPagesPerFileShift(2);
  private static final PartitionId NEIGHBOUR = new PartitionId("u", 1);
  private static final Set<Kind> WRITES = EnumSet.of(Kind.WRITE, Kind.CREATE);

  private static void assertCode(StoreErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).as(e.toString()).isEqualTo(code))
        .hasMessageContainingAll(words);
  }

  private static List<String> files(SimulatedStore store) {
    return store.backend().list(SimulatedStore.DIRECTORY).stream()
        .map(DirectoryEntry::name)
        .toList();
  }

  private static void change(CommittingRun run) {
    for (int i = 0; i < 200; i++) {
      run.put(String.format("key%03d", i), "new" + i + "-".repeat(100));
    }
    run.put("large", "L".repeat(30_000));
    run.flush();
    run.deleteRange("key150", "key170");
    run.put("key001", "newest");
    run.flush();
    run.commit();
  }

  private static CommittingRun prepared() {
    CommittingRun run = CommittingRun.onEmptyDisk(FaultPlan.of(3), OPTIONS);
    run.open();
    for (int i = 0; i < 100; i++) {
      run.put(String.format("key%03d", i), "old" + i + "-".repeat(100));
    }
    run.commit();
    // Closing ends the worker's part, so that the fault hits what is asked for next.
    run.store().closeStore();
    run.open();
    return run;
  }

  @Test
  void fullDiskAtEachWriteLosesNothing() {
    int points = 0;
    while (failAt(WRITES, StoreErrorCode.OUT_OF_SPACE, points)) {
      points++;
      assertThat(points).isLessThan(1_000);
    }
    assertThat(points).isGreaterThan(8);
  }

  @Test
  void failedForceAtEachForceLosesNothing() {
    Set<Kind> forces = EnumSet.of(Kind.FORCE, Kind.FORCE_DIRECTORY);
    int points = 0;
    while (failAt(forces, StoreErrorCode.IO_FAILED, points)) {
      points++;
      assertThat(points).isLessThan(1_000);
    }
    assertThat(points).isGreaterThan(3);
  }

  /**
   * @return whether there was such an operation to fail
   */
  private static boolean failAt(Set<Kind> kinds, StoreErrorCode code, int point) {
    String where = "operation " + point;
    CommittingRun run = prepared();
    try (run) {
      SimulatedStore store = run.store();
      TextPartition neighbour = new TextPartition(store.store().openPartition(NEIGHBOUR));
      neighbour.put("mine", "1");
      neighbour.commit(1);
      FaultPlan plan = store.backend().plan();
      plan.fail(kinds, point, code);
      run.run(FaultTest::change);
      if (run.failure() == null) {
        return false;
      }
      // The write that failed, or one that was refused since.
      assertThat(run.failure().code()).as(where).isIn(code, StoreErrorCode.POISONED);
      assertThat(run.failure()).as(where).hasMessageContaining("injected fault");
      assertThat(run.failure().getMessage())
          .as(where)
          .contains(SimulatedStore.DIRECTORY.toString());
      FaultPlan.Hold change = plan.hold(Kind.CHANGES, 0);
      List<String> files = files(store);
      assertRefusesWrites(run.store().partition());
      SortedMap<String, String> found = run.store().partition().entriesBothWays(run.keys());
      assertThat(found.equals(run.model().entries())).as(where).isTrue();
      assertThat(change.isReached()).as(where + ": nothing is written again").isFalse();
      assertThat(files(store)).as(where).isEqualTo(files);
      change.release();
      neighbour.put("mine", "2");
      neighbour.commit(2);
      assertThat(neighbour.get("mine")).as(where).isEqualTo("2");
      store.closeStore();
      run.open();
      neighbour = new TextPartition(store.store().openPartition(NEIGHBOUR));
      assertThat(neighbour.get("mine")).as(where).isEqualTo("2");
      change(run);
      return true;
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(where + ": " + e, e);
    }
  }

  private static void assertRefusesWrites(TextPartition poisoned) {
    OwnedPartition partition = poisoned.partition();
    StoreErrorCode code = StoreErrorCode.POISONED;
    String words = "injected fault";
    byte[] key = {'k'};
    assertCode(code, () -> poisoned.put("a", "b"), words);
    assertCode(code, () -> poisoned.put("a", "b".repeat(10_000)), words);
    assertCode(code, () -> poisoned.delete("a"), words);
    assertCode(code, () -> poisoned.deleteRange("a", "b"), words);
    assertCode(code, () -> partition.appendToList(key, 0, 1, key, 0, 1), words);
    assertCode(code, () -> partition.putList(key, 0, 1, key, 0, 1), words);
    assertCode(code, () -> partition.clearList(key, 0, 1), words);
    assertCode(code, partition::flush, words);
    assertCode(code, partition::freeze, words);
    assertCode(code, () -> partition.commit(Map.of()), words);
  }

  /** A commit that returns was made, and one that throws was not. */
  @Test
  void failedDeletionOfAFileLeavesNoDoubtAboutTheCommit() {
    int published = 0;
    int point = 0;
    for (boolean more = true; more; point++) {
      CommittingRun run = prepared();
      FaultPlan plan = run.store().backend().plan();
      plan.fail(EnumSet.of(Kind.DELETE), point, StoreErrorCode.IO_FAILED);
      run.run(FaultTest::change);
      TextPartition partition = run.store().partition();
      assertThat(partition.version()).isEqualTo(run.failure() == null ? 2 : 1);
      published += run.failure() == null ? 1 : 0;
      assertThat(partition.entriesBothWays(run.keys()).equals(run.model().entries())).isTrue();
      try {
        run.store().closeStore();
      } catch (StoreException e) {
        // The lock file is the last one to be deleted.
        assertThat(e).hasMessageContaining("injected fault");
        more = false;
      }
      run.open();
      run.close();
    }
    assertThat(point).isGreaterThan(1);
    assertThat(published).isPositive();
  }

  /** What a poisoned partition holds stays readable; others are told that it is missing. */
  @Test
  void poisonedPartitionThatHoldsAllWriteMemoryStopsNobodyForEver() throws Exception {
    FaultPlan plan = FaultPlan.of(1);
    try (SimulatedStore store = SimulatedStore.empty(plan, OPTIONS)) {
      TextPartition poisoned = store.open();
      TextPartition neighbour = new TextPartition(store.store().openPartition(NEIGHBOUR));
      neighbour.put("mine", "1");
      neighbour.commit(1);
      MemoryBudget budget = store.shard().budget();
      FaultPlan.Hold hang = plan.hold(WRITES, 0);
      plan.fail(WRITES, 0, StoreErrorCode.OUT_OF_SPACE);
      AtomicReference<StoreException> refused = new AtomicReference<>();
      Thread filler =
          new Thread(
              () -> {
                try {
                  for (int i = 0; ; i++) {
                    poisoned.put("key" + i, "x".repeat(500));
                  }
                } catch (StoreException e) {
                  refused.set(e);
                }
              });
      filler.start();
      hang.awaitReached();
      // What the filler's blocks leave over is taken here: nothing is free when the flush fails.
      while (budget.used(MemoryUse.WRITE_BUFFER) < budget.limit(MemoryUse.WRITE_BUFFER) / 2) {
        Thread.onSpinWait();
      }
      List<Long> taken = new ArrayList<>();
      while (filler.getState() != Thread.State.TIMED_WAITING) {
        Thread.onSpinWait();
      }
      for (long at = 0; at != MemoryBudget.NONE; ) {
        at = budget.allocate(MemoryBudget.SLOT_BYTES, MemoryUse.WRITE_BUFFER);
        if (at != MemoryBudget.NONE) {
          taken.add(at);
        }
      }
      hang.release();
      filler.join();
      assertThat(refused.get().code()).isEqualTo(StoreErrorCode.POISONED);
      assertThat(poisoned.get("key0")).hasSize(500);
      assertCode(
          StoreErrorCode.OUT_OF_MEMORY, () -> neighbour.put("mine", "2"), NEIGHBOUR.toString());
      assertThat(neighbour.get("mine")).isEqualTo("1");
      store.store().openPartition(new PartitionId("v", 2)).close();
      poisoned.partition().close();
      neighbour.put("mine", "3");
      neighbour.commit(2);
      assertThat(neighbour.get("mine")).isEqualTo("3");
      taken.forEach(at -> budget.free(at, MemoryBudget.SLOT_BYTES, MemoryUse.WRITE_BUFFER));
    }
  }

  @Test
  void failedReadIsTheCallersAndPoisonsNothing() {
    for (int point = 0; point < 12; point++) {
      String where = "read " + point;
      try (CommittingRun run = prepared()) {
        // A fresh open has nothing cached.
        run.store().closeStore();
        TextPartition partition = run.store().open();
        FaultPlan plan = run.store().backend().plan();
        plan.fail(EnumSet.of(Kind.READ), point, StoreErrorCode.IO_FAILED);
        int failures = 0;
        for (int i = 0; i < 100; i++) {
          String key = String.format("key%03d", i);
          try {
            assertThat(partition.get(key)).as(where).startsWith("old" + i + "-");
          } catch (StoreException e) {
            assertThat(e).hasMessageContaining("injected fault").hasMessageContaining("data_");
            failures++;
            assertThat(partition.get(key)).as(where).startsWith("old" + i + "-");
          }
        }
        assertThat(failures).as(where).isLessThanOrEqualTo(1);
        partition.put("key000", "written after");
        partition.commit(2);
        assertThat(partition.get("key000")).isEqualTo("written after");
      }
    }
  }

  @Test
  void iteratorThatFailedStaysFailed() {
    int failed = 0;
    for (int point = 0; point < 5; point++) {
      try (CommittingRun run = prepared()) {
        run.store().closeStore();
        TextPartition partition = run.store().open();
        run.store().backend().plan().fail(EnumSet.of(Kind.READ), point, StoreErrorCode.IO_FAILED);
        int seen = 0;
        try (EntryIterator iterator = partition.partition().iterator(KeyRange.ALL, false)) {
          try {
            while (iterator.next()) {
              seen++;
            }
            assertThat(seen).isEqualTo(100);
          } catch (StoreException e) {
            assertThat(e).hasMessageContaining("injected fault");
            assertThatThrownBy(iterator::next).isInstanceOf(StoreException.class);
            failed++;
          }
        } catch (StoreException e) {
          assertThat(e).hasMessageContaining("injected fault");
          failed++;
        }
        assertThat(partition.entries()).hasSize(100);
      }
    }
    assertThat(failed).isGreaterThan(2);
  }

  // ---- a real full disk -------------------------------------------------------------------------

  @TempDir Path temp;

  @Test
  void realFullDiskLosesNothing() throws Exception {
    Path small = Files.createDirectory(temp.resolve("small"));
    assumeTrue(
        runs("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small.toString()),
        "mounting is not allowed here");
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults().withBudgetBytes(16 << 20))) {
      int version = 0;
      try (EloqStore store = EloqStore.open(shard, small.resolve("s"), OPTIONS)) {
        TextPartition partition = new TextPartition(store.openPartition(NEIGHBOUR));
        StoreException failure = null;
        while (failure == null) {
          assertThat(version).isLessThan(1_000);
          try {
            for (int i = 0; i < 100; i++) {
              partition.put("v" + version + "." + i, "x".repeat(1_000));
            }
            partition.commit(version + 1);
            version++;
          } catch (StoreException e) {
            failure = e;
          }
        }
        assertThat(failure.code()).as(failure.toString()).isEqualTo(StoreErrorCode.OUT_OF_SPACE);
        assertThat(failure).hasMessageContaining(small.toString());
        assertThat(partition.get("v" + version + ".5")).hasSize(1_000);
        assertThat(partition.get("v0.99")).hasSize(1_000);
        assertCode(StoreErrorCode.POISONED, () -> partition.put("a", "b"), small.toString());
      }
      assertThat(version).isGreaterThan(3);
      try (EloqStore store = EloqStore.openReadOnly(shard, small.resolve("s"), OPTIONS)) {
        TextPartition partition = new TextPartition(store.openPartition(NEIGHBOUR));
        assertThat(partition.version()).isEqualTo(version);
        assertThat(partition.entries()).hasSize(version * 100);
      }
    } finally {
      assertThat(runs("umount", small.toString())).isTrue();
    }
  }

  private static boolean runs(String... command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      return false;
    }
    process.getInputStream().readAllBytes();
    return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
  }
}
