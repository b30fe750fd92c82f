/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.nio.file.ExtendedOpenOption;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryBudget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What only the disk does: interrupts, short transfers, refusals, the fall-back from direct. */
class NioBackendTest {
  private static final int BLOCK = 4096;
  private static final int PAGES = 64;

  @TempDir Path root;
  private final MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN);

  @AfterEach
  void closeBudget() {
    budget.close();
  }

  private NioBackend backend(boolean direct, NioFile.ChannelSource channels) {
    return new NioBackend(budget.arena(), direct, channels);
  }

  private static StoreErrorCode codeOf(ThrowingCallable call) {
    AtomicReference<StoreErrorCode> code = new AtomicReference<>();
    assertThatThrownBy(call).isInstanceOfSatisfying(StoreException.class, e -> code.set(e.code()));
    return code.get();
  }

  private Path numberedPages(IoBackend io) {
    Path path = root.resolve("pages");
    try (BlockFile file = io.open(path, OpenMode.CREATE_NEW)) {
      for (int page = 0; page < PAGES; page++) {
        for (int word = 0; word < BLOCK; word += Long.BYTES) {
          io.arena().putLong(word, page * 1_000_003L + word);
        }
        file.write((long) page * BLOCK, 0, BLOCK);
      }
      file.force();
    }
    return path;
  }

  /**
   * Some threads read pages while they are interrupted over and over; others are never interrupted.
   * The tormentor interrupts a reader at most once for each page it has read, at a random moment.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void interruptsDisturbNobody(boolean direct) throws InterruptedException {
    long seed = 42;
    AtomicInteger opens = new AtomicInteger();
    NioBackend io =
        backend(
            direct,
            (path, options) -> {
              opens.incrementAndGet();
              return FileChannel.open(path, options);
            });
    Path path = numberedPages(io);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    AtomicInteger flagsKept = new AtomicInteger();
    AtomicInteger running = new AtomicInteger(4);
    AtomicIntegerArray progress = new AtomicIntegerArray(4);
    List<Thread> readers = new ArrayList<>();
    try (BlockFile file = io.open(path, OpenMode.WRITE)) {
      for (int i = 0; i < 4; i++) {
        int number = i;
        readers.add(
            new Thread(
                () -> {
                  try {
                    readPages(file, number, seed, number < 2 ? flagsKept : null, progress, opens);
                  } catch (Throwable e) {
                    failure.set(e);
                  } finally {
                    running.decrementAndGet();
                  }
                }));
      }
      readers.forEach(Thread::start);
      Random random = new Random(seed);
      int[] seen = new int[2];
      while (running.get() > 0) {
        int victim = random.nextInt(2);
        for (int spins = random.nextInt(2000); spins > 0; spins--) {
          Thread.onSpinWait();
        }
        int now = progress.get(victim);
        if (now != seen[victim]) {
          seen[victim] = now;
          readers.get(victim).interrupt();
        }
      }
      for (Thread reader : readers) {
        reader.join();
      }
    }
    assertThat(failure.get()).as("seed %d", seed).isNull();
    assertThat(opens.get()).as("opened, and reopened after interrupts").isGreaterThanOrEqualTo(10);
    assertThat(flagsKept.get()).as("interrupts seen by their thread").isPositive();
    assertThat(io.openFiles()).isZero();
    io.close();
  }

  private void readPages(
      BlockFile file,
      int number,
      long seed,
      AtomicInteger flags,
      AtomicIntegerArray progress,
      AtomicInteger opens) {
    Random random = new Random(seed + number);
    long at = (8L + number) * BLOCK;
    int reads = 0;
    // Until enough interrupts fell into a read; the bound only ends a test that fails.
    while (reads < 2000 || opens.get() < 10 && reads < 3_000_000) {
      int page = random.nextInt(PAGES);
      int count = file.read((long) page * BLOCK, at, BLOCK);
      if (Thread.interrupted()) {
        if (flags == null) {
          throw new AssertionError("a thread nobody interrupted has its flag set");
        }
        flags.incrementAndGet();
      }
      int word = random.nextInt(BLOCK / Long.BYTES) * Long.BYTES;
      if (count != BLOCK || budget.arena().getLong(at + word) != page * 1_000_003L + word) {
        throw new AssertionError("page " + page + ": " + count + " bytes, or wrong ones");
      }
      if (reads < 2000 && reads % 500 == 0) {
        file.force();
        if (file.size() != (long) PAGES * BLOCK) {
          throw new AssertionError("size " + file.size());
        }
      }
      reads++;
      progress.incrementAndGet(number);
    }
  }

  @Test
  void anInterruptedThreadKeepsItsFlagThroughEveryDeed() {
    NioBackend io = NioBackend.buffered(budget.arena());
    Thread.currentThread().interrupt();
    try (BlockFile file = io.open(root.resolve("f"), OpenMode.CREATE_NEW)) {
      file.write(0, 0, BLOCK);
      assertThat(file.read(0, BLOCK, BLOCK)).isEqualTo(BLOCK);
      assertThat(file.size()).isEqualTo(BLOCK);
      file.force();
      io.forceDirectory(root);
      io.rename(root.resolve("f"), root.resolve("g"));
      io.lock(root.resolve("lock")).close();
      assertThat(io.list(root)).hasSize(1);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    io.close();
  }

  /** Three channels in a row die by an interrupt; then also more than may be shared. */
  @ParameterizedTest
  @ValueSource(ints = {3, 40})
  void aTransferHitByInterruptsIsRepeatedUntilItIsDone(int interrupts) {
    AtomicInteger left = new AtomicInteger();
    NioBackend io =
        backend(
            false,
            (path, options) -> {
              FileChannel channel = FileChannel.open(path, options);
              return left.getAndDecrement() > 0 ? FaultyChannel.interrupting(channel) : channel;
            });
    Path path = numberedPages(io);
    left.set(interrupts);
    try (BlockFile file = io.open(path, OpenMode.WRITE)) {
      assertThat(file.read(BLOCK, 0, BLOCK)).isEqualTo(BLOCK);
      assertThat(Thread.interrupted()).as("flag kept").isTrue();
      assertThat(budget.arena().getLong(0)).isEqualTo(1_000_003L);
      assertThat(left.get()).as("all interrupts used").isNotPositive();
    }
    left.set(interrupts);
    try (BlockFile file = io.open(path, OpenMode.WRITE)) {
      file.write(0, 0, BLOCK);
      assertThat(Thread.interrupted()).as("flag kept").isTrue();
      assertThat(left.get()).as("all interrupts used").isNotPositive();
    }
    try (BlockFile file = io.open(path, OpenMode.READ)) {
      assertThat(file.read(0, BLOCK, BLOCK)).isEqualTo(BLOCK);
      assertThat(Thread.interrupted()).as("no flag without an interrupt").isFalse();
      assertThat(budget.arena().getLong(BLOCK)).isEqualTo(1_000_003L);
    }
    io.close();
  }

  /** Closes the channel of the next step as an interrupt does. */
  @Test
  void aChannelClosedUnderAFileIsReopenedUnderItsNewName() {
    List<FileChannel> opened = new ArrayList<>();
    NioBackend io =
        backend(
            false,
            (path, options) -> {
              FileChannel channel = FileChannel.open(path, options);
              opened.add(channel);
              return channel;
            });
    Path path = numberedPages(io);
    Path renamed = root.resolve("renamed");
    try (BlockFile file = io.open(path, OpenMode.READ)) {
      io.rename(path, renamed);
      closeLast(opened);
      assertThat(file.read(BLOCK, 0, BLOCK)).isEqualTo(BLOCK);
      assertThat(budget.arena().getLong(0)).isEqualTo(1_000_003L);
      closeLast(opened);
      io.rename(renamed, path);
      io.open(renamed, OpenMode.CREATE_NEW).close();
      io.rename(renamed, path);
      assertThatThrownBy(() -> file.read(0, 0, BLOCK))
          .as("a file that took the name is not read in place of the first")
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("another file has taken the name");
      io.delete(path);
      assertThat(codeOf(() -> file.read(0, 0, BLOCK))).isEqualTo(StoreErrorCode.NOT_FOUND);
    }
    io.close();
  }

  private static void closeLast(List<FileChannel> opened) {
    try {
      opened.get(opened.size() - 1).close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shortTransfersAreContinued() {
    NioBackend io =
        backend(false, (path, options) -> new FaultyChannel(FileChannel.open(path, options), 1000));
    byte[] bytes = new byte[3 * BLOCK];
    new Random(5).nextBytes(bytes);
    budget.arena().buffer(0, bytes.length).put(bytes);
    try (BlockFile file = io.open(root.resolve("f"), OpenMode.CREATE_NEW)) {
      file.write(0, 0, bytes.length);
      assertThat(file.read(0, 4 * BLOCK, 8 * BLOCK)).isEqualTo(bytes.length);
    }
    byte[] found = new byte[bytes.length];
    budget.arena().get(4 * BLOCK, found, 0, found.length);
    assertThat(found).isEqualTo(bytes);
    io.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "OUT_OF_SPACE:No space left on device",
        "OUT_OF_SPACE:Disk quota exceeded",
        "NO_PERMISSION:Read-only file system",
        "NO_PERMISSION:Operation not permitted",
        "IO_FAILED:Input/output error"
      })
  void theSystemsWordsBecomeCodes(String codeAndWords) {
    String[] parts = codeAndWords.split(":");
    NioBackend io =
        backend(
            false, (path, options) -> new FaultyChannel(FileChannel.open(path, options), parts[1]));
    try (BlockFile file = io.open(root.resolve("f"), OpenMode.CREATE_NEW)) {
      assertThat(codeOf(() -> file.write(8192, 0, BLOCK)))
          .isEqualTo(StoreErrorCode.valueOf(parts[0]));
      assertThatThrownBy(() -> file.write(8192, 0, BLOCK))
          .hasMessageContaining("4096 bytes at offset 8192 of " + root.resolve("f"))
          .hasRootCauseMessage(parts[1]);
    }
    io.close();
  }

  @Test
  void refusedDirectIoFallsBackAndSaysSoOnce() {
    NioBackend io =
        backend(
            true,
            (path, options) -> {
              if (options.contains(ExtendedOpenOption.DIRECT)) {
                throw new FileSystemException(path.toString(), null, "Invalid argument");
              }
              return FileChannel.open(path, options);
            });
    String log =
        logOf(
            () -> {
              for (String name : List.of("a", "b", "c")) {
                try (BlockFile file = io.open(root.resolve(name), OpenMode.CREATE_NEW)) {
                  file.write(0, 0, BLOCK);
                  assertThat(file.read(0, BLOCK, BLOCK)).isEqualTo(BLOCK);
                }
              }
            });
    assertThat(log.lines().filter(line -> line.contains("Direct I/O is off"))).hasSize(1);
    assertThat(log).contains(root.toString()).contains("Invalid argument");
    io.close();
  }

  @Test
  void unsupportedDirectIoFallsBackAndSaysSoOnce() {
    NioBackend io =
        backend(
            true,
            (path, options) -> {
              if (options.contains(ExtendedOpenOption.DIRECT)) {
                throw new UnsupportedOperationException("no O_DIRECT here");
              }
              return FileChannel.open(path, options);
            });
    String log =
        logOf(
            () -> {
              io.open(root.resolve("a"), OpenMode.WRITE).close();
              io.open(root.resolve("a"), OpenMode.READ).close();
            });
    assertThat(log.lines().filter(line -> line.contains("no O_DIRECT here"))).hasSize(1);
    io.close();
  }

  @Test
  void aDirectOpenThatFailsForAnotherReasonIsNoFallback() {
    NioBackend io = NioBackend.direct(budget.arena());
    String log =
        logOf(
            () ->
                assertThat(codeOf(() -> io.open(root.resolve("missing"), OpenMode.READ)))
                    .isEqualTo(StoreErrorCode.NOT_FOUND));
    assertThat(log).doesNotContain("refuses it");
    io.close();
  }

  /** The simple logger writes to the error stream of the moment. */
  private static String logOf(Runnable deed) {
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try {
      deed.run();
    } finally {
      System.setErr(before);
    }
    return log.toString(StandardCharsets.UTF_8);
  }

  @Test
  void directChannelsAreUsedWhereTheDiskAllows() throws IOException {
    Path probe = Files.createFile(root.resolve("probe"));
    assumeTrue(takesDirect(probe), "this file system refuses direct I/O");
    List<Boolean> direct = new ArrayList<>();
    NioBackend io =
        backend(
            true,
            (path, options) -> {
              direct.add(options.contains(ExtendedOpenOption.DIRECT));
              return FileChannel.open(path, options);
            });
    try (BlockFile file = io.open(root.resolve("f"), OpenMode.CREATE_NEW)) {
      file.write(0, 0, 2 * BLOCK);
      assertThat(file.read(BLOCK, 0, BLOCK)).isEqualTo(BLOCK);
      assertThat(direct).as("aligned").containsExactly(true);
      assertThat(file.read(BLOCK, 0, 100)).isEqualTo(100);
      assertThat(direct).as("a part of a block").containsExactly(true, false);
    }
    io.close();
  }

  private static boolean takesDirect(Path path) throws IOException {
    if (BLOCK % Files.getFileStore(path).getBlockSize() != 0) {
      return false;
    }
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, ExtendedOpenOption.DIRECT)) {
      return channel.isOpen();
    } catch (FileSystemException | UnsupportedOperationException e) {
      return false;
    }
  }

  @Test
  void deniedAccessIsNoPermission() {
    NioBackend io =
        backend(
            false,
            (path, options) -> {
              throw new AccessDeniedException(path.toString());
            });
    assertThat(codeOf(() -> io.open(root.resolve("f"), OpenMode.WRITE)))
        .isEqualTo(StoreErrorCode.NO_PERMISSION);
    assertThat(io.openFiles()).isZero();
  }

  @Test
  void aReadOnlyDirectoryRefusesFiles() throws IOException {
    Path directory = Files.createDirectory(root.resolve("readonly"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeFalse(Files.isWritable(directory), "this user may write anywhere (root)");
    NioBackend io = NioBackend.buffered(budget.arena());
    assertThat(codeOf(() -> io.open(directory.resolve("f"), OpenMode.WRITE)))
        .isEqualTo(StoreErrorCode.NO_PERMISSION);
    assertThat(codeOf(() -> io.lock(directory.resolve("lock"))))
        .isEqualTo(StoreErrorCode.NO_PERMISSION);
    assertThat(codeOf(() -> io.createDirectories(directory.resolve("d"))))
        .isEqualTo(StoreErrorCode.NO_PERMISSION);
    io.close();
  }

  /** Of many threads that take and release one lock, never two hold it. */
  @Test
  void aLockTakenAndReleasedByManyHasOneHolderAtATime() throws InterruptedException {
    NioBackend io = NioBackend.buffered(budget.arena());
    AtomicInteger holders = new AtomicInteger();
    AtomicInteger taken = new AtomicInteger();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads =
        IntStream.range(0, 4)
            .mapToObj(i -> new Thread(() -> takeOften(io, holders, taken, failure)))
            .toList();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failure.get()).isNull();
    assertThat(taken.get()).isPositive();
    assertThat(io.list(root)).isEmpty();
    io.close();
  }

  private void takeOften(
      IoBackend io,
      AtomicInteger holders,
      AtomicInteger taken,
      AtomicReference<Throwable> failure) {
    try {
      for (int i = 0; i < 200; i++) {
        try (FileLease lease = io.lock(root.resolve("lock"))) {
          if (holders.incrementAndGet() != 1) {
            throw new AssertionError("two hold " + lease.path());
          }
          taken.incrementAndGet();
          holders.decrementAndGet();
        } catch (StoreException e) {
          if (e.code() != StoreErrorCode.BUSY) {
            throw e;
          }
        }
      }
    } catch (Throwable e) {
      failure.set(e);
    }
  }

  /** The lock of the operating system, seen from another process. */
  @Test
  void anotherProcessIsRefused() throws Exception {
    NioBackend io = NioBackend.buffered(budget.arena());
    Path path = root.resolve("lock");
    try (FileLease lease = io.lock(path)) {
      assertThat(codeOf(() -> io.lock(lease.path()))).isEqualTo(StoreErrorCode.BUSY);
      assertThat(tryLockElsewhere(path)).as("still held after a refused opener").isEqualTo("BUSY");
    }
    assertThat(tryLockElsewhere(path)).isEqualTo("TAKEN");
    assertThat(io.exists(path)).isFalse();
    io.close();
  }

  private static String tryLockElsewhere(Path path) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OtherProcess.class.getName(),
                path.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return answer.strip();
  }

  /** Takes and releases a lock, and says how it went. */
  static final class OtherProcess {
    private OtherProcess() {}

    public static void main(String[] arguments) {
      try {
        NioLease.take(Path.of(arguments[0]), new OpenFiles()).close();
        System.out.println("TAKEN");
      } catch (StoreException e) {
        System.out.println(e.code());
      }
    }
  }
}
