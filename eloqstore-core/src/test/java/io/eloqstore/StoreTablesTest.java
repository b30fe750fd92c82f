/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ServeOptions;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.shard.Shard;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The tables of a store: what is there, and how it goes. */
class StoreTablesTest {
  private static final Path ROOT = Path.of("/store");
  private static final StoreOptions OPTIONS = StoreOptions.defaults().withPagesPerFileShift(4);

  private final FaultPlan plan = FaultPlan.of(1);
  private final Shard shard =
      new Shard(4 << 20, budget -> MemoryBackend.simulated(budget.arena(), plan), () -> 1_000_000);
  private EloqStore store = EloqStore.open(shard, ROOT, OPTIONS);

  @AfterEach
  void close() {
    store.close();
    shard.close();
  }

  private static PartitionId id(String table, int partition) {
    return new PartitionId(table, partition);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Makes a partition with something in it and closes it. */
  private void make(String table, int partition) {
    try (OwnedPartition made = store.openPartition(id(table, partition))) {
      byte[] value = new byte[20_000];
      made.put(bytes("k"), 0, 1, value, 0, value.length);
      made.commit(Map.of());
    }
  }

  @Test
  void partitionsAreListedByTableAndNumber() {
    for (int number : new int[] {10, 2, 0, 1}) {
      make("t", number);
    }
    make("t.x", 3);
    make("a", 1);
    // No partition of ours has such a name.
    shard.io().createDirectories(ROOT.resolve("t.007"));
    shard.io().createDirectories(ROOT.resolve("other"));
    assertThat(store.listPartitions())
        .containsExactly(id("a", 1), id("t", 0), id("t", 1), id("t", 2), id("t", 10), id("t.x", 3));
  }

  @Test
  void tablesAndTheirPartitionsAreListed() {
    assertThat(store.listTables()).isEmpty();
    make("t", 10);
    make("t", 2);
    make("t.x", 3);
    make("a", 1);
    assertThat(store.listTables()).containsExactly("a", "t", "t.x");
    assertThat(store.listPartitions("t")).containsExactly(id("t", 2), id("t", 10));
    assertThat(store.listPartitions("t.x")).containsExactly(id("t.x", 3));
    assertThat(store.listPartitions("none")).isEmpty();
  }

  // ---- dropping
  // -----------------------------------------------------------------------------------

  private static void assertRefused(StoreErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).as(e.toString()).isEqualTo(code))
        .hasMessageContainingAll(words);
  }

  @Test
  void droppedTableIsGoneAndNothingElseIs() {
    make("t", 0);
    make("t", 1);
    make("t.x", 1);
    make("tt", 1);
    shard.io().createDirectories(ROOT.resolve("t.other"));
    // What an earlier process left, that nobody opened here.
    store.close();
    store = EloqStore.open(shard, ROOT, OPTIONS);
    assertThat(store.dropTable("t")).isEqualTo(2);
    assertThat(names(ROOT)).containsExactly("t.other", "t.x.1", "tt.1");
    assertThat(store.dropTable("t")).isZero();
    assertThat(has(store, id("tt", 1))).isTrue();
    assertThat(has(store, id("t", 0))).as("made anew").isFalse();
  }

  /** Listing is not cut short at a thousand names, as it is in C++ for remote objects. */
  @Test
  void aTableOfMoreThanAThousandPartitionsIsDroppedWhole() {
    try (Shard plain =
            new Shard(4 << 20, budget -> MemoryBackend.plain(budget.arena()), () -> 1_000_000);
        EloqStore large = EloqStore.open(plain, ROOT, OPTIONS)) {
      for (int i = 0; i < 1100; i++) {
        plain.io().createDirectories(ROOT.resolve(id(i == 500 ? "u" : "t", i).directoryName()));
      }
      assertThat(large.listPartitions("t")).hasSize(1099);
      assertThat(large.dropTable("t")).isEqualTo(1099);
      assertThat(large.listPartitions()).containsExactly(id("u", 500));
    }
  }

  private List<String> names(Path directory) {
    return shard.io().list(directory).stream().map(DirectoryEntry::name).toList();
  }

  private static boolean has(EloqStore store, PartitionId id) {
    try (OwnedPartition partition = store.openPartition(id)) {
      return partition.contains(bytes("k"), 0, 1);
    }
  }

  @Test
  void openPartitionsAreNotDropped() {
    make("t", 0);
    make("t", 1);
    OwnedPartition open = store.openPartition(id("t", 1));
    assertRefused(StoreErrorCode.BUSY, () -> store.dropTable("t"), "t.1", "open");
    open.close();
    ServedPartition served = store.servePartition(id("t", 0), ServeOptions.defaults());
    assertRefused(StoreErrorCode.BUSY, () -> store.dropTable("t"), "t.0", "open");
    assertThat(served.blocking().read(bytes("k"))).isNotNull();
    served.close();
    try (EloqStore another = EloqStore.open(shard, ROOT, OPTIONS)) {
      OwnedPartition elsewhere = another.openPartition(id("t", 1));
      assertRefused(StoreErrorCode.BUSY, () -> store.dropTable("t"), "t.1");
      elsewhere.close();
    }
    assertThat(has(store, id("t", 0))).as("nothing was deleted").isTrue();
    assertThat(store.dropTable("t")).isEqualTo(2);
    assertThat(store.listTables()).isEmpty();
  }

  @Test
  void foreignFilesRefuseAndReadOnlyStoresToo() {
    make("t", 0);
    make("t", 1);
    Path stray = ROOT.resolve("t.1").resolve("notes.txt");
    shard.io().open(stray, OpenMode.WRITE).close();
    assertRefused(StoreErrorCode.UNSUPPORTED_FORMAT, () -> store.dropTable("t"), "notes.txt");
    shard.io().delete(stray);
    assertThat(has(store, id("t", 0))).isTrue();
    try (EloqStore look = EloqStore.openReadOnly(shard, ROOT, OPTIONS)) {
      assertThat(look.listTables()).containsExactly("t");
      assertRefused(StoreErrorCode.NO_PERMISSION, () -> look.dropTable("t"), "reading only");
    }
    assertRefused(StoreErrorCode.INVALID_ARGUMENT, () -> store.dropTable(null), "table");
    assertRefused(StoreErrorCode.INVALID_ARGUMENT, () -> store.listPartitions(null), "table");
    store.close();
    assertRefused(StoreErrorCode.CLOSED, () -> store.dropTable("t"), "closed");
    assertRefused(StoreErrorCode.CLOSED, () -> store.listTables(), "closed");
  }

  /** Whatever a power cut leaves of a table that is dropped can be opened, and dropped again. */
  @Test
  void crashWhileDroppingLeavesPartitionsWholeEmptyOrGone() {
    boolean finished = false;
    for (int after = 0; !finished; after++) {
      for (MemoryBackend.Survival survival : MemoryBackend.Survival.values()) {
        String where = "crash after " + after + " operations, survival " + survival;
        FaultPlan faults = FaultPlan.of(after);
        MemoryBackend[] disk = new MemoryBackend[1];
        try (Shard first = shardOn(faults, disk)) {
          EloqStore victim = EloqStore.open(first, ROOT, OPTIONS);
          for (int i = 0; i < 2; i++) {
            OwnedPartition partition = victim.openPartition(id("t", i));
            byte[] value = new byte[20_000];
            partition.put(bytes("k"), 0, 1, value, 0, value.length);
            partition.commit(Map.of());
            partition.close();
          }
          faults.crashAfter(after);
          finished = true;
          try {
            victim.dropTable("t");
          } catch (StoreException e) {
            assertThat(e.code()).as(where).isEqualTo(StoreErrorCode.IO_FAILED);
            finished = false;
          }
          victim.close();
          disk[0] = disk[0].crash(survival, survival);
        }
        lookAfterCrash(disk[0], where);
      }
    }
  }

  private static Shard shardOn(FaultPlan faults, MemoryBackend[] disk) {
    return new Shard(
        1 << 20,
        budget -> disk[0] = MemoryBackend.simulated(budget.arena(), faults),
        () -> 1_000_000);
  }

  private static void lookAfterCrash(MemoryBackend disk, String where) {
    try (Shard shard = new Shard(1 << 20, b -> disk.withArena(b.arena()), () -> 1_000_000);
        EloqStore store = EloqStore.open(shard, ROOT, OPTIONS)) {
      for (PartitionId id : store.listPartitions("t")) {
        try (OwnedPartition partition = store.openPartition(id)) {
          ValueBuffer value = new ValueBuffer();
          if (partition.get(bytes("k"), 0, 1, value)) {
            assertThat(value.length()).as(where).isEqualTo(20_000);
          }
        }
      }
      store.dropTable("t");
      assertThat(store.listTables()).as(where).isEmpty();
    }
  }
}
