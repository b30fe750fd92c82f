/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.cache.PageCache;
import io.eloqstore.io.MemoryBackend;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A cached get and a buffered put of the owner allocate nothing and take no lock. Method: bytes
 * that the JVM counts for the thread; and the same operations while another thread holds every lock
 * of the engine that they could meet.
 */
class PartitionAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int KEYS = 50_000;
  private static final int OPERATIONS = 1_000_000;
  private static final int ROUNDS = 6;
  private static final int KEY_BYTES = 12;

  /** Lets a hanging test fail; says nothing about speed. */
  private static final long GUARD_SECONDS = 60;

  private final byte[] key = new byte[KEY_BYTES];
  private final byte[] value = new byte[40];
  private final ValueBuffer target = new ValueBuffer();
  private PartitionWorld world;
  private OwnedPartition partition;
  private long state;

  @BeforeEach
  void load() {
    world =
        new PartitionWorld(
            64L << 20,
            budget -> MemoryBackend.plain(budget.arena()),
            Path.of("/store"),
            StoreOptions.defaults());
    partition = world.partition();
    for (int i = 0; i < KEYS; i++) {
      setKey(i);
      partition.put(key, 0, KEY_BYTES, value, 0, value.length);
    }
    world.commit();
  }

  @AfterEach
  void close() {
    world.close();
  }

  private void setKey(int number) {
    for (int i = 0; i < Integer.BYTES; i++) {
      key[i] = (byte) (number >>> 24 - 8 * i);
    }
  }

  /** A generator that allocates nothing and that both runs share. */
  private int nextKey() {
    state = state * 6364136223846793005L + 1442695040888963407L;
    return (int) ((state >>> 33) % KEYS);
  }

  private int gets(int count) {
    int found = 0;
    for (int i = 0; i < count; i++) {
      setKey(nextKey());
      found += partition.get(key, 0, KEY_BYTES, target) ? 1 : 0;
      found += partition.contains(key, 0, KEY_BYTES) ? 1 : 0;
    }
    return found;
  }

  private void puts(int count) {
    for (int i = 0; i < count; i++) {
      setKey(nextKey());
      partition.put(key, 0, KEY_BYTES, value, 0, value.length);
      if ((i & 15) == 0) {
        partition.delete(key, 0, KEY_BYTES);
      }
    }
  }

  private static long allocatedBytes() {
    return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
  }

  /**
   * The least that any round allocated: what the JVM itself does now and then, compiling, is none
   * of the operations'; what an operation allocates is in every round.
   */
  private static long leastAllocated(Runnable round) {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < ROUNDS && least != 0; i++) {
      long before = allocatedBytes();
      round.run();
      least = Math.min(least, allocatedBytes() - before);
    }
    return least;
  }

  @Test
  void cachedGetsAllocateNothing() {
    assertThat(gets(100_000)).isEqualTo(200_000);
    long before = world.shard.statistics().reads().frame();
    assertThat(leastAllocated(() -> gets(OPERATIONS))).isZero();
    // Counted, each of them, without an allocation.
    assertThat((world.shard.statistics().reads().frame() - before) % (2L * OPERATIONS)).isZero();
    assertThat(world.shard.statistics().reads().frame()).isGreaterThan(before);
  }

  @Test
  void bufferedPutsAllocateNothing() {
    // These bring every key and the blocks it needs; later ones overwrite.
    puts(1_000_000);
    assertThat(leastAllocated(() -> puts(OPERATIONS))).isZero();
    assertThat(world.rows().view().frozen()).isEmpty();
  }

  @Test
  void getsOfBufferedKeysAllocateNothing() {
    puts(200_000);
    gets(100_000);
    assertThat(leastAllocated(() -> gets(OPERATIONS))).isZero();
  }

  @Test
  void getsAndPutsTakeNoLock() throws Exception {
    gets(200_000);
    puts(1_000_000);
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    Object cacheLock = field(PageCache.class, world.shard.cache(), "lock");
    Object rowsLock = field(Rows.class, world.rows(), "lock");
    View view = world.rows().view();
    Thread holder =
        new Thread(
            () -> {
              synchronized (world.shard.budget()) {
                synchronized (world.shard.background()) {
                  synchronized (cacheLock) {
                    synchronized (rowsLock) {
                      synchronized (view.active()) {
                        synchronized (view.root()) {
                          synchronized (view.active().buffer()) {
                            held.countDown();
                            await(done);
                          }
                        }
                      }
                    }
                  }
                }
              }
            });
    holder.start();
    held.await();
    // The owner is this thread; a watchdog lets the locks go if it hangs.
    CountDownLatch finished = new CountDownLatch(1);
    boolean[] hung = new boolean[1];
    Thread watchdog =
        new Thread(
            () -> {
              try {
                hung[0] = !finished.await(GUARD_SECONDS, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                hung[0] = true;
              }
              done.countDown();
            });
    watchdog.start();
    gets(10_000);
    puts(10_000);
    finished.countDown();
    watchdog.join();
    holder.join();
    assertThat(hung[0]).as("an operation of the owner waited for a lock").isFalse();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object field(Class<?> type, Object object, String name) throws Exception {
    Field field = type.getDeclaredField(name);
    field.setAccessible(true);
    return field.get(object);
  }
}
