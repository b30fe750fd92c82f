/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store on several disks finds its partitions, and says so when the disks are not its own. */
class StorePathsTest {
  private static final StoreOptions OPTIONS = StoreOptions.defaults();

  @TempDir Path directory;
  private List<Path> paths;
  private Shard shard;

  @BeforeEach
  void openShard() {
    shard = EloqStore.openShard(ShardOptions.defaults());
    paths = List.of(directory.resolve("a"), directory.resolve("b/deep"), directory.resolve("c"));
  }

  @AfterEach
  void closeShard() {
    shard.close();
  }

  private void fill(List<Path> directories) {
    try (EloqStore store = EloqStore.open(shard, directories, OPTIONS)) {
      for (int number = 0; number < 7; number++) {
        OwnedPartition partition = store.openPartition(new PartitionId("t", number));
        byte[] key = {(byte) number};
        partition.put(key, 0, 1, key, 0, 1);
        partition.commit(Map.of());
      }
      store.openPartition(new PartitionId("other.table", 5)).commit(Map.of());
    }
  }

  private static void assertRefused(StoreErrorCode code, ThrowingCallable call, Object... texts) {
    var refused =
        assertThatThrownBy(call)
            .isInstanceOfSatisfying(
                StoreException.class, e -> assertThat(e.code()).isEqualTo(code));
    for (Object text : texts) {
      refused.hasMessageContaining(text.toString());
    }
  }

  @Test
  void partitionsLieOnTheDiskOfTheirNumberAndAreFoundAgain() {
    fill(paths);
    for (int number = 0; number < 7; number++) {
      assertThat(paths.get(number % 3).resolve("t." + number)).isDirectory();
    }
    assertThat(paths.get(2).resolve("other.table.5")).isDirectory();
    try (EloqStore store = EloqStore.openReadOnly(shard, paths, OPTIONS)) {
      assertThat(store.listPartitions()).hasSize(8).contains(new PartitionId("other.table", 5));
      ValueBuffer value = new ValueBuffer();
      for (int number = 0; number < 7; number++) {
        PartitionId id = new PartitionId("t", number);
        assertThat(store.partitionDirectory(id))
            .isEqualTo(paths.get(number % 3).resolve("t." + number));
        OwnedPartition partition = store.openPartition(id);
        assertThat(partition.get(new byte[] {(byte) number}, 0, 1, value)).isTrue();
        assertThat(value.toByteArray()).containsExactly(number);
      }
    }
  }

  @Test
  void anotherOrderOrNumberOfDisksIsRefused() {
    fill(paths);
    List<Path> swapped = List.of(paths.get(1), paths.get(0), paths.get(2));
    assertRefused(
        StoreErrorCode.IDENTITY_MISMATCH,
        () -> EloqStore.open(shard, swapped, OPTIONS),
        "lies in " + paths.get(1),
        "should be in " + paths.get(0));
    List<Path> fewer = paths.subList(0, 2);
    assertRefused(
        StoreErrorCode.IDENTITY_MISMATCH,
        () -> EloqStore.openReadOnly(shard, fewer, OPTIONS),
        "lies in " + paths.get(0) + " and should be in " + paths.get(1));
    List<Path> more = new ArrayList<>(paths);
    more.add(directory.resolve("d"));
    assertRefused(
        StoreErrorCode.IDENTITY_MISMATCH,
        () -> EloqStore.open(shard, more, OPTIONS),
        directory.resolve("d"));
    assertThat(directory.resolve("d")).doesNotExist();
  }

  @Test
  void disksThatAreOneOrLieInEachOtherAreRefused() {
    Path a = directory.resolve("a");
    for (List<Path> wrong :
        List.of(
            List.of(a, directory.resolve("b"), directory.resolve("b/../a")),
            List.of(a, a.resolve("t.1")),
            List.of(a.resolve("x/y"), a))) {
      assertRefused(
          StoreErrorCode.INVALID_ARGUMENT,
          () -> EloqStore.open(shard, wrong, OPTIONS),
          "none lies in another",
          wrong.get(0));
    }
    assertRefused(
        StoreErrorCode.INVALID_ARGUMENT, () -> EloqStore.open(shard, List.of(), OPTIONS), "none");
    List<Path> withNull = new ArrayList<>();
    withNull.add(null);
    assertRefused(
        StoreErrorCode.INVALID_ARGUMENT, () -> EloqStore.open(shard, withNull, OPTIONS), "null");
    assertThat(a).doesNotExist();
    // The same beginning is not the same directory.
    EloqStore.open(shard, List.of(a, directory.resolve("ab")), OPTIONS).close();
  }

  @Test
  void aStrayFileOnAnyDiskIsRefused() throws IOException {
    fill(paths);
    Files.writeString(paths.get(2).resolve("notes.txt"), "not ours");
    assertRefused(
        StoreErrorCode.UNSUPPORTED_FORMAT,
        () -> EloqStore.open(shard, paths, OPTIONS),
        paths.get(2),
        "notes.txt");
  }

  @Test
  void aDiskThatIsNotThereIsMadeForWritersAndMissedByReaders() {
    fill(paths.subList(0, 1));
    assertRefused(
        StoreErrorCode.NOT_FOUND,
        () -> EloqStore.openReadOnly(shard, List.of(directory.resolve("x")), OPTIONS),
        directory.resolve("x"));
  }
}
