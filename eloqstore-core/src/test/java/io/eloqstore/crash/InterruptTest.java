/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An interrupt closes a {@code FileChannel} under everybody who reads through it. Nobody gets to
 * feel that: not the interrupted thread, not the others, not the partition.
 */
@Timeout(60)
class InterruptTest {
  private static final PartitionId ID = new PartitionId("t", 0);
  private static final int KEYS = 12_000;
  private static final int READERS = 4;
  private static final int READS = 1_500;

  @TempDir Path directory;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final AtomicInteger interrupted = new AtomicInteger();

  private static String key(int number) {
    return String.format("key%06d", number);
  }

  /** Every version of a value begins so. */
  private static String value(int number) {
    return number + ":" + "-".repeat(300);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void interruptedReadersDisturbNobody(boolean direct) throws Exception {
    // The cache holds half of the data, so that the others are read from the disk.
    ShardOptions small = ShardOptions.defaults().withBudgetBytes(3 << 20).withDirectIo(direct);
    try (Shard shard = EloqStore.openShard(small);
        EloqStore store =
            EloqStore.open(shard, directory, StoreOptions.defaults().withPagesPerFileShift(7))) {
      TextPartition partition = new TextPartition(store.openPartition(ID));
      for (int i = 0; i < KEYS; i++) {
        partition.put(key(i), value(i));
      }
      partition.commit(1);
      CountDownLatch reading = new CountDownLatch(READERS);
      List<Thread> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        int seed = i;
        Thread reader = new Thread(() -> read(partition.partition(), seed, reading), "reader" + i);
        readers.add(reader);
        reader.start();
      }
      Random random = new Random(77);
      int round = 2;
      for (; reading.getCount() > 0; round++) {
        readers.get(random.nextInt(READERS)).interrupt();
        int number = random.nextInt(KEYS);
        partition.put(key(number), value(number) + round);
        assertThat(partition.get(key(number))).isEqualTo(value(number) + round);
        if (round % 64 == 0) {
          partition.commit(round);
        }
      }
      for (Thread reader : readers) {
        reader.join();
      }
      if (failure.get() != null) {
        throw new AssertionError("a reader failed", failure.get());
      }
      assertThat(interrupted.get()).isGreaterThan(READERS * READS / 8);
      partition.commit(round);
      assertThat(partition.version()).isEqualTo(round);
      assertThat(partition.entries()).hasSize(KEYS);
    }
    // Closing the shard fails if a file or memory leaked.
  }

  private void read(OwnedPartition partition, int seed, CountDownLatch reading) {
    try {
      Random random = new Random(seed);
      ValueBuffer value = new ValueBuffer();
      for (int i = 0; i < READS; i++) {
        boolean mine = i % 8 == 0;
        if (mine) {
          Thread.currentThread().interrupt();
        }
        int number = random.nextInt(KEYS);
        byte[] key = TextPartition.bytes(key(number));
        assertThat(partition.get(key, 0, key.length, value)).as(key(number)).isTrue();
        assertThat(TextPartition.text(value.bytes(), value.length())).startsWith(value(number));
        boolean kept = Thread.interrupted();
        assertThat(kept || !mine).as("the interrupt of read " + i + " is kept").isTrue();
        interrupted.addAndGet(kept ? 1 : 0);
      }
    } catch (Throwable e) {
      failure.compareAndSet(null, e);
    } finally {
      reading.countDown();
    }
  }
}
