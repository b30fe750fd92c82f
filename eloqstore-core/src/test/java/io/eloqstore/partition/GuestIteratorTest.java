/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.MemoryBackend;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * Iterators of other threads while the owner writes, flushes, commits and closes: each sees all
 * keys, and of each key what stood there at one moment; what it sees never goes back in time.
 */
class GuestIteratorTest {
  private static final int KEYS = 400;
  private static final int GUESTS = 2;

  private static byte[] key(int number) {
    return ByteBuffer.allocate(6).putShort((short) 3).putInt(number).array();
  }

  /** The same number many times over: a torn value is seen. */
  private static byte[] value(long number, int length) {
    ByteBuffer value = ByteBuffer.allocate(Long.BYTES * length);
    while (value.hasRemaining()) {
      value.putLong(number);
    }
    return value.array();
  }

  @Test
  void guestsSeeWholeWritesInTheOrderTheyWereMade() throws Exception {
    for (long seed = 1; seed <= 3; seed++) {
      run(seed);
    }
  }

  private void run(long seed) throws Exception {
    Random random = new Random(seed);
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService guests = Executors.newFixedThreadPool(GUESTS);
    PartitionWorld world =
        new PartitionWorld(
            2 << 20,
            budget -> MemoryBackend.plain(budget.arena()),
            Path.of("/store"),
            StoreOptions.defaults()
                .withPageBytes(4096)
                .withPagesPerFileShift(4)
                .withDurability(StoreOptions.Durability.NEVER));
    try {
      world.partition().allowConcurrentIterators();
      for (int i = 0; i < KEYS; i++) {
        world.put(key(i), value(0, 4));
      }
      List<Future<Long>> walks = new ArrayList<>();
      for (int guest = 0; guest < GUESTS; guest++) {
        walks.add(guests.submit(walk(world, stop, "seed " + seed)));
      }
      // Keys are written round after round, so an earlier key is never behind a later one.
      for (long round = 1; round <= 400; round++) {
        for (int i = 0; i < KEYS; i++) {
          world.put(key(i), value(round, 1 + random.nextInt(20)));
        }
        if (random.nextInt(10) == 0) {
          world.partition().flush();
        }
        if (random.nextInt(20) == 0) {
          world.partition().commit(Map.of());
        }
      }
      // The last ones are closed in the middle of a walk.
      world.closeStore();
      stop.set(true);
      for (Future<Long> walk : walks) {
        assertThat(walk.get()).as("walks of a guest, seed " + seed).isPositive();
      }
    } finally {
      stop.set(true);
      guests.shutdown();
      world.close();
    }
  }

  private static Callable<Long> walk(PartitionWorld world, AtomicBoolean stop, String where) {
    return () -> {
      long walks = 0;
      long last = 0;
      while (!stop.get()) {
        try (EntryIterator iterator = world.partition().iterator(KeyRange.ALL, false)) {
          int count = 0;
          long first = -1;
          long before = Long.MAX_VALUE;
          while (iterator.next()) {
            ByteBuffer value =
                ByteBuffer.wrap(iterator.value().bytes(), 0, iterator.value().length());
            long number = value.getLong();
            while (value.hasRemaining()) {
              assertThat(value.getLong()).as(where + ": torn value").isEqualTo(number);
            }
            first = first < 0 ? number : first;
            assertThat(number)
                .as(where + ": key " + count + " after " + before)
                .isBetween(first - 1, before == Long.MAX_VALUE ? number : before);
            before = number;
            count++;
          }
          assertThat(count).as(where).isEqualTo(KEYS);
          assertThat(first).as(where + ": time went back").isGreaterThanOrEqualTo(last);
          last = first;
          walks++;
        } catch (StoreException e) {
          assertThat(e.code()).as(where + ": " + e).isEqualTo(StoreErrorCode.CLOSED);
          return walks;
        }
      }
      return walks;
    };
  }

  private static PartitionWorld world() {
    return new PartitionWorld(
        8 << 20,
        budget -> MemoryBackend.plain(budget.arena()),
        Path.of("/store"),
        StoreOptions.defaults().withPageBytes(4096).withDurability(StoreOptions.Durability.NEVER));
  }

  /** Calls of one guest until it is told to stop. */
  private static Future<Long> guest(
      ExecutorService guests, AtomicBoolean stop, Callable<Void> call) {
    return guests.submit(
        () -> {
          long calls = 0;
          while (!stop.get()) {
            call.call();
            calls++;
          }
          return calls;
        });
  }

  private static byte[] longKey(PartitionWorld world, int number) {
    byte[] key = new byte[world.options.bucketPrefixBytes() + Integer.BYTES];
    ByteBuffer.wrap(key).putInt(world.options.bucketPrefixBytes(), number);
    return key;
  }

  @Test
  void guestsSeeEachLongKeyOnceWhileBucketsSplit() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService guests = Executors.newFixedThreadPool(GUESTS);
    try (PartitionWorld world = world()) {
      world.partition().allowConcurrentIterators();
      List<Future<Long>> walks = new ArrayList<>();
      for (int i = 0; i < GUESTS; i++) {
        walks.add(guest(guests, stop, () -> walkLongKeys(world)));
      }
      // A few fit a bucket, so there are many splits.
      for (int number = 0; number < 800; number++) {
        world.put(longKey(world, number), value(number, 2000));
      }
      stop.set(true);
      for (Future<Long> walk : walks) {
        assertThat(walk.get()).isPositive();
      }
    } finally {
      stop.set(true);
      guests.shutdown();
    }
  }

  /** Keys are put in ascending order, so what a walk sees is a beginning of them. */
  private static Void walkLongKeys(PartitionWorld world) {
    try (EntryIterator iterator = world.partition().iterator(KeyRange.ALL, false)) {
      for (int count = 0; iterator.next(); count++) {
        int number = ByteBuffer.wrap(iterator.key()).getInt(world.options.bucketPrefixBytes());
        assertThat(number).as("a key twice, or one missing").isEqualTo(count);
      }
    }
    return null;
  }

  @Test
  void guestsSeeAllOrNothingOfARangeDelete() throws Exception {
    int keys = 50;
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService guests = Executors.newFixedThreadPool(GUESTS);
    try (PartitionWorld world = world()) {
      world.partition().allowConcurrentIterators();
      List<Future<Long>> walks = new ArrayList<>();
      for (int i = 0; i < GUESTS; i++) {
        boolean reverse = i == 0;
        walks.add(guest(guests, stop, () -> walkDeleted(world, reverse, keys)));
      }
      for (int round = 0; round < 4000; round++) {
        // The last one first: what a walk sees is an end of them.
        for (int number = keys - 1; number >= 0; number--) {
          world.put(key(number), value(round, 1));
        }
        world.partition().deleteRange(KeyRange.prefix(new byte[] {0, 3}));
      }
      stop.set(true);
      for (Future<Long> walk : walks) {
        assertThat(walk.get()).isPositive();
      }
    } finally {
      stop.set(true);
      guests.shutdown();
    }
  }

  private static Void walkDeleted(PartitionWorld world, boolean reverse, int keys) {
    List<Integer> seen = new ArrayList<>();
    try (EntryIterator iterator = world.partition().iterator(KeyRange.ALL, reverse)) {
      while (iterator.next()) {
        seen.add(ByteBuffer.wrap(iterator.key()).getInt(2));
      }
    }
    for (int i = 0; i < seen.size(); i++) {
      int wanted = reverse ? keys - 1 - i : keys - seen.size() + i;
      assertThat(seen.get(i)).as("half of a range delete: " + seen).isEqualTo(wanted);
    }
    return null;
  }

  @Test
  void rangeDeleteWaitsUntilAnIteratorIsFixed() throws Exception {
    try (PartitionWorld world = world()) {
      world.partition().allowConcurrentIterators();
      world.put(key(1), value(1, 1));
      Thread owner =
          new Thread(() -> world.partition().deleteRange(KeyRange.prefix(new byte[] {0, 3})));
      synchronized (world.rows().gate()) {
        owner.start();
        awaitState(owner, Thread.State.BLOCKED);
        assertThat(world.rows().view().active().hasCuts()).isFalse();
      }
      owner.join();
      assertThat(world.get(key(1))).isNull();
    }
  }

  @Test
  void changeOfALongKeyWaitsUntilAnIteratorIsFixed() throws Exception {
    try (PartitionWorld world = world()) {
      world.partition().allowConcurrentIterators();
      byte[] key = longKey(world, 1);
      Thread owner = new Thread(() -> world.put(key, value(1, 1)));
      synchronized (world.rows().gate()) {
        owner.start();
        awaitState(owner, Thread.State.BLOCKED);
        assertThat(world.rows().view().active().isEmpty()).isTrue();
      }
      owner.join();
      assertThat(world.get(key)).isEqualTo(value(1, 1));
    }
  }

  @Test
  void closingWaitsForAnIteratorThatIsBeingOpened() throws Exception {
    PartitionWorld world = world();
    List<StoreErrorCode> answers = new ArrayList<>();
    world.partition().allowConcurrentIterators();
    world.put(key(1), value(1, 1));
    Thread guest =
        new Thread(
            () -> {
              try {
                world.partition().iterator(KeyRange.ALL, false);
              } catch (StoreException e) {
                answers.add(e.code());
              }
            });
    Thread closer = new Thread(world::close);
    synchronized (world.rows().gate()) {
      guest.start();
      awaitState(guest, Thread.State.BLOCKED);
      closer.start();
      awaitState(closer, Thread.State.WAITING);
    }
    guest.join();
    closer.join();
    assertThat(answers).containsExactly(StoreErrorCode.CLOSED);
  }

  private static void awaitState(Thread thread, Thread.State state) {
    while (thread.getState() != state) {
      assertThat(thread.getState()).isNotEqualTo(Thread.State.TERMINATED);
      Thread.yield();
    }
  }
}
