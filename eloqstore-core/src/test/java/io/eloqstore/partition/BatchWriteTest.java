/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.api.WriteBatch;
import io.eloqstore.io.MemoryBackend;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Batches: who wins, that they are all or nothing, and what is refused. */
class BatchWriteTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(4)
          .withDurability(StoreOptions.Durability.NEVER);

  private static PartitionWorld world() {
    return new PartitionWorld(
        4 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), OPTIONS);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String get(PartitionWorld world, String key) {
    byte[] value = world.get(bytes(key));
    return value == null ? null : new String(value, StandardCharsets.UTF_8);
  }

  private static WriteBatch put(String key, String value, long timestamp) {
    return new WriteBatch().put(bytes(key), bytes(value), timestamp);
  }

  // ---- last writer wins
  // ---------------------------------------------------------------------------

  @Test
  void higherOrEqualTimestampWinsOverWhatIsStored() {
    try (PartitionWorld world = world()) {
      for (String where : List.of("in the buffer", "in the tree")) {
        world.partition().write(put("k", "first", 10));
        settleIf(where, world);
        world.partition().write(put("k", "older", 9));
        assertThat(get(world, "k")).as(where).isEqualTo("first");
        world.partition().write(put("k", "equal", 10));
        assertThat(get(world, "k")).as(where).isEqualTo("equal");
        settleIf(where, world);
        world.partition().write(new WriteBatch().delete(bytes("k"), 9));
        assertThat(get(world, "k")).as(where).isEqualTo("equal");
        world.partition().write(new WriteBatch().delete(bytes("k"), 10));
        assertThat(get(world, "k")).as(where).isNull();
        settleIf(where, world);
        // No tombstone: an older put that comes later brings the key back.
        world.partition().write(put("k", "revived", 1));
        assertThat(get(world, "k")).as(where).isEqualTo("revived");
        world.delete(bytes("k"));
      }
    }
  }

  private static void settleIf(String where, PartitionWorld world) {
    if (where.equals("in the tree")) {
      world.settle();
    }
  }

  @Test
  void ofTheEntriesOfOneKeyTheHighestTimestampCountsAndThenTheLast() {
    try (PartitionWorld world = world()) {
      WriteBatch batch =
          new WriteBatch()
              .put(bytes("z"), bytes("z1"), 5)
              .put(bytes("a"), bytes("a-old"), 3)
              .put(bytes("m"), bytes("m-first"), 7)
              .put(bytes("a"), bytes("a-new"), 4)
              .put(bytes("a"), bytes("a-older"), 2)
              .put(bytes("m"), bytes("m-second"), 7)
              .delete(bytes("d"), 9)
              .put(bytes("d"), bytes("d"), 8)
              .put(bytes("e"), bytes("e"), 8)
              .delete(bytes("e"), 8);
      assertThat(batch.size()).isEqualTo(10);
      world.partition().write(batch);
      assertThat(get(world, "a")).isEqualTo("a-new");
      assertThat(get(world, "m")).isEqualTo("m-second");
      assertThat(get(world, "z")).isEqualTo("z1");
      assertThat(get(world, "d")).isNull();
      assertThat(get(world, "e")).isNull();
      batch.clear();
      assertThat(batch.isEmpty()).isTrue();
      world.partition().write(batch);
    }
  }

  @Test
  void expiredPutIsADeleteAndExpiredEntriesDoNotCount() {
    try (PartitionWorld world = world()) {
      long now = world.nowMs.get();
      world.partition().write(put("k", "there", 10));
      world.partition().write(new WriteBatch().put(bytes("k"), bytes("no"), 9, now));
      assertThat(get(world, "k")).isEqualTo("there");
      world.partition().write(new WriteBatch().put(bytes("k"), bytes("no"), 10, now));
      assertThat(get(world, "k")).isNull();
      // It left nothing behind, so an older put is not too old.
      world.partition().write(put("k", "older", 1));
      assertThat(get(world, "k")).isEqualTo("older");
      world.partition().write(new WriteBatch().put(bytes("k"), bytes("short"), 20, now + 1));
      assertThat(get(world, "k")).isEqualTo("short");
      world.nowMs.incrementAndGet();
      assertThat(get(world, "k")).isNull();
      world.settle();
      world.verifyTrees("after expiry");
    }
  }

  @Test
  void unsortedRandomBatchesAgreeWithAModel() {
    for (long seed = 1; seed <= 10; seed++) {
      Random random = new Random(seed);
      ModelKeys keys = new ModelKeys(random, OPTIONS, 300, seed % 3 == 0 ? 5 : 0, 5);
      PartitionModel model = new PartitionModel();
      try (PartitionWorld world = world()) {
        for (int round = 0; round < 40; round++) {
          writeRandom(world, model, random, keys);
          if (random.nextInt(4) == 0) {
            world.partition().flush();
          }
          if (random.nextInt(4) == 0) {
            world.nowMs.addAndGet(random.nextInt(300));
          }
          if (random.nextInt(8) == 0) {
            world.reopenAfterCommit();
          }
          world.checkAll(model, "seed " + seed + ", round " + round);
        }
        world.settle();
        world.verifyTrees("seed " + seed);
      }
    }
  }

  private static void writeRandom(
      PartitionWorld world, PartitionModel model, Random random, ModelKeys keys) {
    WriteBatch batch = new WriteBatch();
    for (int i = random.nextInt(60); i >= 0; i--) {
      long timestamp = random.nextInt(100);
      if (random.nextInt(5) == 0) {
        batch.delete(keys.plain(), timestamp);
      } else {
        batch.put(keys.plain(), keys.value(), timestamp, 0);
      }
    }
    for (WriteBatch.Entry entry : batch.resolved()) {
      if (entry.isDelete()) {
        model.delete(entry.key(), entry.timestamp(), world.nowMs.get());
      } else {
        model.put(
            entry.key(), entry.value(), entry.timestamp(), entry.expireTs(), world.nowMs.get());
      }
    }
    world.partition().write(batch);
  }

  // ---- all or nothing
  // -----------------------------------------------------------------------------

  /** The sum over all keys stays what it was: who sees half of a batch sees another one. */
  @Test
  void guestsSeeAllOrNothingOfABatch() throws Exception {
    int keys = 64;
    long seed = 7;
    Random random = new Random(seed);
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService guests = Executors.newFixedThreadPool(2);
    try (PartitionWorld world = world()) {
      world.partition().allowConcurrentIterators();
      long[] numbers = new long[keys];
      world.partition().write(numbers(numbers, 0, keys, 0));
      List<Future<Long>> walks = new ArrayList<>();
      for (boolean reverse : new boolean[] {false, true}) {
        walks.add(guests.submit(() -> sumUntil(stop, world, reverse, keys)));
      }
      for (int round = 1; round <= 2000; round++) {
        int first = random.nextInt(keys - 8);
        for (int i = first; i < first + 8; i += 2) {
          long moved = random.nextInt(1000);
          numbers[i] += moved;
          numbers[i + 1] -= moved;
        }
        world.partition().write(numbers(numbers, first, 8, round));
        if (random.nextInt(100) == 0) {
          world.partition().flush();
        }
      }
      stop.set(true);
      for (Future<Long> walk : walks) {
        assertThat(walk.get()).as("walks, seed " + seed).isPositive();
      }
    } finally {
      stop.set(true);
      guests.shutdown();
    }
  }

  private static WriteBatch numbers(long[] numbers, int first, int count, long timestamp) {
    WriteBatch batch = new WriteBatch();
    for (int i = first; i < first + count; i++) {
      batch.put(
          ByteBuffer.allocate(5).put((byte) 1).putInt(i).array(),
          ByteBuffer.allocate(8).putLong(numbers[i]).array(),
          timestamp);
    }
    return batch;
  }

  private static long sumUntil(
      AtomicBoolean stop, PartitionWorld world, boolean reverse, int keys) {
    long walks = 0;
    while (!stop.get() || walks == 0) {
      long sum = 0;
      int count = 0;
      try (EntryIterator iterator = world.partition().iterator(KeyRange.ALL, reverse)) {
        while (iterator.next()) {
          sum += ByteBuffer.wrap(iterator.value().bytes()).getLong();
          count++;
        }
      }
      assertThat(count).isEqualTo(keys);
      assertThat(sum).as("half of a batch").isZero();
      walks++;
    }
    return walks;
  }

  @Test
  void batchThatFailsInTheMiddleIsNeverPublished() {
    try (SteppedShard shard = new SteppedShard(1 << 20)) {
      Partition partition = shard.open(1, OPTIONS);
      partition.put(bytes("k"), 0, 1, bytes("old"), 0, 3);
      shard.runsAtOnce = true;
      partition.commit(Map.of());
      shard.runsAtOnce = false;
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 2000; i++) {
        batch.put(bytes("k" + i), new byte[1000], 1);
      }
      batch.put(bytes("k"), bytes("new"), 1);
      // With nobody to flush, memory runs out, and an interrupted thread does not wait for it.
      Thread.currentThread().interrupt();
      assertFails(StoreErrorCode.BUSY, () -> partition.write(batch), "2001 keys", "t.1");
      assertThat(Thread.interrupted()).isTrue();
      assertFails(
          StoreErrorCode.POISONED,
          () -> partition.put(bytes("k"), 0, 1, bytes("x"), 0, 1),
          "batch");
      assertFails(StoreErrorCode.POISONED, partition::freeze, "batch");
      assertThat(partition.get(bytes("k"), 0, 1, new ValueBuffer())).isTrue();
      partition.close();

      Partition again = shard.open(1, OPTIONS);
      ValueBuffer value = new ValueBuffer();
      assertThat(again.get(bytes("k"), 0, 1, value)).isTrue();
      assertThat(value.toByteArray()).isEqualTo(bytes("old"));
      assertThat(again.get(bytes("k0"), 0, 2, value)).isFalse();
      again.close();
    }
  }

  // ---- refusals
  // -----------------------------------------------------------------------------------

  private static void assertFails(StoreErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).as(e.toString()).isEqualTo(code))
        .hasMessageContainingAll(words);
  }

  @Test
  void badEntriesAreRefusedByTheirIndex() {
    WriteBatch batch = new WriteBatch().put(bytes("a"), new byte[0], 0).delete(bytes("b"), 1);
    StoreErrorCode invalid = StoreErrorCode.INVALID_ARGUMENT;
    assertFails(invalid, () -> batch.put(new byte[0], bytes("v"), 1), "entry 2", "key");
    assertFails(invalid, () -> batch.put(null, bytes("v"), 1), "entry 2", "key");
    assertFails(invalid, () -> batch.put(bytes("k"), null, 1), "entry 2", "value");
    assertFails(invalid, () -> batch.put(bytes("k"), bytes("v"), -1), "entry 2", "timestamp");
    assertFails(invalid, () -> batch.put(bytes("k"), bytes("v"), 1, -1), "entry 2", "expiry");
    assertFails(invalid, () -> batch.delete(new byte[0], 1), "entry 2", "key");
    assertFails(invalid, () -> batch.delete(null, 1), "entry 2", "key");
    assertFails(invalid, () -> batch.delete(bytes("k"), -1), "entry 2", "timestamp");
    assertThat(batch.size()).isEqualTo(2);
    try (PartitionWorld world = world()) {
      assertFails(invalid, () -> world.partition().write(null), "batch", "t.0");
      world.partition().write(batch);
      assertThat(get(world, "a")).isEmpty();
      world.closeStore();
      assertFails(StoreErrorCode.CLOSED, () -> world.partition().write(new WriteBatch()), "closed");
    }
  }

  @Test
  void batchKeepsCopies() {
    byte[] key = bytes("k");
    byte[] value = bytes("v");
    WriteBatch batch = new WriteBatch().put(key, value, 1);
    Arrays.fill(key, (byte) 'x');
    Arrays.fill(value, (byte) 'y');
    try (PartitionWorld world = world()) {
      world.partition().write(batch);
      assertThat(get(world, "k")).isEqualTo("v");
      assertThat(get(world, "x")).isNull();
    }
  }
}
