/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.memory.MemoryBudget;
import java.nio.file.Path;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A partition directory has one owner and no strangers; a store directory has no files. */
class DirectoriesTest {
  private static final PartitionId ID = new PartitionId("my.table", 3);

  @TempDir Path temporary;
  private final MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN);
  private IoBackend io;
  private Path store;

  private void use(boolean disk) {
    io =
        disk
            ? NioBackend.buffered(budget.arena())
            : MemoryBackend.simulated(budget.arena(), FaultPlan.of(1));
    store = temporary.resolve("store");
    io.createDirectories(store);
  }

  @AfterEach
  void nothingLeaks() {
    assertThat(io.openFiles()).isZero();
    io.close();
    budget.close();
  }

  private void touch(Path path) {
    io.open(path, OpenMode.CREATE_NEW).close();
  }

  private static void refused(StoreErrorCode code, String named, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(named)
        .extracting(e -> ((StoreException) e).code())
        .isEqualTo(code);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aPartitionHasOneOwnerAndItsLockGoesWithIt(boolean disk) {
    use(disk);
    Path path = store.resolve("my.table.3");
    try (PartitionDirectory directory = PartitionDirectory.open(io, store, ID)) {
      assertThat(directory.path()).isEqualTo(path);
      assertThat(directory.files()).isEmpty();
      assertThat(io.exists(path.resolve(FileNames.LOCK))).isTrue();
      refused(StoreErrorCode.BUSY, FileNames.LOCK, () -> PartitionDirectory.open(io, store, ID));
      // Another partition of the store is another matter.
      PartitionDirectory.open(io, store, new PartitionId("my.table", 4)).close();
    }
    assertThat(io.list(path)).isEmpty();
    PartitionDirectory.open(io, store, ID).close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void ourFilesAreListedLeftoversGoStrangersAreNamed(boolean disk) {
    use(disk);
    Path path = store.resolve("my.table.3");
    PartitionDirectory.open(io, store, ID).close();
    for (String name :
        Set.of("data_1_0", "manifest_0", "manifest_0_5", "manifest_0.tmp", FileNames.LOCK)) {
      touch(path.resolve(name));
    }
    touch(path.resolve("data_01_0"));
    io.createDirectories(path.resolve("data_2_0"));
    refused(
        StoreErrorCode.UNSUPPORTED_FORMAT,
        "[data_01_0, data_2_0]",
        () -> PartitionDirectory.open(io, store, ID));
    assertThat(io.exists(path.resolve("manifest_0.tmp"))).as("nothing was deleted").isTrue();
    io.delete(path.resolve("data_01_0"));
    io.delete(path.resolve("data_2_0"));
    try (PartitionDirectory directory = PartitionDirectory.open(io, store, ID)) {
      assertThat(directory.files())
          .containsExactly(
              new FileName.Data(1, 0), new FileName.Manifest(0), new FileName.Archive(0, 5));
      assertThat(io.exists(path.resolve("manifest_0.tmp"))).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStoreHoldsDirectoriesOnly(boolean disk) {
    use(disk);
    refused(
        StoreErrorCode.NOT_FOUND,
        "elsewhere",
        () -> StoreDirectory.check(io, store.resolve("elsewhere")));
    assertThat(StoreDirectory.check(io, store)).isEmpty();
    for (String name : Set.of("t.0", "my.table.3", "lost+found", "t.01")) {
      io.createDirectories(store.resolve(name));
    }
    assertThat(StoreDirectory.check(io, store)).containsExactly(ID, new PartitionId("t", 0));
    touch(store.resolve("notes.txt"));
    touch(store.resolve("t.9"));
    refused(
        StoreErrorCode.UNSUPPORTED_FORMAT,
        "[notes.txt, t.9]",
        () -> StoreDirectory.check(io, store));
  }

  @Test
  void aFailureWhileOpeningReleasesTheLock() {
    use(false);
    PartitionDirectory.open(io, store, ID).close();
    touch(store.resolve("my.table.3").resolve("manifest_0.tmp"));
    FaultPlan plan = ((MemoryBackend) io).plan();
    plan.fail(Set.of(FaultPlan.Kind.DELETE), 0, StoreErrorCode.IO_FAILED);
    refused(
        StoreErrorCode.IO_FAILED, "manifest_0.tmp", () -> PartitionDirectory.open(io, store, ID));
    assertThat(io.openFiles()).isZero();
    PartitionDirectory.open(io, store, ID).close();
  }
}
