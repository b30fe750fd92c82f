/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.MemoryBackend.Survival;
import io.eloqstore.io.NioBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pages of a partition go to the right place of the right file, or an error says why not. */
class FileSetTest {
  private static final int PAGE = 4096;
  private static final int SHIFT = 2;
  private static final Path DIRECTORY = Path.of("/simulated/store/t.0");

  private final MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN);
  private MemoryBackend io;

  @BeforeEach
  void makeDirectory() {
    io = MemoryBackend.simulated(budget.arena(), FaultPlan.of(1));
    io.createDirectories(DIRECTORY);
    for (Path path = DIRECTORY; path.getParent() != null; path = path.getParent()) {
      io.forceDirectory(path.getParent());
    }
  }

  @AfterEach
  void nothingLeaks() {
    assertThat(io.openFiles()).isZero();
    budget.close();
  }

  private FileSet open(Map<Long, Long> terms) {
    return FileSet.open(io, DIRECTORY, PAGE, SHIFT, terms);
  }

  private void numberPage(long at, long number) {
    for (int word = 0; word < PAGE; word += Long.BYTES) {
      budget.arena().putLong(at + word, number);
    }
  }

  private void put(String name, int bytes) {
    try (BlockFile file = io.open(DIRECTORY.resolve(name), OpenMode.CREATE_NEW)) {
      file.write(0, 0, bytes);
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
  void pagesGoWhereTheirNumberSays() {
    try (FileSet files = open(Map.of(3L, 9L))) {
      assertThat(files.highestId()).isEqualTo(-1);
      for (long file = 2; file <= 3; file++) {
        assertThat(files.create(file).fileId()).isEqualTo(file);
      }
      for (int page = 0; page < 3; page++) {
        numberPage((long) page * PAGE, 13 + page);
      }
      files.write(13, 0, 3);
      numberPage(0, 8);
      files.write(8, 0, 1);
      assertThat(files.writtenBytes(2)).isEqualTo(PAGE);
      assertThat(files.writtenBytes(3)).isEqualTo(4 * PAGE);
      files.readPage(15, 10 * PAGE);
      assertThat(budget.arena().getLong(10 * PAGE)).isEqualTo(15);
      files.readPages(13, 2, 10 * PAGE);
      assertThat(budget.arena().getLong(10 * PAGE)).isEqualTo(13);
      assertThat(budget.arena().getLong(12 * PAGE - 8)).isEqualTo(14);
      assertThat(files.handle(3)).isSameAs(files.handle(3));
    }
    assertThat(io.size(DIRECTORY.resolve("data_2_0"))).isEqualTo(PAGE);
    assertThat(io.size(DIRECTORY.resolve("data_3_9"))).isEqualTo(4 * PAGE);
  }

  @Test
  void whatLiesInTheDirectoryIsListedByTerm() {
    put("data_0_0", PAGE);
    put("data_1_0", PAGE);
    put("data_1_4", 2 * PAGE);
    put("data_9_5", PAGE);
    put("manifest_0", PAGE);
    try (FileSet files = open(Map.of(1L, 4L, 77L, 1L))) {
      assertThat(files.fileIds()).containsExactly(0L, 1L);
      assertThat(files.highestId()).as("of any term").isEqualTo(9);
      assertThat(files.otherTerms())
          .containsExactly(new FileName.Data(1, 0), new FileName.Data(9, 5));
      assertThat(files.writtenBytes(1)).isEqualTo(2 * PAGE);
      assertThat(files.file(1).term()).isEqualTo(4);
      files.readPage(5, 0);
      assertThat(io.openFiles()).as("opened when it is read").isEqualTo(1);
    }
  }

  @Test
  void aFileThatEndsTooEarlyIsCorrupt() {
    put("data_0_0", PAGE + 100);
    try (FileSet files = open(Map.of())) {
      files.readPage(0, 0);
      assertThatThrownBy(() -> files.readPage(1, 0))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContainingAll(
              DIRECTORY.resolve("data_0_0").toString(), "offset 4096", "4096", "100");
      assertThatThrownBy(() -> files.readPages(1, 2, 0))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContainingAll("expected 8192", "found 100");
      assertThatThrownBy(() -> files.readPage(3, 0)).hasMessageContaining("found 0");
    }
  }

  @Test
  void whatIsMissingIsNamedAndWhatIsWrongRefused() {
    FileSet files = open(Map.of(7L, 2L));
    assertThatThrownBy(() -> files.readPage(7 << SHIFT, 0))
        .hasMessageContaining("data_7_2")
        .extracting(e -> ((StoreException) e).code())
        .isEqualTo(StoreErrorCode.NOT_FOUND);
    files.create(1);
    assertThat(codeOf(() -> files.create(1))).isEqualTo(StoreErrorCode.IO_FAILED);
    assertThat(codeOf(() -> files.write(8, 0, 1))).isEqualTo(StoreErrorCode.NOT_FOUND);
    for (long[] wrong : new long[][] {{7, 2}, {-1, 1}, {4, 0}, {4, 5}}) {
      assertThatThrownBy(() -> files.readPages(wrong[0], (int) wrong[1], 0))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> files.write(wrong[0], 0, (int) wrong[1]))
          .isInstanceOf(IllegalArgumentException.class);
    }
    files.close();
    files.close();
    assertThat(codeOf(() -> files.readPage(4, 0))).isEqualTo(StoreErrorCode.CLOSED);
    assertThat(codeOf(() -> files.create(2))).isEqualTo(StoreErrorCode.CLOSED);
  }

  @Test
  void onlyPrivateFilesAreDeletedOrWritten() {
    put("data_0_0", PAGE);
    try (FileSet files = open(Map.of())) {
      files.readPage(0, 0);
      for (FileOwnership kept : Set.of(FileOwnership.FOREIGN, FileOwnership.SHARED_WITH_SNAPSHOT)) {
        files.file(0).setOwnership(kept);
        assertThatThrownBy(() -> files.delete(0))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining(kept.name());
        assertThatThrownBy(() -> files.write(0, 0, 1)).isInstanceOf(IllegalStateException.class);
        files.readPage(0, 0);
      }
      files.file(0).setOwnership(FileOwnership.PRIVATE);
      files.write(1, 0, 1);
      assertThat(files.writtenBytes(0)).isEqualTo(2 * PAGE);
      files.delete(0);
      assertThat(io.openFiles()).isZero();
      assertThat(files.contains(0)).isFalse();
      assertThat(io.list(DIRECTORY)).isEmpty();
      assertThat(files.highestId()).as("an id is never used again").isZero();
    }
  }

  @Test
  void forceMakesBytesAndNamesDurableAndSkipsWhatDidNotChange() {
    try (FileSet files = open(Map.of())) {
      files.create(0);
      files.create(1);
      files.write(0, 0, 1);
      files.force(List.of(0L));
      long before = io.operations();
      files.force(List.of(0L));
      assertThat(io.operations()).isEqualTo(before);
      files.write(4, 0, 1);
      files.force();
      assertThat(io.operations() - before).as("a write and a force").isEqualTo(2);
      files.write(1, 0, 1);
    }
    MemoryBackend after = io.crash(Survival.NONE, Survival.NONE);
    assertThat(after.size(DIRECTORY.resolve("data_0_0"))).isEqualTo(PAGE);
    assertThat(after.size(DIRECTORY.resolve("data_1_0"))).isEqualTo(PAGE);
  }

  @Test
  void manyThreadsReadThroughOneHandle() throws InterruptedException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    try (FileSet files = open(Map.of())) {
      files.create(0);
      for (int page = 0; page < 4; page++) {
        numberPage(0, page);
        files.write(page, 0, 1);
      }
    }
    try (FileSet files = open(Map.of())) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        long at = (10L + i) * PAGE;
        threads.add(
            new Thread(
                () -> {
                  for (int read = 0; read < 500; read++) {
                    files.readPage(read % 4, at);
                    if (budget.arena().getLong(at) != read % 4) {
                      failure.set(new AssertionError("wrong page"));
                    }
                  }
                }));
        threads.get(i).setUncaughtExceptionHandler((thread, e) -> failure.set(e));
      }
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(failure.get()).isNull();
      assertThat(io.openFiles()).isEqualTo(1);
    }
  }

  /** A store of the C++ engine through the real disk, with direct I/O where there is any. */
  @Test
  void pagesOfAGoldenStoreAreRead() {
    Path golden = Path.of("src/test/resources/golden/archive/data/ar.0");
    NioBackend disk = NioBackend.direct(budget.arena());
    try (FileSet files = FileSet.open(disk, golden, PAGE, 18, Map.of())) {
      assertThat(files.fileIds()).containsExactly(0L, 3L, 5L);
      for (long fileId : files.fileIds()) {
        files.readPage(fileId << 18, 0);
        assertThat(budget.arena().getUnsignedByte(8)).as("page type").isBetween(0, 3);
      }
    }
    disk.close();
  }

  /** Offsets of 32 bits, as in C++, would end at 4 GiB; signed ones would at half of that. */
  @Test
  void offsetsGoUpToTheEndOfAFileOf4GibAndBeyond() {
    try (FileSet files = FileSet.open(io, DIRECTORY, 4096, 20, Map.of())) {
      assertThat(files.offsetOf((1L << 20) - 1)).isEqualTo((1L << 32) - 4096);
      assertThat(files.offsetOf((7L << 20) + (1L << 19))).isEqualTo(1L << 31);
      assertThat(files.fileIdOf((7L << 20) + (1L << 19))).isEqualTo(7);
      assertThat(files.fileIdOf((1L << 40) - 1)).isEqualTo((1L << 20) - 1);
    }
    try (FileSet files = FileSet.open(io, DIRECTORY, 61440, 22, Map.of())) {
      assertThat(files.offsetOf((1L << 22) - 1)).isEqualTo(61440L * ((1L << 22) - 1));
    }
  }

  /** A file of one page, its last one: nearly all of it is a hole. */
  @Test
  void lastPageOfTheLargestFileIsWrittenAndReadWhereItBelongs(@TempDir Path temp) {
    try (Arena arena = Arena.allocate(2 * 4096)) {
      IoBackend disk = NioBackend.buffered(arena);
      try (FileSet files = FileSet.open(disk, temp, 4096, 20, Map.of())) {
        long last = (3L << 20) + (1L << 20) - 1;
        files.create(3);
        arena.putLong(0, 0x1122334455667788L);
        files.write(last, 0, 1);
        files.readPage(last, 4096);
        assertThat(arena.getLong(4096)).isEqualTo(0x1122334455667788L);
        assertThat(files.writtenBytes(3)).isEqualTo(1L << 32);
        assertThat(temp.resolve("data_3_0").toFile().length()).isEqualTo(1L << 32);
      }
    }
  }
}
