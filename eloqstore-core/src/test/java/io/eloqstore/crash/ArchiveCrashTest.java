/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.MemoryBackend.Survival;
import io.eloqstore.reference.ReferenceVerifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Stops the machine, or fails, at every operation while archives are made, deleted and rolled back
 * to. Afterwards an archive is there whole or not at all: there if its making returned, not there
 * if its deletion did.
 */
class ArchiveCrashTest {
  private static final StoreOptions OPTIONS = StoreOptions.defaults().withPagesPerFileShift(2);
  private static final int POINTS_MAX = 3_000;

  @TempDir Path temp;
  private int exports;
  private final Map<Long, SortedMap<String, String>> contents = new HashMap<>();
  private final Set<Long> sure = new HashSet<>();
  private final Set<Long> possible = new HashSet<>();

  private static void fill(CommittingRun run, int round) {
    for (int i = 0; i < 60; i += 1 + round) {
      run.put(String.format("key%03d", i), "round" + round + "of" + i + "+".repeat(300));
    }
    run.put("large", "y".repeat(9000) + round);
    run.commit();
  }

  private void archive(CommittingRun run, long timestamp) {
    contents.put(timestamp, run.model().entries());
    possible.add(timestamp);
    run.store().partition().partition().archive(timestamp);
    sure.add(timestamp);
  }

  private void delete(CommittingRun run, long timestamp) {
    sure.remove(timestamp);
    run.store().partition().partition().deleteArchive(timestamp);
    possible.remove(timestamp);
  }

  private void makeAndDelete(CommittingRun run) {
    archive(run, 1);
    fill(run, 1);
    archive(run, 2);
    run.deleteRange("key0", "key1");
    run.commit();
    run.store().partition().partition().compact();
    delete(run, 1);
    run.put("key001", "after");
    run.commit();
  }

  private CommittingRun prepared(FaultPlan plan) {
    contents.clear();
    sure.clear();
    possible.clear();
    CommittingRun first = CommittingRun.onEmptyDisk(plan, OPTIONS);
    first.store().open();
    fill(first, 0);
    first.close();
    CommittingRun run = CommittingRun.on(first.store().backend(), OPTIONS, first);
    run.open();
    return run;
  }

  @Test
  void powerCutWhileArchivesAreMadeAndDeleted() throws IOException {
    int points = 0;
    for (boolean crashed = true; crashed; points++) {
      assertThat(points).isLessThan(POINTS_MAX);
      FaultPlan plan = FaultPlan.of(points);
      CommittingRun run = prepared(plan);
      plan.crashAfter(points);
      run.run(this::makeAndDelete);
      crashed = run.hasCrashed();
      run.close();
      for (Survival survival : Survival.values()) {
        MemoryBackend disk = run.store().backend().crash(survival, survival);
        check(disk, run, "operation " + points + ", survival " + survival);
      }
    }
    assertThat(points).isGreaterThan(30);
  }

  @Test
  void failedOperationWhileArchivesAreMadeAndDeleted() throws IOException {
    for (int point = 0; ; point++) {
      assertThat(point).isLessThan(POINTS_MAX);
      FaultPlan plan = FaultPlan.of(point);
      CommittingRun run = prepared(plan);
      long end = plan.operations() + point;
      plan.fail(FaultPlan.Kind.ANY, point, StoreErrorCode.IO_FAILED);
      run.run(this::makeAndDelete);
      try {
        run.close();
      } catch (StoreException e) {
        assertThat(e).hasMessageContaining("injected fault");
      }
      if (plan.operations() <= end) {
        assertThat(point).isGreaterThan(30);
        return;
      }
      check(run.store().backend(), run, "failed operation " + point);
    }
  }

  private void check(MemoryBackend disk, CommittingRun before, String where) throws IOException {
    try (CommittingRun run = CommittingRun.on(disk, OPTIONS, before)) {
      run.open();
      List<Long> found = run.store().partition().partition().archives();
      assertThat(found).as(where).containsAll(sure);
      assertThat(possible).as(where).containsAll(found);
      // Background work has deleted what nothing needs by then.
      run.put("key000", "went on");
      run.commit();
      run.store().closeStore();
      Path copy = temp.resolve("copy" + exports++);
      run.store().export(copy);
      for (long timestamp : found) {
        String name = "manifest_0_" + timestamp;
        try (OwnedPartition archived =
            EloqStore.openPartitionReadOnly(
                run.store().shard(), SimulatedStore.DIRECTORY, OPTIONS, name)) {
          assertThat(new TextPartition(archived).entries())
              .as(where)
              .isEqualTo(contents.get(timestamp));
        }
        assertThat(ReferenceVerifier.verify(copy, 4096, 2, name, Set.of())).as(where).isEmpty();
      }
    } catch (RuntimeException e) {
      throw new AssertionError(where + ": " + e.getMessage(), e);
    }
  }

  @Test
  void powerCutInARollback() throws IOException {
    Set<Boolean> outcomes = new HashSet<>();
    int points = 0;
    for (boolean crashed = true; crashed; points++) {
      assertThat(points).isLessThan(POINTS_MAX);
      FaultPlan plan = FaultPlan.of(points);
      CommittingRun run = prepared(plan);
      archive(run, 1);
      fill(run, 1);
      archive(run, 2);
      run.store().partition().partition().close();
      plan.crashAfter(points);
      run.run(each -> each.store().store().rollback(SimulatedStore.ID, 1));
      crashed = run.hasCrashed();
      run.close();
      for (Survival survival : Survival.values()) {
        MemoryBackend disk = run.store().backend().crash(survival, survival);
        String where = "operation " + points + ", survival " + survival;
        try (SimulatedStore store = SimulatedStore.on(disk, OPTIONS)) {
          SortedMap<String, String> found = store.open().entriesBothWays(run.keys());
          assertThat(found).as(where).isIn(contents.get(1L), contents.get(2L));
          boolean isBack = found.equals(contents.get(1L));
          assertThat(crashed || isBack).as(where).isTrue();
          outcomes.add(isBack);
          assertThat(store.partition().partition().archives()).containsExactly(1L, 2L);
          store.partition().partition().close();
          store.store().rollback(SimulatedStore.ID, 2);
          TextPartition forward = new TextPartition(store.store().openPartition(SimulatedStore.ID));
          assertThat(forward.entries()).as(where).isEqualTo(contents.get(2L));
        }
      }
    }
    assertThat(outcomes).containsExactlyInAnyOrder(true, false);
    assertThat(points).isGreaterThan(5);
  }
}
