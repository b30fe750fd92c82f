/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.file.OpenFileCache;
import io.eloqstore.memory.MemoryBudget;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every backend promises: the same calls against the disk, buffered and direct, and memory,
 * the last two also behind a cache of one handle.
 */
class IoBackendTest {
  private static final int BLOCK = 4096;

  enum Kind {
    BUFFERED,
    DIRECT,
    MEMORY,
    CACHED_DISK,
    CACHED_MEMORY
  }

  @TempDir Path temporary;
  private final MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN);
  private IoBackend io;
  private Path root;

  @BeforeEach
  void chooseRoot() {
    root = temporary.resolve("root");
  }

  private void open(Kind kind) {
    Supplier<IoBackend> made =
        switch (kind) {
          case BUFFERED -> () -> NioBackend.buffered(budget.arena());
          case DIRECT -> () -> NioBackend.direct(budget.arena());
          case MEMORY -> () -> MemoryBackend.simulated(budget.arena(), FaultPlan.of(1));
          case CACHED_DISK -> () -> new OpenFileCache(NioBackend.direct(budget.arena()), 1);
          case CACHED_MEMORY ->
              () -> new OpenFileCache(MemoryBackend.simulated(budget.arena(), FaultPlan.of(1)), 1);
        };
    io = made.get();
    io.createDirectories(root);
  }

  @AfterEach
  void nothingLeaks() {
    assertThat(io.openFiles()).isZero();
    io.close();
    budget.close();
  }

  private byte[] fill(long at, int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    io.arena().buffer(at, length).put(bytes);
    return bytes;
  }

  private byte[] arenaBytes(long at, int length) {
    byte[] bytes = new byte[length];
    io.arena().get(at, bytes, 0, length);
    return bytes;
  }

  private void put(Path path, int length) {
    fill(0, length, length);
    try (BlockFile file = io.open(path, OpenMode.WRITE)) {
      file.write(0, 0, length);
    }
  }

  private static void refused(StoreErrorCode code, Path named, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(named.toString())
        .extracting(e -> ((StoreException) e).code())
        .isEqualTo(code);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void whatIsWrittenIsRead(Kind kind) {
    open(kind);
    byte[] bytes = fill(0, 4 * BLOCK, 7);
    try (BlockFile file = io.open(root.resolve("f"), OpenMode.CREATE_NEW)) {
      assertThat(file.size()).isZero();
      file.write(BLOCK, BLOCK, 3 * BLOCK);
      file.force();
      assertThat(file.size()).isEqualTo(4 * BLOCK);
      assertThat(file.path()).isEqualTo(root.resolve("f"));
      assertThat(file.read(0, 8 * BLOCK, 4 * BLOCK)).isEqualTo(4 * BLOCK);
    }
    Arrays.fill(bytes, 0, BLOCK, (byte) 0);
    assertThat(arenaBytes(8 * BLOCK, 4 * BLOCK)).isEqualTo(bytes);
    assertThat(io.size(root.resolve("f"))).isEqualTo(4 * BLOCK);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void lessThanAskedComesOnlyAtTheEnd(Kind kind) {
    open(kind);
    byte[] bytes = fill(0, BLOCK + 45, 8);
    try (BlockFile file = io.open(root.resolve("f"), OpenMode.WRITE)) {
      file.write(0, 0, BLOCK + 45);
      assertThat(file.read(0, 4 * BLOCK, 2 * BLOCK)).isEqualTo(BLOCK + 45);
      assertThat(arenaBytes(4 * BLOCK, BLOCK + 45)).isEqualTo(bytes);
      assertThat(file.read(BLOCK, 4 * BLOCK, BLOCK)).isEqualTo(45);
      assertThat(file.read(BLOCK + 44, 4 * BLOCK, BLOCK)).isEqualTo(1);
      assertThat(file.read(BLOCK + 45, 4 * BLOCK, BLOCK)).isZero();
      assertThat(file.read(64 * BLOCK, 4 * BLOCK, BLOCK)).isZero();
      assertThat(file.read(0, 4 * BLOCK, 0)).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void oddPositionsAndPlacesInMemoryWork(Kind kind) {
    open(kind);
    byte[] bytes = fill(3, 3 * BLOCK, 9);
    try (BlockFile file = io.open(root.resolve("f"), OpenMode.WRITE)) {
      file.write(5, 3, 3 * BLOCK);
      assertThat(file.read(5, 4 * BLOCK + 1, 3 * BLOCK)).isEqualTo(3 * BLOCK);
      assertThat(arenaBytes(4 * BLOCK + 1, 3 * BLOCK)).isEqualTo(bytes);
      // Aligned and not aligned see the same file.
      file.write(BLOCK, 0, BLOCK);
      assertThat(file.read(BLOCK + 1, 4 * BLOCK, 100)).isEqualTo(100);
      assertThat(arenaBytes(4 * BLOCK, 100)).isEqualTo(arenaBytes(1, 100));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void namesAreMadeMovedAndRemoved(Kind kind) {
    open(kind);
    Path inner = root.resolve("a").resolve("b");
    io.createDirectories(inner);
    io.createDirectories(inner);
    put(inner.resolve("x"), 10);
    put(inner.resolve("y"), 20);
    assertThat(io.exists(inner)).isTrue();
    assertThat(io.exists(inner.resolve("z"))).isFalse();
    io.link(inner.resolve("x"), inner.resolve("z"));
    assertThat(io.list(inner))
        .isEqualTo(
            List.of(
                new DirectoryEntry("x", false, 10),
                new DirectoryEntry("y", false, 20),
                new DirectoryEntry("z", false, 10)));
    refused(
        StoreErrorCode.IO_FAILED,
        inner.resolve("y"),
        () -> io.link(inner.resolve("x"), inner.resolve("y")));
    io.rename(inner.resolve("x"), inner.resolve("y"));
    io.forceDirectory(inner);
    assertThat(io.size(inner.resolve("y"))).isEqualTo(10);
    assertThat(io.exists(inner.resolve("x"))).isFalse();
    assertThat(io.list(root.resolve("a"))).extracting(DirectoryEntry::isDirectory).contains(true);
    refused(StoreErrorCode.IO_FAILED, inner, () -> io.delete(inner));
    io.delete(inner.resolve("y"));
    io.delete(inner.resolve("z"));
    io.delete(inner);
    assertThat(io.list(root.resolve("a"))).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void whatIsMissingIsNamed(Kind kind) {
    open(kind);
    Path missing = root.resolve("missing");
    refused(StoreErrorCode.NOT_FOUND, missing, () -> io.open(missing, OpenMode.READ));
    refused(StoreErrorCode.NOT_FOUND, missing, () -> io.size(missing));
    refused(StoreErrorCode.NOT_FOUND, missing, () -> io.list(missing));
    refused(StoreErrorCode.NOT_FOUND, missing, () -> io.delete(missing));
    refused(StoreErrorCode.NOT_FOUND, missing, () -> io.rename(missing, root.resolve("x")));
    refused(StoreErrorCode.NOT_FOUND, missing, () -> io.link(missing, root.resolve("x")));
    refused(StoreErrorCode.NOT_FOUND, missing, () -> io.forceDirectory(missing));
    refused(StoreErrorCode.NOT_FOUND, missing, () -> io.open(missing.resolve("f"), OpenMode.WRITE));
    refused(StoreErrorCode.NOT_FOUND, missing, () -> io.lock(missing.resolve("lock")));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void modesAreKept(Kind kind) {
    open(kind);
    Path path = root.resolve("f");
    put(path, BLOCK);
    refused(StoreErrorCode.IO_FAILED, path, () -> io.open(path, OpenMode.CREATE_NEW));
    BlockFile file = io.open(path, OpenMode.READ);
    assertThat(io.openFiles()).isEqualTo(1);
    assertThatThrownBy(() -> file.write(0, 0, BLOCK)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> file.read(-1, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    file.force();
    file.close();
    file.close();
    refused(StoreErrorCode.CLOSED, path, () -> file.read(0, 0, BLOCK));
    refused(StoreErrorCode.CLOSED, path, file::force);
    refused(StoreErrorCode.CLOSED, path, file::size);
    BlockFile writable = io.open(path, OpenMode.WRITE);
    assertThat(writable.size()).isEqualTo(BLOCK);
    writable.close();
    refused(StoreErrorCode.CLOSED, path, () -> writable.write(0, 0, BLOCK));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void anOpenFileSurvivesRenameAndDelete(Kind kind) {
    open(kind);
    Path path = root.resolve("f");
    byte[] bytes = fill(0, BLOCK, 10);
    try (BlockFile file = io.open(path, OpenMode.WRITE)) {
      file.write(0, 0, BLOCK);
      io.rename(path, root.resolve("g"));
      file.force();
      assertThat(file.read(0, BLOCK, BLOCK)).isEqualTo(BLOCK);
      io.delete(root.resolve("g"));
      assertThat(file.read(0, BLOCK, BLOCK)).isEqualTo(BLOCK);
    }
    assertThat(arenaBytes(BLOCK, BLOCK)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aLockHasOneHolderAndLeavesNoFile(Kind kind) {
    open(kind);
    Path path = root.resolve("lock");
    FileLease lease = io.lock(path);
    assertThat(io.exists(path)).isTrue();
    assertThat(io.openFiles()).isEqualTo(1);
    refused(StoreErrorCode.BUSY, path, () -> io.lock(path));
    Path detour = root.resolve("..").resolve("root").resolve("lock");
    refused(StoreErrorCode.BUSY, detour, () -> io.lock(detour));
    lease.close();
    assertThat(io.exists(path)).isFalse();
    FileLease next = io.lock(path);
    // Closing the old lease again must not hurt the new holder.
    lease.close();
    refused(StoreErrorCode.BUSY, path, () -> io.lock(path));
    next.close();
    assertThat(io.list(root)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aLockFileLeftByADeadProcessDoesNotHinder(Kind kind) {
    open(kind);
    Path path = root.resolve("lock");
    put(path, 3);
    io.lock(path).close();
    assertThat(io.exists(path)).isFalse();
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void closingABackendNamesWhatLeaked(Kind kind) {
    open(kind);
    Path path = root.resolve("leak");
    BlockFile file = io.open(path, OpenMode.WRITE);
    assertThatThrownBy(() -> io.close())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(path.toString());
    refused(StoreErrorCode.CLOSED, path, () -> file.write(0, 0, BLOCK));
  }
}
