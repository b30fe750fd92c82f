/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.ReferenceEntry;
import io.eloqstore.reference.ReferenceStore;
import io.eloqstore.reference.ReferenceVerifier;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Archives keep their content whatever becomes of the partition, as the independent reader sees it;
 * rolling back and forward gives it back; what is deleted frees its files.
 */
class ArchiveTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(4)
          .withDurability(StoreOptions.Durability.NEVER);

  @TempDir Path temp;
  private final TreeMap<Integer, byte[]> model = new TreeMap<>();

  private PartitionWorld world(StoreOptions options) {
    return new PartitionWorld(
        8 << 20, budget -> NioBackend.buffered(budget.arena()), temp.resolve("store"), options);
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(6).putShort((short) 7).putInt(number).array();
  }

  private void put(PartitionWorld world, int key, byte[] value) {
    world.put(key(key), value);
    model.put(key, value);
  }

  /** Mixed operations; all of them change something. */
  private void change(PartitionWorld world, Random random, int operations) {
    for (int i = 0; i < operations; i++) {
      int key = random.nextInt(2000);
      if (random.nextInt(5) == 0) {
        world.delete(key(key));
        model.remove(key);
      } else if (random.nextInt(200) == 0) {
        world.partition().deleteRange(new KeyRange(key(key), key(key + 50)));
        model.subMap(key, key + 50).clear();
      } else {
        byte[] value = new byte[random.nextInt(100) == 0 ? 20_000 : 8 + random.nextInt(200)];
        Arrays.fill(value, (byte) random.nextInt());
        put(world, key, value);
      }
    }
  }

  /** Publishes a root that does not map what a range delete cut off any more. */
  private static void commitSwept(PartitionWorld world) {
    world.settle();
    world.commit();
  }

  private static void assertContent(PartitionWorld world, Map<Integer, byte[]> wanted) {
    for (int key = 0; key < 2000; key++) {
      assertThat(world.get(key(key))).as("key " + key).isEqualTo(wanted.get(key));
    }
  }

  /** What the independent reader finds in an archive on the disk. */
  private static void assertArchive(Path directory, long timestamp, Map<Integer, byte[]> wanted)
      throws IOException {
    String name = "manifest_0_" + timestamp;
    List<ReferenceEntry> found = ReferenceStore.read(directory, 4096, 4, name).entries();
    Map<Integer, byte[]> content = new HashMap<>();
    found.forEach(entry -> content.put(ByteBuffer.wrap(entry.key(), 2, 4).getInt(), entry.value()));
    assertThat(content.keySet()).isEqualTo(wanted.keySet());
    content.forEach((key, value) -> assertThat(value).isEqualTo(wanted.get(key)));
  }

  private static List<String> dataFiles(PartitionWorld world) {
    return world.shard.io().list(world.partitionDirectory()).stream()
        .map(entry -> entry.name())
        .filter(name -> name.startsWith("data_"))
        .toList();
  }

  private static void assertRefused(StoreErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(StoreException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  // ---- making and deleting ----------------------------------------------------------------------

  @Test
  void anArchiveKeepsItsContentThroughTruncateAndCompaction() throws IOException {
    try (PartitionWorld world = world(OPTIONS)) {
      Random random = new Random(1);
      change(world, random, 3000);
      world.commit();
      TreeMap<Integer, byte[]> archived = new TreeMap<>(model);
      world.put(key(5000), new byte[1]);
      world.partition().archive(77);
      world.partition().deleteRange(KeyRange.ALL);
      world.commit();
      world.settle();
      assertThat(world.rows().view().root().mapping().mappedCount()).isZero();
      assertArchive(world.partitionDirectory(), 77, archived);
      model.clear();
      for (int round = 0; round < 30; round++) {
        change(world, random, 300);
        world.commit();
      }
      world.partition().compact();
      world.reopenAfterCommit();
      assertThat(world.partition().archives()).containsExactly(77L);
      change(world, random, 300);
      world.commit();
      world.settle();
      assertArchive(world.partitionDirectory(), 77, archived);
      assertContent(world, model);
    }
  }

  /** C++ keeps every file up to the highest one that the newest archive names. */
  @Test
  void filesBelowTheNewestArchiveGoWhenNothingNeedsThem() {
    try (PartitionWorld world = world(OPTIONS)) {
      change(world, new Random(2), 2000);
      world.commit();
      List<String> old = dataFiles(world);
      world.partition().deleteRange(KeyRange.ALL);
      put(world, 1, new byte[100]);
      commitSwept(world);
      world.partition().archive(5);
      world.commit();
      assertThat(dataFiles(world)).hasSizeLessThan(4);
      assertThat(old).hasSizeGreaterThan(5);
    }
  }

  @Test
  void aDeletedArchiveFreesItsFiles() throws IOException {
    try (PartitionWorld world = world(OPTIONS)) {
      change(world, new Random(3), 2000);
      world.commit();
      world.partition().archive(1);
      world.partition().archive(2);
      int full = dataFiles(world).size();
      world.partition().deleteRange(KeyRange.ALL);
      commitSwept(world);
      world.partition().deleteArchive(1);
      assertThat(dataFiles(world)).hasSizeGreaterThanOrEqualTo(full);
      assertArchive(world.partitionDirectory(), 2, model);
      assertThat(world.partition().archives()).containsExactly(2L);
      world.reopen();
      assertThat(world.partition().archives()).containsExactly(2L);
      world.partition().deleteArchive(2);
      world.commit();
      assertThat(dataFiles(world)).hasSizeLessThan(3);
      assertThat(Files.exists(world.partitionDirectory().resolve("manifest_0_2"))).isFalse();
      assertRefused(StoreErrorCode.NOT_FOUND, () -> world.partition().deleteArchive(2));
    }
  }

  @Test
  void whatCannotBeArchivedIsRefused() {
    try (PartitionWorld world = world(OPTIONS)) {
      world.put(key(1), new byte[1]);
      assertRefused(StoreErrorCode.NOT_FOUND, () -> world.partition().archive(1));
      world.commit();
      world.partition().archive(1);
      assertRefused(StoreErrorCode.INVALID_ARGUMENT, () -> world.partition().archive(1));
      assertRefused(StoreErrorCode.INVALID_ARGUMENT, () -> world.partition().archive(-1));
      world.partition().archive(Long.MAX_VALUE);
      assertThat(world.partition().archives()).containsExactly(1L, Long.MAX_VALUE);
      OwnedPartition closed = world.partition();
      world.closeStore();
      assertRefused(StoreErrorCode.CLOSED, () -> closed.archive(3));
      assertRefused(StoreErrorCode.CLOSED, () -> closed.deleteArchive(1));
      assertRefused(StoreErrorCode.CLOSED, closed::archives);
      try (EloqStore store = EloqStore.openReadOnly(world.shard, world.directory, OPTIONS)) {
        OwnedPartition shown = store.openPartition(PartitionWorld.ID);
        assertThat(shown.archives()).containsExactly(1L, Long.MAX_VALUE);
        assertRefused(StoreErrorCode.NO_PERMISSION, () -> shown.archive(3));
        assertRefused(StoreErrorCode.NO_PERMISSION, () -> shown.deleteArchive(1));
        assertRefused(
            StoreErrorCode.NO_PERMISSION, () -> store.rollback(new PartitionId("u", 0), 1));
        assertRefused(StoreErrorCode.NO_PERMISSION, () -> store.archiveAll(9, id -> true));
      }
      world.open();
    }
  }

  // ---- retention --------------------------------------------------------------------------------

  @Test
  void onlyTheNewestArchivesAndTheirFilesStay() throws IOException {
    try (PartitionWorld world = world(OPTIONS.withRetainedArchives(2))) {
      Random random = new Random(4);
      List<TreeMap<Integer, byte[]>> contents = new ArrayList<>();
      Set<String> firstFiles = null;
      for (int round = 1; round <= 5; round++) {
        world.partition().deleteRange(KeyRange.ALL);
        model.clear();
        change(world, random, 1000);
        commitSwept(world);
        world.partition().archive(round * 10);
        contents.add(new TreeMap<>(model));
        if (round == 1) {
          firstFiles = Set.copyOf(dataFiles(world));
        }
      }
      assertThat(world.partition().archives()).containsExactly(40L, 50L);
      assertThat(dataFiles(world)).doesNotContainAnyElementsOf(firstFiles);
      assertArchive(world.partitionDirectory(), 40, contents.get(3));
      assertArchive(world.partitionDirectory(), 50, contents.get(4));
      // The one that was asked for stays, whatever its number.
      world.partition().archive(3);
      assertThat(world.partition().archives()).containsExactly(3L, 50L);
    }
  }

  @Test
  void archivesAreMadeWhenTheIntervalHasPassed() {
    StoreOptions options = OPTIONS.withRetainedArchives(3).withArchiveIntervalSecs(60);
    try (PartitionWorld world =
        new PartitionWorld(
            8 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), options)) {
      tick(world);
      assertThat(world.partition().archives()).as("nothing was committed").isEmpty();
      put(world, 1, new byte[1]);
      world.commit();
      tick(world);
      long first = world.nowMs.get() * 1000;
      assertThat(world.partition().archives()).containsExactly(first);
      put(world, 1, new byte[2]);
      world.commit();
      world.nowMs.addAndGet(59_999);
      tick(world);
      assertThat(world.partition().archives()).containsExactly(first);
      world.nowMs.addAndGet(1);
      tick(world);
      long second = world.nowMs.get() * 1000;
      assertThat(world.partition().archives()).containsExactly(first, second);
      world.nowMs.addAndGet(60_000);
      tick(world);
      assertThat(world.partition().archives()).as("no commit since").containsExactly(first, second);
      for (int i = 0; i < 3; i++) {
        world.put(key(1), new byte[i]);
        world.reopenAfterCommit();
        world.nowMs.addAndGet(60_000);
        tick(world);
      }
      assertThat(world.partition().archives())
          .hasSize(3)
          .doesNotContain(first, second)
          .contains(world.nowMs.get() * 1000);
    }
  }

  private static void tick(PartitionWorld world) {
    world.shard.tick();
    world.settle();
  }

  // ---- rolling back -----------------------------------------------------------------------------

  @Test
  void rollingBackAndForwardGivesEachContent() throws IOException {
    try (PartitionWorld world = world(OPTIONS)) {
      Random random = new Random(5);
      List<TreeMap<Integer, byte[]>> contents = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        change(world, random, 1500);
        world.partition().commit(Map.of("round", new byte[] {(byte) i}));
        world.partition().archive(i);
        contents.add(new TreeMap<>(model));
      }
      assertRefused(StoreErrorCode.BUSY, () -> world.store().rollback(PartitionWorld.ID, 0));
      for (int turn = 0; turn < 12; turn++) {
        int chosen = random.nextInt(4);
        world.partition().close();
        world.store().rollback(PartitionWorld.ID, chosen);
        world.use(world.store().openPartition(PartitionWorld.ID));
        assertThat(world.partition().metadata().get("round")).containsExactly(chosen);
        model.clear();
        model.putAll(contents.get(chosen));
        assertContent(world, model);
        // What is written now is lost with the next rollback, and disturbs no archive.
        change(world, random, 500);
        world.partition().flush();
        if (random.nextBoolean()) {
          world.partition().compact();
          world.commit();
          assertContent(world, model);
        }
        for (int i = 0; i < 4; i++) {
          assertArchive(world.partitionDirectory(), i, contents.get(i));
        }
      }
      world.commit();
      world.settle();
      world.verifyTrees("after all turns");
    }
    assertThat(ReferenceVerifier.verify(temp.resolve("store").resolve("t.0"), 4096, 4)).isEmpty();
  }

  @Test
  void aRollbackThatCannotBeChangesNothing() throws IOException {
    try (PartitionWorld world = world(OPTIONS)) {
      change(world, new Random(6), 1000);
      world.commit();
      world.partition().archive(1);
      String needed = dataFiles(world).get(0);
      put(world, 1, new byte[3]);
      world.commit();
      world.partition().close();
      EloqStore store = world.store();
      assertRefused(StoreErrorCode.NOT_FOUND, () -> store.rollback(PartitionWorld.ID, 2));
      PartitionId absent = new PartitionId("u", 3);
      assertRefused(StoreErrorCode.NOT_FOUND, () -> store.rollback(absent, 1));
      assertThat(Files.exists(store.partitionDirectory(absent))).isFalse();
      Path file = world.partitionDirectory().resolve(needed);
      Path aside = temp.resolve("aside");
      Files.move(file, aside);
      assertThatThrownBy(() -> store.rollback(PartitionWorld.ID, 1))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("no such file");
      Files.move(aside, file);
      world.use(store.openPartition(PartitionWorld.ID));
      assertContent(world, model);
    }
  }

  @Test
  void anArchiveWithoutAChangeSegmentIsNotRolledBackTo() throws IOException {
    StoreOptions options = OPTIONS.withSegments(new SegmentOptions(SegmentOptions.When.ALWAYS, 4));
    try (PartitionWorld world = world(options)) {
      world.put(key(1), new byte[9]);
      world.commit();
      world.partition().archive(1);
      world.partition().close();
      EloqStore store = world.store();
      Path file = temp.resolve("store/t.0/data_0_0");
      byte[] whole = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(whole, whole.length - 1));
      assertThatThrownBy(() -> store.rollback(PartitionWorld.ID, 1))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("data file 0: expected at least 8192, found 8191");
      Files.delete(file);
      assertThatThrownBy(() -> store.rollback(PartitionWorld.ID, 1))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("no such file");
      Files.write(file, whole);
      store.rollback(PartitionWorld.ID, 1);
      world.use(store.openPartition(PartitionWorld.ID));
      assertThat(world.get(key(1))).hasSize(9);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"manifest_0_1795393395322602", "manifest_0_1795393395335466", "manifest_0"})
  void archivesOfTheOtherEngineAreRolledBackTo(String manifest) throws IOException {
    GoldenSets.GoldenState state =
        GoldenSets.uncompressed().stream()
            .filter(each -> each.set().equals("archive") && each.manifest().equals(manifest))
            .findFirst()
            .orElseThrow();
    PartitionId id = PartitionId.fromDirectoryName(state.partition());
    Path directory = Files.createDirectories(temp.resolve("golden").resolve(state.partition()));
    try (Stream<Path> files = Files.list(state.directory())) {
      for (Path file : files.toList()) {
        Files.copy(file, directory.resolve(file.getFileName()));
      }
    }
    StoreOptions options =
        OPTIONS.withPageBytes(state.pageBytes()).withPagesPerFileShift(state.pagesPerFileShift());
    ShardOptions shardOptions = ShardOptions.defaults().withClock(() -> 1_000);
    try (Shard shard = EloqStore.openShard(shardOptions);
        EloqStore store = EloqStore.open(shard, temp.resolve("golden"), options)) {
      if (!manifest.equals("manifest_0")) {
        store.rollback(id, Long.parseLong(manifest.substring("manifest_0_".length())));
      }
      assertThat(ReferenceStore.read(directory, 4096, 5).dumpLines())
          .isEqualTo(state.expectedLines());
      OwnedPartition partition = store.openPartition(id);
      assertThat(partition.archives()).containsExactly(1795393395322602L, 1795393395335466L);
      ValueBuffer found = new ValueBuffer();
      for (ReferenceEntry entry : state.read().entries()) {
        assertThat(partition.get(entry.key(), 0, entry.key().length, found)).isTrue();
        assertThat(found.toByteArray()).isEqualTo(entry.value());
      }
      partition.put(new byte[] {1}, 0, 1, new byte[] {2}, 0, 1);
      partition.commit(Map.of());
      partition.archive(8);
      partition.deleteArchive(1795393395335466L);
      partition.close();
      assertThat(ReferenceStore.read(directory, 4096, 5, "manifest_0_8").entries())
          .hasSize(state.lines() + 1);
      assertThat(ReferenceVerifier.verify(directory, 4096, 5)).isEmpty();
      assertThat(
              ReferenceVerifier.verify(directory, 4096, 5, "manifest_0_1795393395322602", Set.of()))
          .isEmpty();
    }
  }

  // ---- all partitions ---------------------------------------------------------------------------

  @Test
  void allPartitionsAreArchivedAsTheyAreAtOneMoment() throws IOException {
    try (PartitionWorld world = world(OPTIONS)) {
      EloqStore store = world.store();
      List<OwnedPartition> partitions = new ArrayList<>(List.of(world.partition()));
      for (int i = 1; i < 5; i++) {
        partitions.add(store.openPartition(new PartitionId("t", i)));
      }
      for (OwnedPartition partition : partitions) {
        for (int i = 0; i < 500; i++) {
          partition.put(key(i), 0, 6, new byte[50], 0, 50);
        }
        partition.commit(Map.of("of", new byte[] {9}));
        partition.put(key(1000), 0, 6, new byte[7], 0, 7);
      }
      List<PartitionId> archived = store.archiveAll(11, id -> id.partition() != 3);
      assertThat(archived).extracting(PartitionId::partition).containsExactly(0, 1, 2, 4);
      for (OwnedPartition partition : partitions) {
        boolean chosen = partition.id().partition() != 3;
        assertThat(partition.archives()).isEqualTo(chosen ? List.of(11L) : List.of());
        assertThat(partition.metadata().get("of")).containsExactly(9);
        if (chosen) {
          Path directory = store.partitionDirectory(partition.id());
          assertThat(ReferenceStore.read(directory, 4096, 4, "manifest_0_11").entries())
              .hasSize(501);
        }
      }
    }
  }

  @Test
  void ifOnePartitionCannotBeArchivedNoneIs() {
    try (PartitionWorld world = world(OPTIONS.withRetainedArchives(1))) {
      EloqStore store = world.store();
      OwnedPartition second = store.openPartition(new PartitionId("t", 1));
      OwnedPartition third = store.openPartition(new PartitionId("t", 2));
      for (OwnedPartition partition : List.of(world.partition(), second, third)) {
        partition.put(key(1), 0, 6, new byte[7], 0, 7);
        partition.commit(Map.of());
        partition.archive(2);
      }
      third.archive(5);
      assertRefused(
          StoreErrorCode.INVALID_ARGUMENT, () -> store.archiveAll(5, id -> id.partition() < 3));
      assertThat(world.partition().archives()).containsExactly(2L);
      assertThat(second.archives()).containsExactly(2L);
      ((Partition) third)
          .rows()
          .poison(new StoreException(StoreErrorCode.IO_FAILED, "a failed write"));
      assertRefused(StoreErrorCode.POISONED, () -> store.archiveAll(6, id -> true));
      assertThat(world.partition().archives()).containsExactly(2L);
      assertThat(store.archiveAll(6, id -> id.partition() < 2)).hasSize(2);
      assertThat(second.archives()).containsExactly(6L);
    }
  }
}
