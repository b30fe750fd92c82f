/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Steps of owner, worker and committing threads in the orders that go wrong most easily. */
@Timeout(60)
class PartitionRaceTest {
  private static final StoreOptions OPTIONS = StoreOptions.defaults();
  private static final long BUDGET_BYTES = 16 << 20;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void put(Partition partition, String key, String value) {
    byte[] k = bytes(key);
    byte[] v = bytes(value);
    partition.put(k, 0, k.length, v, 0, v.length);
  }

  private static void delete(Partition partition, String key) {
    byte[] k = bytes(key);
    partition.delete(k, 0, k.length);
  }

  private static String get(Partition partition, String key) {
    ValueBuffer value = new ValueBuffer();
    byte[] k = bytes(key);
    return partition.get(k, 0, k.length, value)
        ? new String(value.bytes(), 0, value.length(), StandardCharsets.UTF_8)
        : null;
  }

  private static String key(int i) {
    return String.format("key%06d", i);
  }

  private static void fill(Partition partition, int count, String value) {
    for (int i = 0; i < count; i++) {
      put(partition, key(i), value + i);
    }
  }

  private static void flush(SteppedShard shard, Partition partition) {
    partition.flush();
    shard.work();
  }

  /** Iterators move to roots of their own at the next background work. */
  private static void makeMemoryShort(SteppedShard shard, Partition partition) {
    shard.budget.setLimit(MemoryUse.WRITE_BUFFER, MemoryBudget.SLOT_BYTES);
    shard.request(partition.backgroundStep());
  }

  private static CompletableFuture<Void> async(Runnable deed) {
    return CompletableFuture.runAsync(deed);
  }

  @Test
  void closingAnIteratorWhileItMovesLeavesTheBuffersToTheWorker() throws Exception {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, OPTIONS)) {
      fill(partition, 3000, "value");
      EntryIterator iterator = partition.iterator(KeyRange.ALL, false);
      flush(shard, partition);
      long pinned = shard.budget.used(MemoryUse.WRITE_BUFFER);
      assertThat(pinned).isPositive();
      makeMemoryShort(shard, partition);
      FaultPlan.Hold hold = shard.plan.hold(Set.of(FaultPlan.Kind.WRITE), 0);
      CompletableFuture<Void> worker = async(shard::work);
      hold.awaitReached();
      iterator.close();
      assertThat(shard.budget.used(MemoryUse.WRITE_BUFFER)).isEqualTo(pinned);
      hold.release();
      worker.get(30, TimeUnit.SECONDS);
      assertThat(shard.budget.used(MemoryUse.WRITE_BUFFER)).isZero();
      assertThat(partition.rows().poisonOrNull()).isNull();
    }
  }

  @Test
  void largeValueInPagesFreedAfterAnIteratorWasOpenedDoesNotDisturbIt() {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, OPTIONS)) {
      fill(partition, 5000, "value");
      flush(shard, partition);
      for (int i = 100; i < 5000; i++) {
        delete(partition, key(i));
      }
      partition.flush();
      put(partition, "last", "seen");
      try (EntryIterator iterator = partition.iterator(KeyRange.ALL, false)) {
        shard.work();
        put(partition, "large", "x".repeat(60_000));
        makeMemoryShort(shard, partition);
        shard.work();
        assertThat(partition.rows().poisonOrNull()).isNull();
        List<String> keys = new ArrayList<>();
        while (iterator.next()) {
          keys.add(new String(iterator.key(), 0, iterator.keyLength(), StandardCharsets.UTF_8));
        }
        assertThat(keys).hasSize(101).endsWith(key(99), "last");
      }
      assertThat(get(partition, "large")).isEqualTo("x".repeat(60_000));
    }
  }

  @Test
  void closingAPointWhileItIsCommittedKeepsItsRoot() throws Exception {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES)) {
      try (Partition partition = shard.open(0, OPTIONS)) {
        fill(partition, 3000, "first");
        FreezePoint point = partition.freeze();
        shard.work();
        fill(partition, 3000, "second");
        flush(shard, partition);
        FaultPlan.Hold hold = shard.plan.hold(Set.of(FaultPlan.Kind.FORCE), 0);
        CompletableFuture<Void> committer =
            async(
                () -> {
                  try (PartitionImage image = point.commit(Map.of())) {
                    assertThat(image.dataFiles()).isNotEmpty();
                  }
                });
        hold.awaitReached();
        point.close();
        // Takes the memory that a mapping given back too early would have had.
        fill(partition, 3000, "third");
        flush(shard, partition);
        hold.release();
        committer.get(30, TimeUnit.SECONDS);
        assertThat(partition.rows().poisonOrNull()).isNull();
      }
      try (Partition partition = shard.open(0, OPTIONS)) {
        for (int i = 0; i < 3000; i++) {
          assertThat(get(partition, key(i))).isEqualTo("first" + i);
        }
      }
    }
  }

  @Test
  void filesOfALargeValueFrozenWithItsPutAreLetGo() throws Exception {
    StoreOptions smallFiles = OPTIONS.withPagesPerFileShift(2);
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, smallFiles)) {
      put(partition, "small", "value");
      flush(shard, partition);
      // Asked by another thread, so the next write freezes, and the worker is faster than the put.
      async(partition.backgroundStep()::giveBack).get(30, TimeUnit.SECONDS);
      shard.runsAtOnce = true;
      put(partition, "large", "x".repeat(100_000));
      shard.runsAtOnce = false;
      assertThat(partition.rows().view().frozen()).isEmpty();
      assertThat(get(partition, "large")).isEqualTo("x".repeat(100_000));
      int files = shard.io.list(SteppedShard.directory(0)).size();
      delete(partition, "large");
      flush(shard, partition);
      assertThat(shard.io.list(SteppedShard.directory(0))).hasSizeLessThan(files - 4);
    }
  }

  @Test
  void readThatMeetsACloseAnswersNothing() {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES)) {
      Partition partition = shard.open(0, OPTIONS);
      byte[] key = bytes("key");
      partition.put(key, 0, key.length, key, 0, key.length, 1, 1000);
      shard.clock =
          () -> {
            partition.close();
            return 1;
          };
      assertThatThrownBy(() -> get(partition, "key"))
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.CLOSED));
    }
  }

  @Test
  void flushNeedsNoLargeBlockOfMemory() {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, OPTIONS)) {
      List<Long> blocks = new ArrayList<>();
      for (long at; (at = allocateSlot(shard)) != MemoryBudget.NONE; ) {
        blocks.add(at);
      }
      // One slot of every four stays taken: nothing larger than two of them can be had.
      blocks.removeIf(
          at -> {
            boolean goes = MemoryBudget.slotOf(at) % 4 != 0;
            if (goes) {
              shard.budget.free(at, MemoryBudget.SLOT_BYTES, MemoryUse.IO);
            }
            return goes;
          });
      try {
        fill(partition, 100, "value");
        flush(shard, partition);
        assertThat(partition.rows().poisonOrNull()).isNull();
        assertThat(get(partition, key(99))).isEqualTo("value99");
      } finally {
        blocks.forEach(at -> shard.budget.free(at, MemoryBudget.SLOT_BYTES, MemoryUse.IO));
      }
    }
  }

  private static long allocateSlot(SteppedShard shard) {
    return shard.budget.allocate(MemoryBudget.SLOT_BYTES, MemoryUse.IO);
  }

  @Test
  void writeBuffersGetHalfOfWhatTheMappingLeavesFromTheOpenOn() {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES)) {
      try (Partition partition = shard.open(0, OPTIONS)) {
        fill(partition, 1000, "value");
        flush(shard, partition);
        try (FreezePoint point = partition.freeze();
            PartitionImage image = point.commit(Map.of())) {
          assertThat(image.dataFiles()).isNotEmpty();
        }
      }
      shard.budget.setLimit(MemoryUse.WRITE_BUFFER, shard.budget.arena().bytes() / 2);
      try (Partition partition = shard.open(0, OPTIONS)) {
        long mapping = shard.budget.used(MemoryUse.MAPPING);
        assertThat(mapping).isPositive();
        long left = (shard.budget.arena().bytes() - mapping) / 2;
        assertThat(shard.budget.limit(MemoryUse.WRITE_BUFFER)).isLessThanOrEqualTo(left);
        assertThat(get(partition, key(7))).isEqualTo("value7");
      }
    }
  }

  @Test
  void appendingToAListGivesMemoryBackWhenAsked() throws Exception {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, OPTIONS)) {
      byte[] list = bytes("list");
      partition.appendToList(list, 0, list.length, list, 0, list.length);
      async(partition.backgroundStep()::giveBack).get(30, TimeUnit.SECONDS);
      partition.appendToList(list, 0, list.length, list, 0, list.length);
      assertThat(partition.rows().view().active().isEmpty()).isTrue();
    }
  }

  @Test
  void anotherPartitionGetsBackWhatIteratorsHoldWhileTheirOwnerRests() {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition resting = shard.open(0, OPTIONS);
        Partition writing = shard.open(1, OPTIONS)) {
      fill(resting, 3000, "value");
      try (EntryIterator iterator = resting.iterator(KeyRange.ALL, false)) {
        flush(shard, resting);
        assertThat(shard.budget.used(MemoryUse.WRITE_BUFFER)).isPositive();
        shard.budget.setLimit(MemoryUse.WRITE_BUFFER, MemoryBudget.SLOT_BYTES);
        shard.relieve(writing.backgroundStep());
        shard.work();
        assertThat(shard.budget.used(MemoryUse.WRITE_BUFFER)).isZero();
        assertThat(iterator.next()).isTrue();
      }
    }
  }

  @Test
  void largeValueThatFindsNoMemoryCanBePutLater() {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, OPTIONS)) {
      put(partition, "small", "value");
      List<Long> blocks = new ArrayList<>();
      for (long at; (at = allocateSlot(shard)) != MemoryBudget.NONE; ) {
        blocks.add(at);
      }
      String large = "x".repeat(50_000);
      for (int spare = 0; spare < 2; spare++) {
        // First not even the page to build in is there, then no block to write with.
        assertThatThrownBy(() -> put(partition, "large", large))
            .isInstanceOfSatisfying(
                StoreException.class,
                e -> assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_MEMORY));
        long at = blocks.remove(0);
        shard.budget.free(at, MemoryBudget.SLOT_BYTES, MemoryUse.IO);
      }
      blocks.forEach(at -> shard.budget.free(at, MemoryBudget.SLOT_BYTES, MemoryUse.IO));
      put(partition, "large", large);
      flush(shard, partition);
      assertThat(get(partition, "large")).isEqualTo(large);
      int pages = partition.rows().view().root().mapping().pageCount();
      assertThat(partition.rows().view().root().mapping().mappedCount()).isEqualTo(pages);
    }
  }

  /** Memory is short, nothing was written: the buffer stays and the flush is tried again. */
  @Test
  void flushThatFindsNoMemoryIsTriedAgain() {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, OPTIONS)) {
      put(partition, "small", "value");
      List<Long> blocks = new ArrayList<>();
      for (long at; (at = allocateSlot(shard)) != MemoryBudget.NONE; ) {
        blocks.add(at);
      }
      partition.flush();
      partition.backgroundStep().run();
      assertThat(partition.rows().poisonOrNull()).isNull();
      assertThat(get(partition, "small")).isEqualTo("value");
      assertThat(partition.rows().view().frozen()).hasSize(1);
      blocks.forEach(at -> shard.budget.free(at, MemoryBudget.SLOT_BYTES, MemoryUse.IO));
      shard.work();
      assertThat(partition.rows().view().frozen()).isEmpty();
      assertThat(get(partition, "small")).isEqualTo("value");
    }
  }

  /** Memory that never comes back ends in a clear error, not in a wait without end. */
  @Test
  void flushThatNeverFindsMemoryFails() {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, OPTIONS)) {
      put(partition, "small", "value");
      List<Long> blocks = new ArrayList<>();
      for (long at; (at = allocateSlot(shard)) != MemoryBudget.NONE; ) {
        blocks.add(at);
      }
      partition.flush();
      shard.work();
      assertThat(partition.rows().poisonOrNull().code()).isEqualTo(StoreErrorCode.OUT_OF_MEMORY);
      assertThat(get(partition, "small")).isEqualTo("value");
      blocks.forEach(at -> shard.budget.free(at, MemoryBudget.SLOT_BYTES, MemoryUse.IO));
    }
  }

  @Test
  void rangeDeletesWaitForTheWorkerBeforeReadsMustLookAtTooMany() throws Exception {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, OPTIONS)) {
      put(partition, "key", "value");
      partition.flush();
      AtomicInteger most = new AtomicInteger();
      CompletableFuture<Void> owner =
          async(
              () -> {
                for (int i = 0; i < 5000; i++) {
                  partition.deleteRange(KeyRange.prefix(bytes("range" + i)));
                  most.accumulateAndGet(partition.rows().view().frozen().length, Math::max);
                }
              });
      while (!owner.isDone() && partition.rows().view().frozen().length <= Rows.FROZEN_MAX) {
        Thread.onSpinWait();
      }
      while (!owner.isDone()) {
        partition.rows().run();
      }
      owner.get(30, TimeUnit.SECONDS);
      assertThat(most.get()).isLessThanOrEqualTo(Rows.FROZEN_MAX + 1);
      assertThat(get(partition, "key")).isEqualTo("value");
    }
  }

  @Test
  void bufferThatGotTooLargeWhenOthersCameIsFrozenWithTheNextPut() {
    try (SteppedShard shard = new SteppedShard(BUDGET_BYTES);
        Partition partition = shard.open(0, OPTIONS)) {
      fill(partition, 3000, "value");
      assertThat(partition.rows().view().frozen()).isEmpty();
      shard.bufferBytesMax = partition.rows().view().active().buffer().bytes() / 2;
      put(partition, "key", "value");
      assertThat(partition.rows().view().frozen()).hasSize(1);
    }
  }
}
