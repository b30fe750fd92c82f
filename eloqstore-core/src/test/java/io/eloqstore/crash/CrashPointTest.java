/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.StoreOptions.Durability;
import io.eloqstore.crash.CommittingRun.Script;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.MemoryBackend.Survival;
import io.eloqstore.reference.ReferenceVerifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Stops the machine, or fails, at every single operation on the disk. What is found afterwards is
 * one committed version, whole: the last whose commit returned, or the one that was being
 * committed.
 *
 * <p>The worker's operations and the owner's come in an order of their own in each run; so the
 * points of a scenario are visited until a run comes to its end untouched.
 */
class CrashPointTest {
  final StoreOptions options = layout().withPagesPerFileShift(5).withManifestLogBytesMax(1 << 20);
  private final StoreOptions rolling = options.withManifestLogBytesMax(0);
  private final StoreOptions compacting = options.withPagesPerFileShift(2);
  private final int seeds = seeds();
  static final String LARGE = "x".repeat(9_000);

  @TempDir Path temp;
  private int exports;
  final Set<Integer> outcomes = new HashSet<>();

  /** What survives a power cut is drawn with as many seeds. */
  int seeds() {
    return 3;
  }

  /** How the pages lie. */
  StoreOptions layout() {
    return StoreOptions.defaults();
  }

  /** What the owner after another one opens with. */
  StoreOptions nextOwner(StoreOptions before) {
    return before;
  }

  // ---- what is done -----------------------------------------------------------------------------

  private static void someEntries(CommittingRun run) {
    for (int i = 0; i < 120; i++) {
      run.put(String.format("key%03d", i), "first" + i + "-".repeat(100));
    }
    run.commit();
  }

  private static void flushesThenCommit(CommittingRun run) {
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 30; i++) {
        run.put(String.format("key%03d", (i * 7 + round) % 150), "round" + round + "of" + i);
      }
      run.delete("key0" + (10 + round));
      run.flush();
    }
    run.commit();
  }

  private static void manyCommits(CommittingRun run) {
    for (int round = 0; round < 6; round++) {
      run.put("key00" + round, "commit" + round);
      run.delete("key05" + round);
      run.commit();
    }
  }

  private static void largeValuesAndRanges(CommittingRun run) {
    run.put("large1", LARGE);
    run.deleteRange("key02", "key09");
    run.put("key055", "behind the cut");
    run.flush();
    run.put("large1", LARGE + "again");
    run.put("large2", LARGE + "2");
    run.commit();
    run.delete("large1");
    run.deleteRange("a", "key01");
    run.commit();
  }

  /** Files of four pages; what is overwritten leaves most of them sparse. */
  private static void overwritesAndCompaction(CommittingRun run) {
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 120; i += 3 - round) {
        run.put(String.format("key%03d", i), "round" + round + "of" + i + "+".repeat(300));
      }
      run.put("large1", LARGE + round);
      run.commit();
    }
    run.store().partition().partition().compact();
    run.put("key001", "after the compaction");
    run.commit();
    run.delete("large1");
    run.commit();
  }

  /** Nothing of the old files is needed afterwards. */
  private static void replaceEverything(CommittingRun run) {
    run.deleteRange("a", "z");
    run.commit();
    run.put("key001", "alone");
    run.commit();
  }

  private static void openAndCommit(CommittingRun run) {
    run.open();
    for (int i = 0; i < 10; i++) {
      run.put("key" + i, "value" + i);
    }
    run.commit();
  }

  /** A scenario has some hundred operations; more means that it does not end. */
  private static int next(int points) {
    assertThat(points).isLessThan(5_000);
    return points + 1;
  }

  // ---- power cuts -------------------------------------------------------------------------------

  @Test
  void powerCutInACommitAfterFlushes() throws IOException {
    assertThat(crashAtEachPoint(options, CrashPointTest::flushesThenCommit)).isGreaterThan(6);
    assertThat(outcomes).contains(1, 2);
  }

  @Test
  void powerCutInAManifestRoll() throws IOException {
    assertThat(crashAtEachPoint(rolling, CrashPointTest::manyCommits)).isGreaterThan(30);
    assertThat(outcomes).contains(1, 2, 3, 4, 5, 6, 7);
  }

  @Test
  void powerCutWithLargeValuesAndRangeDeletes() throws IOException {
    assertThat(crashAtEachPoint(options, CrashPointTest::largeValuesAndRanges)).isGreaterThan(12);
    assertThat(outcomes).contains(1, 2, 3);
  }

  @Test
  void powerCutInACompactionAndTheDeletionOfItsFiles() throws IOException {
    assertThat(crashAtEachPoint(compacting, CrashPointTest::overwritesAndCompaction))
        .isGreaterThan(60);
    assertThat(outcomes).contains(1, 2, 3, 4, 5, 6);
  }

  @Test
  void powerCutInTheFirstCommitOfANewStore() throws IOException {
    int points = 0;
    for (int seed = 0; seed < seeds; seed++) {
      for (int point = 0; ; point++) {
        FaultPlan plan = FaultPlan.of(seed * 1000L + point).crashAfter(point);
        CommittingRun run = CommittingRun.onEmptyDisk(plan, options);
        run.run(CrashPointTest::openAndCommit);
        if (!closedAndFound(run, "seed " + seed + ", operation " + point)) {
          break;
        }
        points = next(points);
      }
    }
    assertThat(points / seeds).isGreaterThan(8);
    assertThat(outcomes).contains(0, 1);
  }

  @Test
  void powerCutWhileOpeningAfterAPowerCut() throws IOException {
    int points = 0;
    for (int first = 1; ; first += 5) {
      FaultPlan plan = FaultPlan.of(7000 + first);
      CommittingRun before = prepared(plan, rolling);
      plan.crashAfter(first);
      before.run(CrashPointTest::manyCommits);
      before.close();
      if (!before.hasCrashed()) {
        break;
      }
      for (int second = 0; ; second++) {
        FaultPlan next = FaultPlan.of(first * 100L + second).crashAfter(second);
        MemoryBackend disk = before.store().backend().crash(Survival.RANDOM, Survival.RANDOM, next);
        CommittingRun run = CommittingRun.on(disk, nextOwner(rolling), before);
        String where = "operation " + first + ", then " + second;
        runOrExplain(run, CrashPointTest::openAndCommit, where);
        if (!closedAndFound(run, where)) {
          break;
        }
        points = next(points);
      }
    }
    assertThat(points).isGreaterThan(80);
  }

  /**
   * @return points visited with each seed
   */
  int crashAtEachPoint(StoreOptions options, Script script) throws IOException {
    int points = 0;
    for (int seed = 0; seed < seeds; seed++) {
      for (int point = 0; ; point++) {
        FaultPlan plan = FaultPlan.of(seed * 1000L + point);
        CommittingRun run = prepared(plan, options);
        plan.crashAfter(point);
        run.run(script);
        if (!closedAndFound(run, "seed " + seed + ", operation " + point)) {
          break;
        }
        points = next(points);
      }
    }
    return points / seeds;
  }

  /** A store with one commit, just opened: no background work is left over. */
  private CommittingRun prepared(FaultPlan plan, StoreOptions options) {
    CommittingRun first = CommittingRun.onEmptyDisk(plan, options);
    first.store().open();
    someEntries(first);
    first.close();
    CommittingRun run = CommittingRun.on(first.store().backend(), nextOwner(options), first);
    run.open();
    return run;
  }

  private static void runOrExplain(CommittingRun run, Script script, String where) {
    try {
      run.run(script);
    } catch (RuntimeException | Error e) {
      throw new AssertionError(where + ": " + e.getMessage(), e);
    }
  }

  /**
   * Looks at what the machine finds when it starts again.
   *
   * @return whether the machine had stopped
   */
  private boolean closedAndFound(CommittingRun run, String where) throws IOException {
    close(run, where);
    boolean crashed = run.hasCrashed();
    if (!crashed && run.failure() != null) {
      throw new AssertionError(where + ": failed without a fault", run.failure());
    }
    for (Survival survival : Survival.values()) {
      MemoryBackend disk = run.store().backend().crash(survival, survival);
      goesOn(disk, run, where + ", survival " + survival);
    }
    return crashed;
  }

  private static void close(CommittingRun run, String where) {
    try {
      run.close();
    } catch (RuntimeException e) {
      throw new AssertionError(where + ": closing failed", e);
    }
  }

  /** The store opens with an allowed version, takes a commit, and is sound. */
  private CommittingRun goesOn(MemoryBackend disk, CommittingRun before, String where)
      throws IOException {
    int shift = before.store().options().pagesPerFileShift();
    CommittingRun run =
        CommittingRun.on(disk, nextOwner(nextOwner(layout().withPagesPerFileShift(shift))), before);
    try (run) {
      run.open();
      outcomes.add(run.store().partition().version());
      run.put("key000", "went on");
      run.put("large1", LARGE + "went on");
      run.commit();
      // The independent reader knows no change segments.
      run.store().partition().partition().seal();
      run.store().closeStore();
      assertSound(run.store());
      run.open();
      return run;
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(where + ": " + e.getMessage(), e);
    }
  }

  private void assertSound(SimulatedStore store) throws IOException {
    Path copy = temp.resolve("copy" + exports++);
    store.export(copy);
    // Cut subtrees stay mapped until the sweeper comes to them.
    assertThat(ReferenceVerifier.verify(copy, 4096, store.options().pagesPerFileShift()))
        .filteredOn(finding -> !finding.endsWith("mapped but not reachable"))
        .filteredOn(finding -> !finding.contains("mapped but not reachable, as"))
        .isEmpty();
  }

  // ---- failed operations ------------------------------------------------------------------------

  @Test
  void failedOperationInACommitAfterFlushes() throws IOException {
    assertThat(failAtEachPoint(options, CrashPointTest::flushesThenCommit)).isGreaterThan(6);
  }

  @Test
  void failedOperationInAManifestRoll() throws IOException {
    assertThat(failAtEachPoint(rolling, CrashPointTest::manyCommits)).isGreaterThan(30);
  }

  @Test
  void failedOperationWithLargeValuesAndRangeDeletes() throws IOException {
    assertThat(failAtEachPoint(options, CrashPointTest::largeValuesAndRanges)).isGreaterThan(12);
  }

  @Test
  void failedOperationInACompactionAndTheDeletionOfItsFiles() throws IOException {
    assertThat(failAtEachPoint(compacting, CrashPointTest::overwritesAndCompaction))
        .isGreaterThan(60);
  }

  @Test
  void failedOperationInTheFirstCommitOfANewStore() throws IOException {
    int points = 0;
    while (true) {
      String where = "failed operation " + points;
      FaultPlan plan = FaultPlan.of(points);
      CommittingRun run = CommittingRun.onEmptyDisk(plan, options);
      plan.fail(FaultPlan.Kind.ANY, points, StoreErrorCode.IO_FAILED);
      run.run(CrashPointTest::openAndCommit);
      closeUnlessFailed(run);
      if (plan.operations() <= points) {
        break;
      }
      points = next(points);
      CommittingRun after = goesOn(run.store().backend(), run, where);
      MemoryBackend disk = run.store().backend().crash(Survival.NONE, Survival.NONE);
      goesOn(disk, after, where + ", then a power cut");
    }
    assertThat(points).isGreaterThan(8);
  }

  int failAtEachPoint(StoreOptions options, Script script) throws IOException {
    int points = 0;
    while (true) {
      String where = "failed operation " + points;
      FaultPlan plan = FaultPlan.of(points);
      CommittingRun run = prepared(plan, options);
      long end = plan.operations() + points;
      plan.fail(FaultPlan.Kind.ANY, points, StoreErrorCode.IO_FAILED);
      run.run(script);
      try {
        // Nothing that was written is lost to the process, failed or not.
        assertThat(run.store().partition().entriesBothWays(run.keys()))
            .as(where)
            .isEqualTo(run.model().entries());
      } catch (StoreException e) {
        // The one failure may hit one of these reads.
        assertThat(run.failure()).as(where).isNull();
      }
      closeUnlessFailed(run);
      if (plan.operations() <= end) {
        return points;
      }
      points = next(points);
      CommittingRun after = goesOn(run.store().backend(), run, where);
      MemoryBackend disk = run.store().backend().crash(Survival.NONE, Survival.NONE);
      goesOn(disk, after, where + ", then a power cut");
    }
  }

  /**
   * A commit whose force failed may be read again by the same machine, but the disk need not have
   * it: what the commit before needs must stay until the next one is forced.
   */
  @Test
  void powerCutInTheRunAfterAFailedOperation() throws IOException {
    int points = 0;
    for (int failing = 0; ; failing++) {
      for (int point = 0; ; point++) {
        FaultPlan plan = FaultPlan.of(failing * 1000L + point);
        CommittingRun run = prepared(plan, options);
        long end = plan.operations() + failing;
        plan.fail(FaultPlan.Kind.ANY, failing, StoreErrorCode.IO_FAILED);
        run.run(CrashPointTest::replaceEverything);
        closeUnlessFailed(run);
        if (plan.operations() <= end) {
          assertThat(points).isGreaterThan(60);
          return;
        }
        CommittingRun next =
            CommittingRun.on(run.store().backend(), nextOwner(nextOwner(options)), run);
        plan.crashAfter(point);
        next.run(
            r -> {
              r.open();
              r.put("key002", "next");
              r.flush();
              r.commit();
            });
        if (next.failure() != null) {
          next.allowed().addAll(run.allowed());
        }
        if (!closedAndFound(next, "failed operation " + failing + ", then " + point)) {
          break;
        }
        points = next(points);
      }
    }
  }

  private static void closeUnlessFailed(CommittingRun run) {
    try {
      run.close();
    } catch (StoreException e) {
      assertThat(e).hasMessageContaining("injected fault");
    }
  }

  // ---- without forces ---------------------------------------------------------------------------

  @Test
  void processCrashLosesNothingCommittedWithoutForces() throws IOException {
    StoreOptions unforced = rolling.withDurability(Durability.NEVER);
    for (Script script :
        List.<Script>of(CrashPointTest::manyCommits, CrashPointTest::largeValuesAndRanges)) {
      int points = 0;
      while (true) {
        FaultPlan plan = FaultPlan.of(points);
        CommittingRun run = prepared(plan, unforced);
        plan.crashAfter(points);
        run.run(script);
        close(run, "operation " + points);
        boolean crashed = run.hasCrashed();
        MemoryBackend disk = run.store().backend().crash(Survival.ALL, Survival.ALL);
        goesOn(disk, run, "operation " + points);
        if (!crashed) {
          break;
        }
        points = next(points);
      }
      assertThat(points).isGreaterThan(10);
    }
  }

  /** Power cuts may lose what was not forced; they must not make anything up. */
  @Test
  void powerCutWithoutForcesGivesAVersionOrCorruption() {
    StoreOptions unforced = rolling.withDurability(Durability.NEVER);
    int whole = 0;
    int detected = 0;
    for (int seed = 0; seed < 150; seed++) {
      FaultPlan plan = FaultPlan.of(seed);
      CommittingRun run = CommittingRun.onEmptyDisk(plan, unforced);
      Set<Version> known = new HashSet<>(Set.of(Version.NONE));
      plan.crashAfter(20 + seed % 40);
      run.run(
          r -> {
            r.open();
            someEntries(r);
            known.addAll(r.allowed());
            for (int round = 0; round < 6; round++) {
              r.put("key00" + round, "commit" + round);
              r.commit();
              known.addAll(r.allowed());
            }
          });
      known.addAll(run.allowed());
      close(run, "seed " + seed);
      MemoryBackend disk = run.store().backend().crash(Survival.RANDOM, Survival.RANDOM);
      try (SimulatedStore found = SimulatedStore.on(disk, unforced)) {
        found.open();
        assertThat(Version.of(found.partition(), run.keys())).as("seed " + seed).isIn(known);
        whole++;
      } catch (StoreException e) {
        assertThat(e.code())
            .as("seed " + seed + ": " + e)
            .isIn(StoreErrorCode.CORRUPTED, StoreErrorCode.NOT_FOUND);
        detected++;
      }
    }
    assertThat(whole).isPositive();
    assertThat(detected).isPositive();
  }
}
