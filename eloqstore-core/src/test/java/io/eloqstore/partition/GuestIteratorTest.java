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
}
