/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.ReferenceVerifier;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Without append mode places are written again: files stay small, and nobody reads what came. */
class InPlaceTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(6)
          .withManifestLogBytesMax(64 << 10)
          .withAppendMode(false);

  @TempDir Path directory;

  private static PartitionWorld inMemory() {
    return new PartitionWorld(
        4 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), OPTIONS);
  }

  private PartitionWorld onFiles() {
    return new PartitionWorld(
        4 << 20, budget -> NioBackend.buffered(budget.arena()), directory, OPTIONS);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] key(int number) {
    return bytes(String.format("key%06d", number));
  }

  private static long dataBytes(PartitionWorld world) {
    return world.shard.io().list(world.partitionDirectory()).stream()
        .filter(entry -> entry.name().startsWith("data_"))
        .mapToLong(DirectoryEntry::bytes)
        .sum();
  }

  private static long liveBytes(PartitionWorld world) {
    return (long) world.rows().view().root().mapping().mappedCount() * OPTIONS.pageBytes();
  }

  /** When nothing is under way, the slots in use are those of the working and committed root. */
  private static void assertNothingIsLost(PartitionWorld world) {
    Set<Long> used = new HashSet<>();
    Root committed = ((Partition) world.partition()).committer().committed();
    for (Root root : List.of(world.rows().view().root(), committed)) {
      for (int id = 0; id < root.mapping().pageCount(); id++) {
        used.add(root.mapping().filePage(id));
      }
    }
    used.remove(-1L);
    PartitionContext context = ((Partition) world.partition()).context();
    // The worker resolves a commit before it lets the root before go.
    for (int i = 0; i < 1_000_000 && placesInUse(context) > used.size(); i++) {
      Thread.yield();
    }
    assertThat(placesInUse(context)).isEqualTo(used.size());
  }

  private static long placesInUse(PartitionContext context) {
    return context.maxFilePage() - context.freePlaces();
  }

  // ---- space ------------------------------------------------------------------------------------

  @Test
  void filesStayBoundedWhileEverythingIsOverwrittenForever() {
    try (PartitionWorld world = inMemory()) {
      Random random = new Random(1);
      long largest = 0;
      for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 3000; i++) {
          byte[] value = new byte[50 + random.nextInt(100)];
          world.put(key(random.nextInt(6000)), value);
        }
        world.commit();
        if (round == 20) {
          largest = dataBytes(world);
        }
      }
      world.settle();
      world.commit();
      assertThat(dataBytes(world)).isLessThanOrEqualTo(largest + largest / 4);
      // Two versions and what a flush that splits leaves needs for a moment.
      assertThat(dataBytes(world)).isLessThan(3 * liveBytes(world));
      assertNothingIsLost(world);
      world.reopen();
      assertNothingIsLost(world);
    }
  }

  @Test
  void placesOfRootsThatWereNeverCommittedAreUsedAgain() {
    try (PartitionWorld world = inMemory()) {
      for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 1000; i++) {
          world.put(key(i), bytes("round" + round + "-".repeat(100)));
        }
        world.settle();
      }
      assertThat(dataBytes(world)).isLessThan(4 * liveBytes(world));
      world.commit();
      assertNothingIsLost(world);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {5_000, 100_000, 1_000_000})
  void largeValuesDoNotMakeFilesGrowForever(int length) {
    try (PartitionWorld world = inMemory()) {
      Random random = new Random(length);
      int keys = 3;
      long largest = 0;
      for (int round = 0; round < 60; round++) {
        byte[] value = new byte[length + random.nextInt(length / 4)];
        random.nextBytes(value);
        world.put(key(random.nextInt(keys)), value);
        for (int i = 0; i < 200; i++) {
          world.put(bytes("small" + random.nextInt(2000)), bytes("x".repeat(random.nextInt(90))));
        }
        if (round % 3 == 0) {
          world.commit();
        }
        if (round == 30) {
          largest = dataBytes(world);
        }
      }
      world.settle();
      world.commit();
      assertThat(dataBytes(world)).isLessThanOrEqualTo(largest + largest / 2);
      assertNothingIsLost(world);
      world.verifyTrees("large values of " + length);
    }
  }

  @Test
  void firstWriteAfterAnOpenTakesAFreePlaceAndNoNewFile() {
    try (PartitionWorld world = inMemory()) {
      for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 500; i++) {
          world.put(key(i), bytes("round" + round + "-".repeat(50)));
        }
        world.commit();
      }
      long before = dataBytes(world);
      for (int round = 0; round < 20; round++) {
        world.reopen();
        world.put(key(round), bytes("reopened"));
        world.commit();
      }
      assertThat(dataBytes(world)).isEqualTo(before);
    }
  }

  /** What a flush wrote behind the last committed page is free space after a crash, not garbage. */
  @Test
  void filesOfAnUnpublishedFlushAreFilledByTheNextRun() {
    try (PartitionWorld world = inMemory()) {
      world.put(key(1), bytes("committed"));
      world.commit();
      for (int run = 0; run < 3; run++) {
        for (int i = 0; i < 8000; i++) {
          world.put(key(i), bytes("run" + run + "-".repeat(100)));
        }
        world.settle();
        assertThat(dataBytes(world)).isGreaterThan(3L << 18);
        world.reopen();
        assertThat(world.get(key(1))).isEqualTo(bytes("committed"));
      }
      long before = dataBytes(world);
      for (int i = 0; i < 8000; i++) {
        world.put(key(i), bytes("last-" + "-".repeat(100)));
      }
      world.reopenAfterCommit();
      assertThat(dataBytes(world)).isLessThanOrEqualTo(before + (64 << 12));
      world.verifyTrees("after the last run");
    }
  }

  // ---- readers ----------------------------------------------------------------------------------

  @Test
  void iteratorsSeeTheirSnapshotOverManyCommits() {
    try (PartitionWorld world = inMemory()) {
      List<EntryIterator> iterators = new ArrayList<>();
      for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 400; i++) {
          world.put(key(i), bytes("round" + round + "-".repeat(60)));
        }
        world.commit();
        if (round % 8 == 3) {
          iterators.add(world.partition().iterator(KeyRange.ALL, false));
        }
      }
      for (int n = 0; n < iterators.size(); n++) {
        try (EntryIterator iterator = iterators.get(n)) {
          for (int i = 0; i < 400; i++) {
            assertThat(iterator.next()).isTrue();
            assertThat(new String(iterator.value().toByteArray(), StandardCharsets.US_ASCII))
                .startsWith("round" + (n * 8 + 3) + "-");
          }
          assertThat(iterator.next()).isFalse();
        }
      }
      world.settle();
      world.commit();
      assertNothingIsLost(world);
    }
  }

  /** The cache is far smaller than the tree, so pages are read while their places are written. */
  @Test
  void readersOnOtherThreadsNeverSeeAnOldOrAForeignPage() throws Exception {
    int keys = 4000;
    try (PartitionWorld world =
        new PartitionWorld(
            1 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), OPTIONS)) {
      OwnedPartition partition = world.partition();
      writeRound(world, keys, 0);
      AtomicInteger writtenRound = new AtomicInteger();
      AtomicReference<Throwable> failure = new AtomicReference<>();
      List<Thread> readers = new ArrayList<>();
      for (int n = 0; n < 3; n++) {
        Random random = new Random(n);
        readers.add(
            new Thread(() -> readUntil(partition, keys, 25, random, writtenRound, failure)));
      }
      readers.forEach(Thread::start);
      for (int round = 1; round <= 25; round++) {
        writeRound(world, keys, round);
        writtenRound.set(round);
      }
      for (Thread reader : readers) {
        reader.join();
      }
      assertThat(failure.get()).isNull();
      world.verifyTrees("after the last round");
    }
  }

  private static void writeRound(PartitionWorld world, int keys, int round) {
    for (int i = 0; i < keys; i++) {
      world.put(key(i), bytes(i + " " + round + " " + "-".repeat(200)));
      if (i % 1000 == 999) {
        world.commit();
      }
    }
  }

  private static void readUntil(
      OwnedPartition partition,
      int keys,
      int lastRound,
      Random random,
      AtomicInteger writtenRound,
      AtomicReference<Throwable> failure) {
    ValueBuffer value = new ValueBuffer();
    try {
      while (writtenRound.get() < lastRound) {
        int number = random.nextInt(keys);
        byte[] key = key(number);
        int atLeast = writtenRound.get();
        assertThat(partition.get(key, 0, key.length, value)).isTrue();
        String[] parts = new String(value.toByteArray(), StandardCharsets.US_ASCII).split(" ");
        assertThat(parts[0]).isEqualTo(Integer.toString(number));
        assertThat(Integer.parseInt(parts[1])).isBetween(atLeast, writtenRound.get() + 1);
      }
    } catch (Throwable e) {
      failure.set(e);
    }
  }

  // ---- identity ---------------------------------------------------------------------------------

  private static void assertRefused(StoreErrorCode code, String text, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(StoreException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(text);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theModeIsPartOfTheIdentity(boolean appendMode) {
    StoreOptions written = OPTIONS.withAppendMode(appendMode);
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults())) {
      try (EloqStore store = EloqStore.open(shard, directory, written)) {
        store.openPartition(PartitionWorld.ID).commit(Map.of());
      }
      try (EloqStore store =
          EloqStore.open(shard, directory, written.withAppendMode(!appendMode))) {
        assertRefused(
            StoreErrorCode.IDENTITY_MISMATCH,
            "written with appendMode " + appendMode + ", opened with " + !appendMode,
            () -> store.openPartition(PartitionWorld.ID));
      }
      try (EloqStore store = EloqStore.openReadOnly(shard, directory, written)) {
        assertThat(store.openPartition(PartitionWorld.ID).metadataValid()).isTrue();
      }
    }
  }

  @Test
  void compactionAndArchivesAreRefused() {
    try (PartitionWorld world = inMemory()) {
      world.put(key(1), bytes("value"));
      world.commit();
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> world.partition().compact(), () -> world.partition().archive(1))) {
        assertRefused(StoreErrorCode.INVALID_ARGUMENT, "needs append mode", call);
      }
      assertThat(world.get(key(1))).isEqualTo(bytes("value"));
    }
  }

  @Test
  void imagesAndRestoresAreRefused() {
    try (PartitionWorld world = inMemory()) {
      world.put(key(1), bytes("value"));
      try (FreezePoint point = world.partition().freeze();
          PartitionImage image = point.commit(Map.of())) {
        for (ThrowingCallable call :
            List.<ThrowingCallable>of(
                image::manifest,
                image::dataFiles,
                image::description,
                () -> image.linkTo(Path.of("/elsewhere")),
                () -> image.read(null, 0, new byte[1], 0, 1))) {
          assertRefused(StoreErrorCode.INVALID_ARGUMENT, "needs append mode", call);
        }
      }
      assertThat(world.get(key(1))).isEqualTo(bytes("value"));
      PartitionId other = new PartitionId("t", 1);
      assertRefused(
          StoreErrorCode.INVALID_ARGUMENT,
          "append mode only",
          () -> world.store().restorePartition(other, new byte[50]));
      assertRefused(
          StoreErrorCode.INVALID_ARGUMENT,
          "append mode only",
          () ->
              world
                  .store()
                  .restorePartition(other, new byte[50], new KeyRange(null, key(1)), names -> {}));
    }
  }

  // ---- what others wrote ------------------------------------------------------------------------

  /** Places that the manifest of C++ does not name are taken: its only file does not grow. */
  @ParameterizedTest
  @ValueSource(strings = {"nonappend_10k", "nonappend_updates", "prefix_binary"})
  void aStoreOfTheOtherEngineGoesOnInItsOwnFiles(String set) throws IOException {
    GoldenSets.GoldenState state = GoldenSets.named(set);
    Path copy = Files.createDirectories(directory.resolve(state.partition()));
    try (Stream<Path> files = Files.list(state.directory())) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    StoreOptions options =
        OPTIONS.withPageBytes(state.pageBytes()).withPagesPerFileShift(state.pagesPerFileShift());
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults())) {
      for (int run = 0; run < 3; run++) {
        try (EloqStore store = EloqStore.open(shard, directory, options)) {
          OwnedPartition partition =
              store.openPartition(PartitionId.fromDirectoryName(state.partition()));
          byte[] key = bytes("a key of ours" + run);
          partition.put(key, 0, key.length, key, 0, key.length);
          partition.commit(Map.of());
        }
        assertThat(ReferenceVerifier.verify(copy, state.pageBytes(), state.pagesPerFileShift()))
            .isEmpty();
        assertThat(PartitionVerifier.verify(shard, copy, options).findings()).isEmpty();
      }
    }
    try (Stream<Path> after = Files.list(copy);
        Stream<Path> before = Files.list(state.directory())) {
      assertThat(after.map(path -> path.getFileName().toString()).sorted().toList())
          .isEqualTo(before.map(path -> path.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void verifyTakesFreePlacesForSpaceAndNotForGarbage() throws IOException {
    Path partition;
    try (PartitionWorld world = onFiles()) {
      partition = world.partitionDirectory();
      for (int i = 0; i < 20_000; i++) {
        world.put(key(i), bytes("-".repeat(80)));
      }
      world.commit();
      world.partition().deleteRange(KeyRange.ALL);
      world.put(key(1), bytes("alone"));
      world.settle();
      world.commit();
      assertThat(dataBytes(world)).isGreaterThan(1 << 20);
      assertThat(PartitionVerifier.verify(world.shard, partition, OPTIONS).findings()).isEmpty();
    }
    assertThat(ReferenceVerifier.verify(partition, 4096, 6)).isEmpty();
  }
}
