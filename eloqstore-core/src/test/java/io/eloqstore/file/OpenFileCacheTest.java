/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.FaultPlan.Kind;
import io.eloqstore.io.FileLease;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.MemoryBackend.Survival;
import io.eloqstore.io.OpenMode;
import io.eloqstore.memory.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Never more handles are open than the limit says, and nobody notices. Method: a backend in memory
 * that counts what is open; that the cache is a backend like every other is {@code
 * IoBackendTest}'s.
 */
class OpenFileCacheTest {
  private static final Path DIRECTORY = Path.of("/disk/t.0");
  private static final int BLOCK = 4096;
  private static final int LIMIT = 3;

  /** Lets a deadlock fail; says nothing about speed. */
  private static final long GUARD_SECONDS = 60;

  private final Arena arena = Arena.allocate(64 * BLOCK);
  private final FaultPlan plan = FaultPlan.of(1);
  private final MemoryBackend disk = MemoryBackend.simulated(arena, plan);
  private final OpenFileCache cache = new OpenFileCache(disk, LIMIT);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<BlockFile> opened = new ArrayList<>();

  @BeforeEach
  void makeDirectory() {
    cache.createDirectories(DIRECTORY);
    for (Path path = DIRECTORY; path.getParent() != null; path = path.getParent()) {
      cache.forceDirectory(path.getParent());
    }
  }

  @AfterEach
  void nothingLeaks() {
    threads.shutdown();
    opened.forEach(BlockFile::close);
    assertThat(cache.openHandles()).isZero();
    assertThat(cache.openFiles()).isZero();
    cache.close();
    arena.close();
  }

  private static Path path(int number) {
    return DIRECTORY.resolve("f" + number);
  }

  private BlockFile open(int number, OpenMode mode) {
    return open(cache, number, mode);
  }

  private BlockFile open(IoBackend io, int number, OpenMode mode) {
    BlockFile file = io.open(path(number), mode);
    opened.add(file);
    checkLimit();
    return file;
  }

  private void write(BlockFile file, long value) {
    arena.putLong(0, value);
    file.write(0, 0, Long.BYTES);
    checkLimit();
  }

  private long read(BlockFile file) {
    arena.putLong(BLOCK, 0);
    assertThat(file.read(0, BLOCK, Long.BYTES)).isEqualTo(Long.BYTES);
    checkLimit();
    return arena.getLong(BLOCK);
  }

  private void checkLimit() {
    assertThat(disk.openFiles()).isLessThanOrEqualTo(LIMIT);
    assertThat(cache.openHandles()).isLessThanOrEqualTo(LIMIT);
  }

  private static StoreErrorCode codeOf(Runnable deed) {
    try {
      deed.run();
    } catch (StoreException e) {
      return e.code();
    }
    return null;
  }

  private Set<Path> withHandle() {
    Set<Path> paths = new TreeSet<>();
    for (BlockFile file : opened) {
      if (((CachedFile) file).handle != null) {
        paths.add(file.path());
      }
    }
    return paths;
  }

  @Test
  void moreFilesAreOpenThanHandles() {
    for (int i = 0; i < 20; i++) {
      write(open(i, OpenMode.CREATE_NEW), i);
    }
    assertThat(cache.openFiles()).isEqualTo(20);
    assertThat(cache.openHandles()).isEqualTo(LIMIT);
    long seed = 7;
    Random random = new Random(seed);
    for (int i = 0; i < 500; i++) {
      int number = random.nextInt(20);
      assertThat(read(opened.get(number))).as("seed %d, step %d", seed, i).isEqualTo(number);
    }
    assertThat(cache.opened()).isEqualTo(cache.evicted() + LIMIT);
  }

  @Test
  void theLeastRecentlyUsedGoesFirst() {
    for (int i = 0; i < 4; i++) {
      BlockFile file = open(i, OpenMode.CREATE_NEW);
      write(file, i);
      file.force();
    }
    assertThat(withHandle()).containsExactly(path(1), path(2), path(3));
    read(opened.get(1));
    read(opened.get(0));
    assertThat(withHandle()).containsExactly(path(0), path(1), path(3));
    long before = cache.opened();
    read(opened.get(1));
    read(opened.get(3));
    assertThat(cache.opened()).isEqualTo(before);
  }

  @Test
  void filesWithUnforcedBytesKeepTheirHandlesLongest() {
    for (int i = 0; i < 6; i++) {
      BlockFile file = open(i, OpenMode.CREATE_NEW);
      write(file, i);
      file.force();
    }
    write(opened.get(0), 10);
    write(opened.get(1), 11);
    long before = plan.operations();
    read(opened.get(2));
    read(opened.get(3));
    read(opened.get(4));
    assertThat(withHandle()).contains(path(0), path(1));
    assertThat(plan.operations() - before).as("three reads").isEqualTo(3);
  }

  @Test
  void whatWasWrittenIsForcedBeforeItsHandleGoes() {
    for (int i = 0; i < 6; i++) {
      write(open(i, OpenMode.CREATE_NEW), i + 1);
    }
    cache.forceDirectory(DIRECTORY);
    MemoryBackend after = disk.crash(Survival.NONE, Survival.NONE);
    for (int i = 0; i < 6; i++) {
      assertThat(after.size(path(i))).as("file %d", i).isEqualTo(i < 3 ? Long.BYTES : 0);
    }
  }

  @Test
  void whoNeverForcesIsNotForced() {
    IoBackend unforced = cache.unforced();
    for (int i = 0; i < 6; i++) {
      write(open(unforced, i, OpenMode.CREATE_NEW), i + 1);
    }
    for (int i = 0; i < 6; i++) {
      assertThat(read(opened.get(i))).isEqualTo(i + 1);
    }
    cache.forceDirectory(DIRECTORY);
    MemoryBackend after = disk.crash(Survival.NONE, Survival.NONE);
    for (int i = 0; i < 6; i++) {
      assertThat(after.size(path(i))).isZero();
    }
  }

  @Test
  void aForceThatFailsWhenAHandleGoesIsToldToTheNextWriteAndForce() {
    for (int i = 0; i < LIMIT; i++) {
      write(open(i, OpenMode.CREATE_NEW), i);
    }
    plan.fail(Set.of(Kind.FORCE), 0, StoreErrorCode.OUT_OF_SPACE);
    write(open(LIMIT, OpenMode.CREATE_NEW), LIMIT);
    BlockFile lost = opened.get(0);
    for (int i = 0; i < 2; i++) {
      assertThat(codeOf(lost::force)).isEqualTo(StoreErrorCode.OUT_OF_SPACE);
      assertThat(codeOf(() -> write(lost, 1))).isEqualTo(StoreErrorCode.OUT_OF_SPACE);
    }
    assertThat(read(lost)).isZero();
    opened.get(1).force();
  }

  @Test
  void aForceThatFailedIsNotTriedAgain() {
    BlockFile file = open(0, OpenMode.CREATE_NEW);
    write(file, 1);
    plan.fail(Set.of(Kind.FORCE), 0, StoreErrorCode.IO_FAILED);
    assertThat(codeOf(file::force)).isEqualTo(StoreErrorCode.IO_FAILED);
    long before = plan.operations();
    assertThat(codeOf(file::force)).isEqualTo(StoreErrorCode.IO_FAILED);
    for (int i = 1; i <= LIMIT; i++) {
      open(i, OpenMode.CREATE_NEW);
    }
    assertThat(withHandle()).doesNotContain(path(0));
    assertThat(plan.operations() - before).as("creations only").isEqualTo(LIMIT);
  }

  /** Nobody waits for a handle, so a disk that hangs for some stops no others. */
  @Test
  void threadsInOperationsExceedTheLimitForAsLongAsTheyLast() throws Exception {
    int count = LIMIT + 2;
    for (int i = 0; i < count; i++) {
      write(open(i, OpenMode.CREATE_NEW), i + 1);
      opened.get(i).force();
    }
    List<FaultPlan.Hold> holds = new ArrayList<>();
    List<CompletableFuture<Integer>> reads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      FaultPlan.Hold hold = plan.hold(EnumSet.of(Kind.READ), 0);
      BlockFile file = opened.get(i);
      long at = (2L + i) * BLOCK;
      reads.add(CompletableFuture.supplyAsync(() -> file.read(0, at, Long.BYTES), threads));
      hold.awaitReached();
      holds.add(hold);
    }
    assertThat(disk.openFiles()).isEqualTo(count);
    holds.forEach(FaultPlan.Hold::release);
    for (int i = 0; i < count; i++) {
      assertThat(reads.get(i).get(GUARD_SECONDS, TimeUnit.SECONDS)).isEqualTo(Long.BYTES);
      assertThat(arena.getLong((2L + i) * BLOCK)).isEqualTo(i + 1);
    }
    checkLimit();
  }

  @Test
  void aFileThatLostItsNameKeepsItsHandle() {
    BlockFile replaced = open(0, OpenMode.CREATE_NEW);
    write(replaced, 1);
    BlockFile deleted = open(1, OpenMode.CREATE_NEW);
    write(deleted, 2);
    for (int i = 2; i < 2 + LIMIT; i++) {
      write(open(i, OpenMode.CREATE_NEW), i);
    }
    assertThat(withHandle()).as("both are without a handle").doesNotContain(path(0), path(1));
    write(open(10, OpenMode.CREATE_NEW), 10);
    cache.rename(path(10), path(0));
    cache.delete(path(1));
    for (int i = 2; i < 2 + LIMIT; i++) {
      assertThat(read(opened.get(i))).isEqualTo(i);
    }
    assertThat(read(replaced)).isEqualTo(1);
    assertThat(read(deleted)).isEqualTo(2);
    BlockFile renamed = opened.get(opened.size() - 1);
    assertThat(read(renamed)).isEqualTo(10);
    assertThat(renamed.path()).isEqualTo(path(10));
    assertThat(read(open(0, OpenMode.READ))).isEqualTo(10);
  }

  @Test
  void aRenameThatFailsChangesNothing() {
    BlockFile kept = open(0, OpenMode.CREATE_NEW);
    write(kept, 1);
    BlockFile other = open(1, OpenMode.CREATE_NEW);
    write(other, 2);
    plan.fail(Set.of(Kind.RENAME), 0, StoreErrorCode.IO_FAILED);
    assertThat(codeOf(() -> cache.rename(path(1), path(0)))).isEqualTo(StoreErrorCode.IO_FAILED);
    for (int i = 2; i < 2 + LIMIT; i++) {
      write(open(i, OpenMode.CREATE_NEW), i);
    }
    assertThat(withHandle()).as("neither is kept").doesNotContain(path(0), path(1));
    assertThat(read(kept)).isEqualTo(1);
    assertThat(read(other)).isEqualTo(2);
  }

  @Test
  void whatIsGoneIsNotMadeAgain() {
    BlockFile gone = open(0, OpenMode.CREATE_NEW);
    write(gone, 1);
    for (int i = 1; i <= LIMIT; i++) {
      write(open(i, OpenMode.CREATE_NEW), i);
    }
    // Somebody else deletes it.
    disk.delete(path(0));
    assertThat(codeOf(() -> write(gone, 2))).isEqualTo(StoreErrorCode.NOT_FOUND);
    assertThat(codeOf(() -> read(gone))).isEqualTo(StoreErrorCode.NOT_FOUND);
    assertThat(disk.exists(path(0))).isFalse();
    checkLimit();
  }

  @Test
  void locksAreNotCountedAndLeaksAreNamed() {
    OpenFileCache other = new OpenFileCache(disk.withArena(arena), 1);
    try (FileLease lease = other.lock(DIRECTORY.resolve("LOCK"))) {
      assertThat(lease.path()).isEqualTo(DIRECTORY.resolve("LOCK"));
      BlockFile first = other.open(path(1), OpenMode.CREATE_NEW);
      other.open(path(2), OpenMode.CREATE_NEW);
      first.close();
      first.close();
      assertThat(other.openHandles()).isEqualTo(1);
      assertThat(other.openFiles()).isEqualTo(2);
    }
    assertThatThrownBy(other::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("f2")
        .hasMessageNotContaining("f1");
    assertThat(other.openHandles()).isZero();
    assertThatThrownBy(() -> new OpenFileCache(disk, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Readers, a writer and one who renames, all through two handles. */
  @Test
  void manyThreadsShareFewHandles() throws Exception {
    int count = 8;
    for (int i = 0; i < count; i++) {
      write(open(i, OpenMode.CREATE_NEW), i + 1);
    }
    List<CompletableFuture<Void>> running = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      long seed = t;
      long at = (2L + t) * BLOCK;
      running.add(
          CompletableFuture.runAsync(
              () -> {
                Random random = new Random(seed);
                for (int i = 0; i < 2_000; i++) {
                  int number = random.nextInt(count);
                  opened.get(number).read(0, at, Long.BYTES);
                  if (arena.getLong(at) != number + 1) {
                    throw new AssertionError("seed " + seed + ": file " + number);
                  }
                }
              },
              threads));
    }
    running.add(
        CompletableFuture.runAsync(
            () -> {
              for (int i = 0; i < 500; i++) {
                Path other = DIRECTORY.resolve("moved");
                cache.rename(path(i % count), other);
                cache.rename(other, path(i % count));
                try (BlockFile extra = cache.open(DIRECTORY.resolve("x"), OpenMode.WRITE)) {
                  extra.write(0, 20 * BLOCK, BLOCK);
                  extra.force();
                  cache.delete(extra.path());
                }
              }
            },
            threads));
    for (CompletableFuture<Void> future : running) {
      future.get(GUARD_SECONDS, TimeUnit.SECONDS);
    }
    checkLimit();
  }
}
