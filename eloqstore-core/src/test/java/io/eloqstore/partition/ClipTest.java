/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.NioBackend;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.PageHeader;
import io.eloqstore.page.PageType;
import io.eloqstore.pagestore.PageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a clip fetches, reads, writes and refuses, and what is left when it fails. */
class ClipTest {
  private static final PartitionId CHILD = new PartitionId("t", 1);
  private static final PartitionId OTHER = new PartitionId("t", 2);
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(2)
          .withRestartIntervals(1, 1)
          .withDurability(StoreOptions.Durability.NEVER);

  @TempDir Path directory;
  private PartitionWorld world;
  private final PartitionModel model = new PartitionModel();

  @BeforeEach
  void open() {
    world =
        new PartitionWorld(
            8 << 20,
            budget -> NioBackend.buffered(budget.arena()),
            directory.resolve("store"),
            OPTIONS);
  }

  @AfterEach
  void close() {
    world.close();
  }

  private static byte[] key(int i) {
    return String.format("k%07d", i).getBytes(UTF_8);
  }

  /** Six or seven to a page, leaf or index. */
  private static byte[] deepKey(int i) {
    byte[] key = new byte[600];
    byte[] end = key(i);
    System.arraycopy(end, 0, key, key.length - end.length, end.length);
    return key;
  }

  private void load(int count, IntFunction<byte[]> key, int valueBytes) {
    for (int i = 0; i < count; i++) {
      byte[] value = new byte[valueBytes];
      Arrays.fill(value, (byte) i);
      world.put(key.apply(i), value);
      model.put(key.apply(i), value);
    }
  }

  private PartitionImage image() {
    try (FreezePoint point = world.partition().freeze()) {
      return point.commit(Map.of());
    }
  }

  private CopiedImage files(PartitionImage image) throws IOException {
    return new CopiedImage(image, world.store().partitionDirectory(CHILD));
  }

  private PartitionModel clipped(KeyRange kept) {
    PartitionModel result = model.copy();
    if (kept.from() != null) {
      result.deleteRange(new KeyRange(null, kept.from()));
    }
    if (kept.to() != null) {
      result.deleteRange(new KeyRange(kept.to(), null));
    }
    return result;
  }

  /** Levels with the leaves. */
  private int height(Root root) {
    PageSource source = ((Partition) world.partition()).context().source();
    int levels = 1;
    int page = root.treePage();
    while (true) {
      long at = source.pin(root.mapping().filePage(page), -1);
      try {
        if (PageHeader.type(source.arena(), at) == PageType.LEAF) {
          return levels;
        }
        IndexCursor cursor = new IndexCursor();
        cursor.open(source.arena(), at);
        cursor.first();
        page = cursor.child();
        levels++;
      } finally {
        source.unpin(at);
      }
    }
  }

  // ---- cost -------------------------------------------------------------------------------------

  @Test
  void fetchesOnlyFilesWithAPageOfTheRange() throws Exception {
    load(20_000, ClipTest::key, 60);
    try (PartitionImage image = image()) {
      int height = height(world.rows().view().root());
      CopiedImage files = files(image);
      KeyRange kept = new KeyRange(key(9_000), key(10_000));
      OwnedPartition child =
          world.store().restorePartition(CHILD, image.description(), kept, files);
      world.use(child);
      Root committed = ((Partition) child).committer().committed();
      List<String> needed = new ArrayList<>();
      for (int i = 0; i < committed.mapping().fileCount(); i++) {
        needed.add("data_" + committed.mapping().fileId(i) + "_0");
      }
      assertThat(files.fetched()).containsExactlyInAnyOrderElementsOf(needed);
      assertThat(files.fetched()).hasSizeLessThan(image.dataFiles().size() / 10);
      // One call for each index level and one for the leaves.
      assertThat(files.calls).hasSizeLessThanOrEqualTo(height);
      assertThat(writtenPages(files)).isBetween(1L, 2L * height + 2);
      world.checkAll(clipped(kept), "clipped");
      world.verifyTrees("clipped");
    }
  }

  /** Pages in data files that were not fetched. */
  private long writtenPages(CopiedImage files) throws IOException {
    long bytes = 0;
    try (Stream<Path> list = Files.list(world.partitionDirectory())) {
      for (Path path : list.toList()) {
        String name = path.getFileName().toString();
        if (name.startsWith("data_") && !files.fetched().contains(name)) {
          bytes += Files.size(path);
        }
      }
    }
    return bytes / OPTIONS.pageBytes();
  }

  @Test
  void leavesInsideTheRangeAreNotRead() throws Exception {
    load(20_000, ClipTest::key, 60);
    try (PartitionImage image = image()) {
      CopiedImage files = files(image);
      KeyRange kept = new KeyRange(key(5_000), key(15_000));
      List<String> leaves = new ArrayList<>();
      ImageFiles broken =
          names -> {
            files.fetch(names);
            leaves.clear();
            leaves.addAll(names);
          };
      world.store().restorePartition(CHILD, image.description(), kept, broken).close();
      // Leaves lie in key order; those in the middle of the last call are far from the edges.
      List<String> inner = leaves.subList(leaves.size() / 4, leaves.size() * 3 / 4);
      assertThat(inner).hasSizeGreaterThan(20);
      for (String name : inner) {
        long length = files.file(name).length();
        Files.write(world.store().partitionDirectory(CHILD).resolve(name), new byte[(int) length]);
      }
      OwnedPartition child =
          world.store().restorePartition(CHILD, image.description(), kept, files);
      world.use(child);
      assertThat(world.get(key(5_000))).isNotNull();
      assertThat(world.get(key(4_999))).isNull();
      assertThatThrownBy(() -> world.get(key(10_000))).isInstanceOf(CorruptionException.class);
    }
  }

  @Test
  void everyFileComesInOneCallForEveryKeyAndForExpiringEntries() throws Exception {
    load(5_000, ClipTest::key, 60);
    try (PartitionImage image = image()) {
      CopiedImage files = files(image);
      OwnedPartition child =
          world.store().restorePartition(CHILD, image.description(), KeyRange.ALL, files);
      assertThat(files.calls).hasSize(1);
      assertThat(files.fetched()).hasSize(image.dataFiles().size());
      child.close();
    }
    world.put(key(7), new byte[] {1}, 1, world.nowMs.get() + 1_000);
    model.put(key(7), new byte[] {1}, 1, world.nowMs.get() + 1_000, world.nowMs.get());
    try (PartitionImage image = image()) {
      CopiedImage files = new CopiedImage(image, world.store().partitionDirectory(OTHER));
      KeyRange kept = new KeyRange(null, key(100));
      world.use(world.store().restorePartition(OTHER, image.description(), kept, files));
      assertThat(files.calls).hasSize(1);
      assertThat(files.fetched()).hasSize(image.dataFiles().size());
      world.checkAll(clipped(kept), "clipped");
    }
  }

  // ---- shape ------------------------------------------------------------------------------------

  @Test
  void deepTreesAreClippedAtAnyKey() throws Exception {
    long seed = 5;
    Random random = new Random(seed);
    int count = 1_000;
    load(count, ClipTest::deepKey, 30);
    OwnedPartition parent = world.partition();
    try (PartitionImage image = image()) {
      assertThat(height(world.rows().view().root())).isGreaterThanOrEqualTo(4);
      for (int i = 0; i < 60; i++) {
        PartitionId id = new PartitionId("t", 10 + i);
        int from = random.nextInt(count);
        int to = i % 3 == 0 ? from + 1 + random.nextInt(10) : random.nextInt(count) + 1;
        KeyRange kept =
            i % 5 == 0
                ? new KeyRange(null, deepKey(to))
                : i % 5 == 1
                    ? new KeyRange(deepKey(from), null)
                    : new KeyRange(
                        deepKey(Math.min(from, to - 1)), deepKey(Math.max(from + 1, to)));
        String where = "seed " + seed + " step " + i + ": " + from + " to " + to;
        CopiedImage files = new CopiedImage(image, world.store().partitionDirectory(id));
        OwnedPartition child = world.store().restorePartition(id, image.description(), kept, files);
        world.use(child);
        world.checkAll(clipped(kept), where);
        world.verifyTrees(where);
        world.commit();
        world.reopenPartition();
        world.checkAll(clipped(kept), where + " reopened");
        world.verifyTrees(where);
        world.partition().close();
      }
    }
    world.use(parent);
  }

  @Test
  void aRangeWithoutKeysGivesAnEmptyPartition() throws Exception {
    load(3_000, ClipTest::key, 60);
    try (PartitionImage image = image()) {
      byte[] behind = Arrays.copyOf(key(1_000), key(1_000).length + 1);
      KeyRange kept = new KeyRange(behind, key(1_001));
      world.use(world.store().restorePartition(CHILD, image.description(), kept, files(image)));
    }
    assertThat(world.partition().approximateEntryCount()).isZero();
    world.commit();
    world.reopenPartition();
    world.checkAll(new PartitionModel(), "nothing kept");
    world.verifyTrees("nothing kept");
    world.put(key(1), new byte[] {1});
    world.commit();
    assertThat(world.get(key(1))).containsExactly(1);
  }

  // ---- failure ----------------------------------------------------------------------------------

  @Test
  void aFetchThatFailsLeavesNothingBehind() throws Exception {
    load(20_000, ClipTest::key, 60);
    KeyRange kept = new KeyRange(key(5_000), key(6_000));
    try (PartitionImage image = image()) {
      CopiedImage whole = files(image);
      world.store().restorePartition(CHILD, image.description(), kept, whole).close();
      int calls = whole.calls.size();
      assertThat(calls).isGreaterThan(1);
      for (int failing = 0; failing < calls; failing++) {
        deleteChild();
        CopiedImage files = files(image);
        int bad = failing;
        ImageFiles source =
            names -> {
              if (files.calls.size() == bad) {
                throw new IOException("gone");
              }
              files.fetch(names);
            };
        long mapping = world.shard.budget().used(MemoryUse.MAPPING);
        long io = world.shard.budget().used(MemoryUse.IO);
        int open = world.shard.io().openFiles();
        assertThatThrownBy(
                () -> world.store().restorePartition(CHILD, image.description(), kept, source))
            .isInstanceOfSatisfying(
                StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.IO_FAILED))
            .hasMessageContaining("data_")
            .hasCauseInstanceOf(IOException.class);
        assertThat(world.shard.budget().used(MemoryUse.MAPPING)).isEqualTo(mapping);
        assertThat(world.shard.budget().used(MemoryUse.IO)).isEqualTo(io);
        assertThat(world.shard.io().openFiles()).isEqualTo(open);
        // Again, with what came the first time.
        world.store().restorePartition(CHILD, image.description(), kept, files).close();
      }
    }
  }

  private void deleteChild() throws IOException {
    Path child = world.store().partitionDirectory(CHILD);
    try (Stream<Path> list = Files.list(child)) {
      for (Path path : list.toList()) {
        Files.delete(path);
      }
    }
  }

  @Test
  void missingAndShortFilesAreNamed() throws Exception {
    load(5_000, ClipTest::key, 60);
    KeyRange kept = new KeyRange(key(1_000), null);
    try (PartitionImage image = image()) {
      CopiedImage files = files(image);
      assertThatThrownBy(
              () -> world.store().restorePartition(CHILD, image.description(), kept, names -> {}))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("data_")
          .hasMessageContaining("no such file");
      ImageFiles cuts =
          names -> {
            for (String name : names) {
              files.copy(files.file(name), files.file(name).length() - 1);
            }
          };
      assertThatThrownBy(
              () -> world.store().restorePartition(CHILD, image.description(), kept, cuts))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("data_")
          .hasMessageMatching("(?s).*expected \\d+, found \\d+.*");
      // What is too short is fetched again.
      world.use(world.store().restorePartition(CHILD, image.description(), kept, files));
      world.checkAll(clipped(kept), "after short files");
    }
  }

  @Test
  void rangesThatCannotBeKeptAreRefused() throws Exception {
    load(10, ClipTest::key, 60);
    try (PartitionImage image = image()) {
      CopiedImage files = files(image);
      byte[] longest = new byte[OPTIONS.bucketPrefixBytes()];
      List<KeyRange> refused =
          Arrays.asList(
              null,
              new KeyRange(key(2), key(2)),
              new KeyRange(null, new byte[0]),
              new KeyRange(longest, null),
              new KeyRange(null, longest));
      for (KeyRange kept : refused) {
        assertCode(
            StoreErrorCode.INVALID_ARGUMENT,
            () -> world.store().restorePartition(CHILD, image.description(), kept, files));
      }
      EloqStore reading = EloqStore.openReadOnly(world.shard, world.directory, OPTIONS);
      assertCode(
          StoreErrorCode.NO_PERMISSION,
          () -> reading.restorePartition(CHILD, image.description(), KeyRange.ALL, files));
      reading.close();
      assertThat(files.calls).isEmpty();
      KeyRange allowed = new KeyRange(new byte[0], Arrays.copyOf(longest, longest.length - 1));
      world.store().restorePartition(CHILD, image.description(), allowed, files).close();
    }
  }

  private static void assertCode(
      StoreErrorCode code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(StoreException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void otherPartitionsAreOpenedWhileFilesAreFetched() throws Exception {
    load(10, ClipTest::key, 60);
    try (PartitionImage image = image()) {
      CopiedImage files = files(image);
      ImageFiles source =
          names -> {
            CompletableFuture.runAsync(() -> world.store().openPartition(OTHER).close()).join();
            assertCode(StoreErrorCode.BUSY, () -> world.store().openPartition(CHILD));
            files.fetch(names);
          };
      KeyRange kept = new KeyRange(key(5), null);
      world.use(world.store().restorePartition(CHILD, image.description(), kept, source));
      world.checkAll(clipped(kept), "clipped");
    }
  }

  @Test
  void theStoreMayBeClosedWhileFilesAreFetched() throws Exception {
    load(10, ClipTest::key, 60);
    try (PartitionImage image = image()) {
      CopiedImage files = files(image);
      EloqStore second = EloqStore.open(world.shard, directory.resolve("second"), OPTIONS);
      Files.createDirectories(second.partitionDirectory(CHILD));
      CopiedImage copies = new CopiedImage(image, second.partitionDirectory(CHILD));
      ImageFiles source =
          names -> {
            second.close();
            copies.fetch(names);
          };
      assertCode(
          StoreErrorCode.CLOSED,
          () -> second.restorePartition(CHILD, image.description(), KeyRange.ALL, source));
      assertThat(files.calls).isEmpty();
    }
  }

  // ---- links ------------------------------------------------------------------------------------

  @Test
  void aLinkedImageStaysWhatItWas() throws Exception {
    load(5_000, ClipTest::key, 60);
    byte[] description;
    try (PartitionImage image = image()) {
      image.linkTo(world.store().partitionDirectory(CHILD));
      image.linkTo(world.store().partitionDirectory(OTHER));
      description = image.description();
      assertCode(
          StoreErrorCode.IO_FAILED, () -> image.linkTo(world.store().partitionDirectory(OTHER)));
    }
    OwnedPartition parent = world.partition();
    for (int i = 0; i < 5_000; i += 3) {
      world.put(key(i), new byte[] {1, 2, 3});
    }
    world.commit();
    world.delete(key(1));
    world.commit();
    world.use(world.store().restorePartition(CHILD, description));
    world.checkAll(model, "restored from links");
    world.put(key(2), new byte[] {9});
    world.commit();
    world.partition().close();
    KeyRange kept = new KeyRange(key(100), key(4_000));
    ImageFiles none =
        names -> {
          throw new IOException("all files are there, asked for " + names);
        };
    world.use(world.store().restorePartition(OTHER, description, kept, none));
    world.checkAll(clipped(kept), "clipped from links");
    world.commit();
    world.use(parent);
    assertThat(world.get(key(0))).containsExactly(1, 2, 3);
    assertThat(world.get(key(2))).hasSize(60);
  }

  @Test
  void aLinkThatFailsIsTakenBack() throws Exception {
    load(5_000, ClipTest::key, 60);
    PartitionImage image = image();
    Path target = directory.resolve("target");
    try {
      Files.createDirectories(target);
      Path taken = target.resolve(image.manifest().name());
      Files.write(taken, new byte[] {1});
      assertCode(StoreErrorCode.IO_FAILED, () -> image.linkTo(target));
      try (Stream<Path> list = Files.list(target)) {
        assertThat(list.toList()).containsExactly(taken);
      }
      assertThat(Files.readAllBytes(taken)).containsExactly(1);
    } finally {
      image.close();
    }
    assertCode(StoreErrorCode.CLOSED, () -> image.linkTo(target));
  }
}
