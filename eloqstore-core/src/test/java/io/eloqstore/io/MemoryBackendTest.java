/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.FaultPlan.Kind;
import io.eloqstore.io.MemoryBackend.Survival;
import io.eloqstore.memory.MemoryBudget;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a simulated disk loses, keeps, refuses and delays. */
class MemoryBackendTest {
  private static final int SECTOR = MemoryBackend.SECTOR_BYTES;
  private static final int PAGE = 4096;
  private static final Path ROOT = Path.of("/simulated/store");
  private static final Path LOG = ROOT.resolve("log");
  private static final Path DATA = ROOT.resolve("data");

  private final MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN);

  @AfterEach
  void closeBudget() {
    budget.close();
  }

  private MemoryBackend simulated(FaultPlan plan) {
    return MemoryBackend.simulated(budget.arena(), plan);
  }

  private MemoryBackend withForcedRoot(FaultPlan plan) {
    MemoryBackend io = simulated(plan);
    io.createDirectories(ROOT);
    io.forceDirectory(Path.of("/"));
    io.forceDirectory(Path.of("/simulated"));
    return io;
  }

  private void fill(long at, int length, int value) {
    for (int i = 0; i < length; i++) {
      budget.arena().putByte(at + i, (byte) value);
    }
  }

  private static void write(MemoryBackend io, Path path, boolean force) {
    try (BlockFile file = io.open(path, OpenMode.WRITE)) {
      file.write(0, 0, PAGE);
      if (force) {
        file.force();
      }
    }
  }

  /** The bytes of each sector, which are all the same within one. */
  private List<Integer> sectors(MemoryBackend io, Path path) {
    try (BlockFile file = io.open(path, OpenMode.READ)) {
      int length = file.read(0, 64 * PAGE, 16 * PAGE);
      List<Integer> values = new ArrayList<>();
      for (int from = 0; from < length; from += SECTOR) {
        int value = budget.arena().getUnsignedByte(64 * PAGE + from);
        for (int i = 1; i < Math.min(SECTOR, length - from); i++) {
          assertThat(budget.arena().getUnsignedByte(64 * PAGE + from + i)).isEqualTo(value);
        }
        values.add(value);
      }
      return values;
    }
  }

  private static StoreErrorCode codeOf(Runnable deed) {
    try {
      deed.run();
    } catch (StoreException e) {
      return e.code();
    }
    return null;
  }

  @Test
  void forcedBytesUnderForcedNamesSurviveEverything() {
    for (Survival survival : Survival.values()) {
      MemoryBackend io = withForcedRoot(FaultPlan.of(3));
      fill(0, PAGE, 1);
      write(io, DATA, true);
      io.forceDirectory(ROOT);
      MemoryBackend after = io.crash(survival, survival);
      assertThat(sectors(after, DATA)).hasSize(8).containsOnly(1);
      assertThat(after.openFiles()).isZero();
    }
  }

  @Test
  void whatWasNotForcedIsLostOrKeptAsAsked() {
    MemoryBackend io = withForcedRoot(FaultPlan.of(3));
    fill(0, PAGE, 1);
    write(io, DATA, true);
    io.forceDirectory(ROOT);
    fill(0, PAGE, 2);
    write(io, DATA, false);
    io.rename(DATA, LOG);
    assertThat(sectors(io.crash(Survival.NONE, Survival.NONE), DATA)).containsOnly(1);
    assertThat(sectors(io.crash(Survival.ALL, Survival.NONE), DATA)).containsOnly(2);
    assertThat(sectors(io.crash(Survival.NONE, Survival.ALL), LOG)).containsOnly(1);
    MemoryBackend died = io.crash(Survival.ALL, Survival.ALL);
    assertThat(sectors(died, LOG)).containsOnly(2);
    assertThat(died.exists(DATA)).isFalse();
    assertThat(codeOf(() -> io.exists(DATA))).isEqualTo(StoreErrorCode.IO_FAILED);
    assertThat(codeOf(() -> write(io, DATA, false))).isEqualTo(StoreErrorCode.IO_FAILED);
  }

  @Test
  void aForcedFileUnderANameThatWasNotForcedMayBeGone() {
    MemoryBackend io = withForcedRoot(FaultPlan.of(3));
    write(io, DATA, true);
    assertThat(io.crash(Survival.ALL, Survival.NONE).exists(DATA)).isFalse();
    assertThat(io.crash(Survival.NONE, Survival.ALL).size(DATA)).isEqualTo(PAGE);
  }

  @Test
  void deletesAndRenamesComeBackUnlessTheirDirectoryIsForced() {
    MemoryBackend io = withForcedRoot(FaultPlan.of(3));
    write(io, DATA, true);
    write(io, LOG, true);
    io.forceDirectory(ROOT);
    io.delete(DATA);
    assertThat(io.crash(Survival.NONE, Survival.NONE).exists(DATA)).isTrue();

    MemoryBackend next = io.crash(Survival.ALL, Survival.ALL);
    next.createDirectories(ROOT.resolve("sub"));
    next.rename(LOG, ROOT.resolve("sub").resolve("log"));
    // Forcing either end of a rename makes the whole of it durable, and what came before it.
    next.forceDirectory(ROOT);
    MemoryBackend after = next.crash(Survival.NONE, Survival.NONE);
    assertThat(after.exists(LOG)).isFalse();
    assertThat(after.exists(ROOT.resolve("sub").resolve("log"))).isTrue();
  }

  @Test
  void randomSurvivalTearsAtSectorsAndRepeatsWithItsSeed() {
    Set<List<Integer>> outcomes = new HashSet<>();
    for (long seed = 0; seed < 40; seed++) {
      List<Integer> first = tornBySeed(seed);
      assertThat(first).as("seed %d", seed).isEqualTo(tornBySeed(seed)).isSubsetOf(1, 2);
      outcomes.add(first);
    }
    assertThat(outcomes)
        .contains(List.of(1, 1, 1, 1, 1, 1, 1, 1), List.of(2, 2, 2, 2, 2, 2, 2, 2))
        .anyMatch(sectors -> sectors.contains(1) && sectors.contains(2));
  }

  private List<Integer> tornBySeed(long seed) {
    MemoryBackend io = withForcedRoot(FaultPlan.of(seed));
    fill(0, PAGE, 1);
    write(io, DATA, true);
    io.forceDirectory(ROOT);
    fill(0, PAGE, 2);
    write(io, DATA, false);
    return sectors(io.crash(Survival.RANDOM, Survival.RANDOM), DATA);
  }

  @Test
  void bytesWhoseForceFailedAreNotSavedByTheNextForce() {
    MemoryBackend io = withForcedRoot(FaultPlan.of(3));
    fill(0, PAGE, 1);
    write(io, DATA, true);
    io.forceDirectory(ROOT);
    io.plan().fail(Set.of(Kind.FORCE), 0, StoreErrorCode.IO_FAILED);
    fill(0, PAGE, 2);
    assertThat(codeOf(() -> write(io, DATA, true))).isEqualTo(StoreErrorCode.IO_FAILED);
    try (BlockFile file = io.open(DATA, OpenMode.WRITE)) {
      fill(0, SECTOR, 3);
      file.write(0, 0, SECTOR);
      file.force();
    }
    assertThat(sectors(io.crash(Survival.NONE, Survival.NONE), DATA))
        .containsExactly(3, 1, 1, 1, 1, 1, 1, 1);
  }

  @Test
  void faultsHitTheOperationTheyNameOnceOrFromThenOn() {
    MemoryBackend io = withForcedRoot(FaultPlan.of(3));
    io.plan().fail(Set.of(Kind.WRITE), 1, StoreErrorCode.OUT_OF_SPACE);
    io.plan().failFrom(Set.of(Kind.DELETE, Kind.RENAME), 1, StoreErrorCode.NO_PERMISSION);
    try (BlockFile file = io.open(DATA, OpenMode.WRITE)) {
      file.write(0, 0, PAGE);
      assertThatThrownBy(() -> file.write(PAGE, 0, PAGE))
          .hasMessageContaining("WRITE " + DATA)
          .extracting(e -> ((StoreException) e).code())
          .isEqualTo(StoreErrorCode.OUT_OF_SPACE);
      assertThat(file.size()).isBetween((long) PAGE, 2L * PAGE);
      assertThat(file.size() % SECTOR).isZero();
      file.write(PAGE, 0, PAGE);
    }
    io.rename(DATA, LOG);
    assertThat(codeOf(() -> io.rename(LOG, DATA))).isEqualTo(StoreErrorCode.NO_PERMISSION);
    assertThat(codeOf(() -> io.delete(LOG))).isEqualTo(StoreErrorCode.NO_PERMISSION);
    assertThat(io.exists(LOG)).isTrue();
    io.plan().fail(Kind.ANY, 0, StoreErrorCode.IO_FAILED);
    assertThat(codeOf(() -> io.forceDirectory(ROOT))).isEqualTo(StoreErrorCode.IO_FAILED);
    io.forceDirectory(ROOT);
  }

  @Test
  void splitTransfersCountEachPieceAndLoseNothing() {
    MemoryBackend io = withForcedRoot(FaultPlan.of(11).splitTransfers());
    fill(0, PAGE, 1);
    long before = io.operations();
    write(io, DATA, false);
    assertThat(io.operations() - before).as("one creation, several writes").isGreaterThan(3);
    assertThat(sectors(io, DATA)).hasSize(8).containsOnly(1);
  }

  @Test
  void aHeldOperationHangsUntilItIsReleased() throws InterruptedException {
    MemoryBackend io = withForcedRoot(FaultPlan.of(3));
    FaultPlan.Hold hold = io.plan().hold(Set.of(Kind.FORCE), 0);
    Thread writer = new Thread(() -> write(io, DATA, true));
    writer.start();
    hold.awaitReached();
    writer.interrupt();
    // Others go on meanwhile, and nothing is durable yet.
    write(io, LOG, false);
    assertThat(writer.isAlive()).isTrue();
    assertThat(io.openFiles()).isEqualTo(1);
    hold.release();
    writer.join();
    assertThat(hold.isReached()).isTrue();
    assertThat(io.openFiles()).isZero();
    io.forceDirectory(ROOT);
    assertThat(io.crash(Survival.NONE, Survival.NONE).size(DATA)).isEqualTo(PAGE);
  }

  @Test
  void aFlippedBitIsOnTheDisk() {
    MemoryBackend io = withForcedRoot(FaultPlan.of(3));
    fill(0, PAGE, 0);
    write(io, DATA, true);
    io.forceDirectory(ROOT);
    io.flipBit(DATA, 8L * SECTOR + 3);
    assertThat(sectorByte(io)).isEqualTo(8);
    assertThatThrownBy(() -> io.flipBit(DATA, 8L * PAGE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(sectorByte(io.crash(Survival.NONE, Survival.NONE))).isEqualTo(8);
  }

  private int sectorByte(MemoryBackend io) {
    try (BlockFile file = io.open(DATA, OpenMode.READ)) {
      assertThat(file.read(SECTOR, 0, 2)).isEqualTo(2);
    }
    return budget.arena().getUnsignedShort(0);
  }

  @Test
  void aNewProcessFindsTheFilesAndALockDiesWithTheMachine() {
    MemoryBackend plain = MemoryBackend.plain(budget.arena());
    plain.createDirectories(ROOT);
    write(plain, DATA, false);
    assertThat(plain.withArena(budget.arena()).size(DATA)).isEqualTo(PAGE);
    assertThatThrownBy(() -> plain.crash(Survival.ALL, Survival.ALL))
        .isInstanceOf(IllegalStateException.class);

    MemoryBackend io = withForcedRoot(FaultPlan.of(3));
    FileLease held = io.lock(LOG);
    MemoryBackend after = io.crash(Survival.ALL, Survival.ALL);
    assertThat(after.exists(LOG)).isTrue();
    after.lock(LOG).close();
    assertThat(after.exists(LOG)).isFalse();
    held.close();
    assertThat(io.openFiles()).isZero();
  }

  /**
   * A little write-ahead scenario, stopped before each of its operations, under every survival and
   * several seeds. Rule of the scenario: round n writes value n to the data file and forces it,
   * then publishes n by writing a new log, forcing it and renaming it over the old one. What the
   * log says after a crash must be in the data, and no round that was reported done may be lost.
   */
  @Test
  void everyCrashPointOfAWriteAheadScenarioKeepsItsPromise() {
    MemoryBackend whole = simulated(FaultPlan.of(0));
    assertThat(runRounds(whole)).isEqualTo(3);
    long operations = whole.operations();
    assertThat(operations).isGreaterThan(20);
    int outcomes = 0;
    for (long point = 0; point <= operations; point++) {
      for (Survival survival : Survival.values()) {
        for (long seed = 0; seed < 4; seed++) {
          String where = "crash before operation " + point + ", " + survival + ", seed " + seed;
          FaultPlan plan = FaultPlan.of(seed).splitTransfers().crashAfter(point);
          MemoryBackend io = simulated(plan);
          int done = runRounds(io);
          MemoryBackend after = io.crash(survival, survival);
          int published = published(after);
          assertThat(published).as(where).isBetween(done, done + 1);
          for (int round = 1; round <= published; round++) {
            assertThat(sectors(after, ROOT.resolve("data" + round)))
                .as(where)
                .hasSize(8)
                .containsOnly(round);
          }
          outcomes++;
        }
      }
    }
    assertThat(outcomes).isEqualTo((int) (operations + 1) * 12);
  }

  /**
   * The same scenario without its forces must lose something, or the simulation simulates nothing.
   */
  @Test
  void theScenarioWithoutForcesIsFoundOut() {
    int lost = 0;
    for (long seed = 0; seed < 20; seed++) {
      MemoryBackend io = withForcedRoot(FaultPlan.of(seed));
      fill(0, PAGE, 1);
      write(io, DATA, false);
      write(io, LOG, false);
      MemoryBackend after = io.crash(Survival.RANDOM, Survival.RANDOM);
      boolean isWhole =
          after.exists(LOG)
              && after.exists(DATA)
              && sectors(after, DATA).equals(List.of(1, 1, 1, 1, 1, 1, 1, 1));
      lost += isWhole ? 0 : 1;
    }
    assertThat(lost).isPositive();
  }

  /** Rounds reported done before the machine stopped. */
  private int runRounds(MemoryBackend io) {
    int done = 0;
    try {
      io.createDirectories(ROOT);
      io.forceDirectory(Path.of("/"));
      io.forceDirectory(Path.of("/simulated"));
      for (int round = 1; round <= 3; round++) {
        fill(0, PAGE, round);
        write(io, ROOT.resolve("data" + round), true);
        Path next = ROOT.resolve("next");
        try (BlockFile file = io.open(next, OpenMode.WRITE)) {
          file.write(0, 0, SECTOR);
          file.force();
        }
        io.forceDirectory(ROOT);
        io.rename(next, LOG);
        io.forceDirectory(ROOT);
        done = round;
      }
    } catch (StoreException e) {
      assertThat(e.code()).isEqualTo(StoreErrorCode.IO_FAILED);
    }
    assertThat(io.openFiles()).isZero();
    return done;
  }

  private int published(MemoryBackend io) {
    return io.exists(LOG) ? sectors(io, LOG).get(0) : 0;
  }
}
