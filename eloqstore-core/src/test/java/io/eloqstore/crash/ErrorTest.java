/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.eloqstore.EloqStore;
import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.EntryBuffer;
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
import io.eloqstore.api.ValueConsumer;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is refused is refused with a code and with words that say what, where and why. */
class ErrorTest {
  private static final PartitionId ID = new PartitionId("t", 0);
  private static final StoreOptions OPTIONS = StoreOptions.defaults();
  private static final byte[] KEY = {1, 2, 3};

  @TempDir Path temp;
  private Path directory;
  private Shard shard;
  private EloqStore store;
  private OwnedPartition partition;

  @BeforeEach
  void open() {
    directory = temp.resolve("store");
    shard = EloqStore.openShard(ShardOptions.defaults().withBudgetBytes(4 << 20));
    store = EloqStore.open(shard, directory, OPTIONS);
    partition = store.openPartition(ID);
    partition.put(KEY, 0, 3, KEY, 0, 3);
    partition.commit(Map.of());
  }

  /** Closing the shard fails if a refused call leaked anything. */
  @AfterEach
  void close() {
    store.close();
    shard.close();
  }

  private static void assertRefused(StoreErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).as(e.toString()).isEqualTo(code))
        .hasMessageContainingAll(words);
  }

  private static void assertInvalid(ThrowingCallable call, String... words) {
    assertRefused(StoreErrorCode.INVALID_ARGUMENT, call, words);
  }

  private static void assertClosed(ThrowingCallable call) {
    assertRefused(StoreErrorCode.CLOSED, call, "closed");
  }

  private Path partitionDirectory() {
    return directory.resolve("t.0");
  }

  // ---- arguments --------------------------------------------------------------------------------

  @Test
  void badKeysAreRefused() {
    ValueBuffer value = new ValueBuffer();
    int[][] outside = {{0, 0}, {0, -1}, {-1, 2}, {0, 4}, {3, 1}, {Integer.MAX_VALUE, 2}};
    for (int[] part : outside) {
      int at = part[0];
      int length = part[1];
      assertInvalid(() -> partition.get(KEY, at, length, value), "t.0", "key");
      assertInvalid(() -> partition.contains(KEY, at, length), "key");
      assertInvalid(() -> partition.put(KEY, at, length, KEY, 0, 3), "key");
      assertInvalid(() -> partition.put(KEY, at, length, KEY, 0, 3, 5, 0), "key");
      assertInvalid(() -> partition.delete(KEY, at, length), "key");
      assertInvalid(() -> partition.delete(KEY, at, length, 5), "key");
      assertInvalid(() -> partition.appendToList(KEY, at, length, KEY, 0, 3), "key");
      assertInvalid(() -> partition.putList(KEY, at, length, KEY, 0, 3), "key");
      assertInvalid(() -> partition.clearList(KEY, at, length), "key");
      assertInvalid(() -> partition.getList(KEY, at, length, value), "key");
      assertInvalid(() -> partition.floor(KEY, at, length, new EntryBuffer()), "key");
      assertInvalid(() -> partition.ceiling(KEY, at, length, new EntryBuffer()), "key");
      assertInvalid(() -> partition.lower(KEY, at, length, new EntryBuffer()), "key");
      assertInvalid(() -> partition.higher(KEY, at, length, new EntryBuffer()), "key");
      assertInvalid(() -> partition.putIfAbsent(KEY, at, length, KEY, 0, 3), "key");
    }
    assertInvalid(() -> partition.get(null, 0, 1, value), "key must not be null");
    assertInvalid(() -> partition.contains(null, 0, 1), "key must not be null");
    assertInvalid(() -> partition.put(null, 0, 1, KEY, 0, 1), "key must not be null");
    assertInvalid(() -> partition.delete(null, 0, 1), "key must not be null");
    assertInvalid(() -> partition.clearList(null, 0, 1), "key must not be null");
    assertThat(partition.get(KEY, 0, 3, value)).isTrue();
    assertThat(value.toByteArray()).isEqualTo(KEY);
  }

  @Test
  void badValuesAndOtherArgumentsAreRefused() {
    int[][] outside = {{0, -1}, {-1, 2}, {0, 4}, {3, 1}, {Integer.MAX_VALUE, 2}};
    for (int[] part : outside) {
      assertInvalid(() -> partition.put(KEY, 0, 3, KEY, part[0], part[1]), "value");
      assertInvalid(() -> partition.appendToList(KEY, 0, 3, KEY, part[0], part[1]), "value");
      assertInvalid(() -> partition.putList(KEY, 0, 3, KEY, part[0], part[1]), "value");
    }
    assertInvalid(() -> partition.put(KEY, 0, 3, null, 0, 0), "value must not be null");
    assertInvalid(() -> partition.put(KEY, 0, 3, KEY, 0, 3, -1, 0), "timestamp");
    assertInvalid(() -> partition.put(KEY, 0, 3, KEY, 0, 3, 0, -1), "expiry");
    assertInvalid(() -> partition.get(KEY, 0, 3, null), "target");
    assertInvalid(() -> partition.getList(KEY, 0, 3, null), "target");
    assertInvalid(() -> partition.floor(KEY, 0, 3, null), "target");
    assertInvalid(() -> partition.putIfAbsent(KEY, 0, 3, null, 0, 0), "value");
    byte[][] keys = {KEY, {}};
    ValueBuffer target = new ValueBuffer();
    ValueConsumer nobody = (index, found) -> {};
    assertInvalid(() -> partition.multiGet(keys, target, nobody), "key 1");
    assertInvalid(() -> partition.multiGet(null, target, nobody), "keys");
    assertInvalid(() -> partition.multiGet(keys, target, null), "consumer");
    assertInvalid(() -> partition.multiGet(keys, null, nobody), "target");
    assertInvalid(() -> partition.deleteFrom(null), "position");
    assertInvalid(() -> partition.deleteRange(null), "range");
    assertInvalid(() -> partition.iterator(null, false), "range");
    assertInvalid(() -> partition.scan(null, false, new EntryBatch(1, 1)), "range");
    assertInvalid(() -> partition.scan(KeyRange.ALL, false, null), "batch");
    assertInvalid(() -> partition.commit(null), "metadata");
    Map<String, byte[]> withNull = new HashMap<>();
    withNull.put("name", null);
    assertInvalid(() -> partition.commit(withNull), "metadata");
    withNull.clear();
    withNull.put(null, KEY);
    assertInvalid(() -> partition.commit(withNull), "metadata");
    assertInvalid(() -> store.restorePartition(new PartitionId("t", 9), null), "null");
    assertInvalid(() -> store.openPartition(null), "null");
    assertInvalid(() -> EloqStore.open(shard, (Path) null, OPTIONS), "null");
    assertInvalid(() -> EloqStore.open(shard, directory, null), "null");
    // Refusals poison nothing.
    partition.put(KEY, 0, 3, new byte[0], 0, 0);
    partition.commit(Map.of());
    ValueBuffer value = new ValueBuffer();
    assertThat(partition.get(KEY, 0, 3, value)).isTrue();
    assertThat(value.length()).isZero();
  }

  // ---- after close ------------------------------------------------------------------------------

  private void assertPartitionClosed() {
    ValueBuffer value = new ValueBuffer();
    assertClosed(() -> partition.get(KEY, 0, 3, value));
    assertClosed(() -> partition.contains(KEY, 0, 3));
    assertClosed(() -> partition.put(KEY, 0, 3, KEY, 0, 3));
    assertClosed(() -> partition.put(KEY, 0, 3, KEY, 0, 3, 1, 0));
    assertClosed(() -> partition.delete(KEY, 0, 3));
    assertClosed(() -> partition.delete(KEY, 0, 3, 1));
    assertClosed(() -> partition.deleteRange(KeyRange.ALL));
    assertClosed(() -> partition.appendToList(KEY, 0, 3, KEY, 0, 3));
    assertClosed(() -> partition.putList(KEY, 0, 3, KEY, 0, 3));
    assertClosed(() -> partition.clearList(KEY, 0, 3));
    assertClosed(() -> partition.getList(KEY, 0, 3, value));
    assertClosed(() -> partition.iterator(KeyRange.ALL, false));
    assertClosed(() -> partition.scan(KeyRange.ALL, false, new EntryBatch(1, 1)));
    assertClosed(() -> partition.freeze());
    assertClosed(() -> partition.commit(Map.of()));
    assertClosed(() -> partition.flush());
    assertClosed(() -> partition.metadata());
    assertClosed(() -> partition.metadataValid());
    assertClosed(() -> partition.approximateEntryCount());
    partition.close();
  }

  @Test
  void everythingIsRefusedAfterThePartitionWasClosed() {
    EntryIterator iterator = partition.iterator(KeyRange.ALL, false);
    FreezePoint point = partition.freeze();
    FreezePoint committed = partition.freeze();
    PartitionImage image = committed.commit(Map.of());
    partition.close();
    assertPartitionClosed();
    assertClosed(iterator::next);
    assertClosed(() -> point.commit(Map.of()));
    iterator.close();
    point.close();
    committed.close();
    image.close();
    assertClosed(() -> image.read(image.manifest(), 0, new byte[1], 0, 1));
    assertThat(store.openPartition(ID).contains(KEY, 0, 3)).isTrue();
  }

  @Test
  void everythingIsRefusedAfterTheStoreWasClosed() {
    store.close();
    store.close();
    assertPartitionClosed();
    assertClosed(() -> store.openPartition(ID));
    assertClosed(() -> store.restorePartition(ID, new byte[9]));
    assertClosed(() -> store.listPartitions());
  }

  @Test
  void closedIteratorFreezePointAndImageRefuse() {
    EntryIterator iterator = partition.iterator(KeyRange.ALL, false);
    assertThat(iterator.next()).isTrue();
    iterator.close();
    iterator.close();
    assertClosed(iterator::next);
    FreezePoint point = partition.freeze();
    PartitionImage image = point.commit(Map.of());
    point.close();
    point.close();
    assertClosed(() -> point.commit(Map.of()));
    byte[] manifest = new byte[(int) image.manifest().length()];
    image.read(image.manifest(), 0, manifest, 0, manifest.length);
    assertInvalid(() -> image.read(image.manifest(), 1, manifest, 0, manifest.length), "manifest");
    assertInvalid(() -> image.read(image.manifest(), -1, manifest, 0, 1), "manifest");
    assertInvalid(() -> image.read(null, 0, manifest, 0, 1), "file");
    image.close();
    image.close();
    assertClosed(() -> image.read(image.manifest(), 0, manifest, 0, 1));
    partition.put(KEY, 0, 3, KEY, 0, 3);
    partition.commit(Map.of());
  }

  // ---- who else is there ------------------------------------------------------------------------

  @Test
  void secondOpenerIsRefusedInThisProcessAndInAnother() throws Exception {
    assertRefused(StoreErrorCode.BUSY, () -> store.openPartition(ID), "t.0", "open already");
    try (Shard other = EloqStore.openShard(ShardOptions.defaults());
        EloqStore second = EloqStore.open(other, directory, OPTIONS)) {
      assertRefused(StoreErrorCode.BUSY, () -> second.openPartition(ID), "t.0");
    }
    assertThat(child()).startsWith("BUSY ").contains("t.0");
    partition.put(KEY, 0, 3, KEY, 0, 2);
    partition.commit(Map.of());
    partition.close();
    assertThat(child()).isEqualTo("opened");
    assertThat(store.openPartition(ID).contains(KEY, 0, 3)).isTrue();
  }

  private String child() throws IOException, InterruptedException {
    try (ChildJvm child =
        ChildJvm.start(
            LockingChild.class, Duration.ofMinutes(1), List.of("-Xmx128m"), directory.toString())) {
      assertThat(child.awaitExit()).as(child.errorOutput()).isZero();
      return child.lines().get(child.lines().size() - 1);
    }
  }

  @Test
  void strangersInTheDirectoriesAreNamed() throws IOException {
    store.close();
    Path inPartition = partitionDirectory().resolve("notes.txt");
    Files.createFile(inPartition);
    store = EloqStore.open(shard, directory, OPTIONS);
    assertRefused(
        StoreErrorCode.UNSUPPORTED_FORMAT, () -> store.openPartition(ID), "t.0", "notes.txt");
    Files.delete(inPartition);
    Path inStore = Files.createFile(directory.resolve("README"));
    assertRefused(
        StoreErrorCode.UNSUPPORTED_FORMAT,
        () -> EloqStore.open(shard, directory, OPTIONS),
        "README",
        directory.toString());
    Files.delete(inStore);
    assertThat(store.openPartition(ID).contains(KEY, 0, 3)).isTrue();
  }

  @Test
  void otherIdentityIsRefused() {
    store.close();
    for (StoreOptions other :
        List.of(OPTIONS.withPageBytes(8192), OPTIONS.withPagesPerFileShift(10))) {
      try (EloqStore wrong = EloqStore.open(shard, directory, other)) {
        boolean pages = other.pageBytes() != OPTIONS.pageBytes();
        assertRefused(
            StoreErrorCode.IDENTITY_MISMATCH,
            () -> wrong.openPartition(ID),
            "t.0",
            pages ? "pageBytes" : "pagesPerFileShift",
            pages ? "4096" : "13",
            pages ? "8192" : "10");
      }
    }
    store = EloqStore.open(shard, directory, OPTIONS);
    assertThat(store.openPartition(ID).contains(KEY, 0, 3)).isTrue();
  }

  @Test
  void foreignBytesAreRefused() throws IOException {
    store.close();
    store = EloqStore.open(shard, directory, OPTIONS);
    Path manifest = partitionDirectory().resolve("manifest_0");
    byte[] good = Files.readAllBytes(manifest);
    for (byte[] bad : List.of(new byte[0], new byte[8192], "not ours".repeat(1000).getBytes())) {
      Files.write(manifest, bad);
      assertThatThrownBy(() -> store.openPartition(ID))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContainingAll("manifest_0", "expected", "found");
    }
    Files.write(manifest, good);
    for (Path path : Files.newDirectoryStream(partitionDirectory(), "data_*")) {
      byte[] data = Files.readAllBytes(path);
      Files.delete(path);
      assertThatThrownBy(() -> store.openPartition(ID))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContainingAll("t.0", "data file", "no such file");
      Files.write(path, data);
    }
    assertThat(store.openPartition(ID).contains(KEY, 0, 3)).isTrue();
  }

  @Test
  void readOnlyStoreRefusesWritesAndChangesNothing() throws IOException {
    store.close();
    try (EloqStore reader = EloqStore.openReadOnly(shard, directory, OPTIONS)) {
      OwnedPartition read = reader.openPartition(ID);
      assertThat(read.contains(KEY, 0, 3)).isTrue();
      assertRefused(StoreErrorCode.NO_PERMISSION, () -> read.put(KEY, 0, 3, KEY, 0, 3), "reading");
      assertRefused(StoreErrorCode.NO_PERMISSION, () -> read.commit(Map.of()), "reading");
      assertRefused(
          StoreErrorCode.NOT_FOUND, () -> reader.openPartition(new PartitionId("u", 1)), "u.1");
      assertThat(Files.exists(directory.resolve("u.1"))).isFalse();
    }
    assertRefused(
        StoreErrorCode.NOT_FOUND,
        () -> EloqStore.openReadOnly(shard, temp.resolve("nowhere"), OPTIONS),
        "nowhere");
  }

  @Test
  void directoryWithoutPermissionIsRefused() throws IOException {
    store.close();
    Path path = partitionDirectory();
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r-xr-xr-x"));
    try {
      assumeFalse(Files.isWritable(path), "this user may write anywhere");
      store = EloqStore.open(shard, directory, OPTIONS);
      assertRefused(StoreErrorCode.NO_PERMISSION, () -> store.openPartition(ID), "t.0");
    } finally {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }
}
