/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import static io.eloqstore.task.ServedWorld.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ScanPage;
import io.eloqstore.api.ServeDurability;
import io.eloqstore.api.ServeOptions;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.ServedScan;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoredEntry;
import io.eloqstore.api.WriteBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Many threads on served partitions. Method of the C++ suite's ConcurrencyTester: writers rewrite
 * whole segments of keys so that the sum of each stays what it is; a reader that finds another sum
 * saw half of a batch.
 */
class ServedConcurrencyTest {
  private static final int SEGMENTS = 4;
  private static final int KEYS = 16;
  private static final int BATCHES = 150;

  private static byte[] prefix(int segment) {
    return new byte[] {'s', (byte) segment};
  }

  private static byte[] key(int segment, int number) {
    return new byte[] {'s', (byte) segment, (byte) number};
  }

  /** Numbers that add up to the segment's; large values among them. */
  private static WriteBatch rewritten(Random random, int segment, long timestamp) {
    WriteBatch batch = new WriteBatch();
    long left = 1000L * segment;
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < KEYS; i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
    for (int i = 0; i < KEYS; i++) {
      long number = i == KEYS - 1 ? left : random.nextInt(1000);
      left -= number;
      int length = random.nextInt(40) == 0 ? 9000 : Long.BYTES + random.nextInt(100);
      byte[] value = ByteBuffer.allocate(length).putLong(number).array();
      batch.put(key(segment, order.get(i)), value, timestamp);
    }
    return batch;
  }

  private static void check(Collection<StoredEntry> entries, int segment, String where) {
    long sum = 0;
    assertThat(entries).as(where).hasSize(KEYS);
    long timestamp = entries.iterator().next().timestamp();
    for (StoredEntry entry : entries) {
      assertThat(entry.timestamp()).as(where + ": entries of two batches").isEqualTo(timestamp);
      sum += ByteBuffer.wrap(entry.value()).getLong();
    }
    assertThat(sum).as(where).isEqualTo(1000L * segment);
  }

  @Test
  void readersSeeWholeBatches() throws Exception {
    for (ServeDurability durability :
        List.of(ServeDurability.eachCommit(), ServeDurability.onClose())) {
      readersSeeWholeBatches(durability);
    }
  }

  private static void readersSeeWholeBatches(ServeDurability durability) throws Exception {
    long seed = 3;
    String where = durability.when() + ", seed " + seed;
    ExecutorService threads = Executors.newFixedThreadPool(6);
    AtomicBoolean stop = new AtomicBoolean();
    try (ServedWorld world = new ServedWorld(2 << 20)) {
      ServedPartition partition = world.serve(durability);
      for (int segment = 0; segment < SEGMENTS; segment++) {
        partition.blocking().write(rewritten(new Random(seed), segment, 0));
      }
      AtomicLong timestamps = new AtomicLong();
      List<Future<?>> writers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        Random random = new Random(seed + i);
        writers.add(
            threads.submit(
                () -> {
                  for (int n = 0; n < BATCHES; n++) {
                    partition
                        .blocking()
                        .write(
                            rewritten(
                                random, random.nextInt(SEGMENTS), timestamps.incrementAndGet()));
                    if (random.nextInt(20) == 0) {
                      partition.blocking().flush();
                    }
                  }
                }));
      }
      List<Future<Long>> readers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        readers.add(threads.submit(reader(partition, stop, new Random(seed * 31 + i), where)));
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
      stop.set(true);
      for (Future<Long> reader : readers) {
        assertThat(reader.get()).as(where).isPositive();
      }
      if (durability.when() == ServeDurability.When.EACH_COMMIT) {
        assertThat(world.manifestRecords()).isLessThanOrEqualTo(3 * BATCHES + SEGMENTS);
      }
      partition.close();
      ServedPartition again = world.serve();
      for (int segment = 0; segment < SEGMENTS; segment++) {
        ScanPage page =
            again.blocking().prefixScan(prefix(segment), Integer.MAX_VALUE, Long.MAX_VALUE);
        check(page.entries(), segment, where + ", reopened");
      }
    } finally {
      stop.set(true);
      threads.shutdown();
    }
  }

  private static Callable<Long> reader(
      ServedPartition partition, AtomicBoolean stop, Random random, String where) {
    return () -> {
      long reads = 0;
      while (!stop.get() || reads == 0) {
        int segment = random.nextInt(SEGMENTS);
        switch (random.nextInt(3)) {
          case 0 -> {
            ScanPage page =
                partition.blocking().prefixScan(prefix(segment), Integer.MAX_VALUE, Long.MAX_VALUE);
            check(page.entries(), segment, where + ", scan");
          }
          case 1 -> {
            List<byte[]> keys = new ArrayList<>();
            for (int i = 0; i < KEYS; i++) {
              keys.add(key(segment, i));
            }
            check(partition.blocking().multiRead(keys), segment, where + ", multiRead");
          }
          default -> {
            boolean reverse = random.nextBoolean();
            List<StoredEntry> entries = new ArrayList<>();
            try (ServedScan scan =
                partition.blocking().openScan(KeyRange.prefix(prefix(segment)), reverse)) {
              ScanPage page;
              do {
                page = scan.awaitNext(1 + random.nextInt(6), Long.MAX_VALUE);
                entries.addAll(page.entries());
              } while (page.hasRemaining());
            }
            check(entries, segment, where + ", pages");
          }
        }
        reads++;
      }
      return reads;
    };
  }

  /** Several partitions share the serving thread and a small budget; each is as its model says. */
  @Test
  void partitionsOfAShardDoNotDisturbEachOther() throws Exception {
    long seed = 17;
    int partitions = 8;
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (ServedWorld world = new ServedWorld(2 << 20)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int i = 0; i < partitions; i++) {
        ServeDurability durability =
            i % 2 == 0 ? ServeDurability.eachCommit() : ServeDurability.onClose();
        PartitionId id = new PartitionId("shared", i);
        ServedPartition partition =
            world.store.servePartition(id, ServeOptions.defaults().withDurability(durability));
        Random random = new Random(seed + i);
        runs.add(threads.submit(() -> run(partition, random, "seed " + seed + ", " + id)));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    } finally {
      threads.shutdown();
    }
  }

  /** The C++ suite's many partitions on one shard: two waves of writes, then truncation. */
  @Test
  void hundredsOfPartitionsOnOneShard() {
    int count = 300;
    try (ServedWorld world = new ServedWorld(8 << 20)) {
      List<ServedPartition> partitions = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        partitions.add(
            world.store.servePartition(new PartitionId("many", i), ServeOptions.defaults()));
      }
      for (int wave = 1; wave <= 2; wave++) {
        List<CompletableFuture<?>> writes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          WriteBatch batch = new WriteBatch();
          for (int n = 0; n < 50; n++) {
            batch.put(numbered(n), ByteBuffer.allocate(100).putInt(i + wave).array(), wave);
          }
          writes.add(partitions.get(i).write(batch));
        }
        CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
      }
      List<CompletableFuture<?>> truncations = new ArrayList<>();
      partitions.forEach(each -> truncations.add(each.truncate(numbered(10))));
      CompletableFuture.allOf(truncations.toArray(CompletableFuture[]::new)).join();
      for (int i = 0; i < count; i++) {
        ScanPage page =
            partitions.get(i).blocking().scan(KeyRange.ALL, false, 1000, Long.MAX_VALUE);
        assertThat(page.entries()).as("partition " + i).hasSize(10);
        assertThat(ByteBuffer.wrap(page.entries().get(9).value()).getInt()).isEqualTo(i + 2);
      }
    }
  }

  private static void run(ServedPartition partition, Random random, String where) {
    TreeMap<Integer, Integer> model = new TreeMap<>();
    List<CompletableFuture<?>> pending = new ArrayList<>();
    for (int n = 0; n < 400; n++) {
      int number = random.nextInt(500);
      if (random.nextInt(20) == 0) {
        int to = number + random.nextInt(50);
        pending.add(partition.deleteRange(new KeyRange(numbered(number), numbered(to))));
        model.subMap(number, to).clear();
      } else if (random.nextInt(100) == 0) {
        pending.add(partition.truncate(numbered(number)));
        model.tailMap(number).clear();
      } else {
        byte[] value = ByteBuffer.allocate(4 + random.nextInt(2000)).putInt(n).array();
        pending.add(partition.write(new WriteBatch().put(numbered(number), value, n)));
        model.put(number, n);
      }
      if (random.nextInt(10) == 0) {
        StoredEntry found = partition.blocking().floor(numbered(number));
        Map.Entry<Integer, Integer> wanted = model.floorEntry(number);
        assertThat(found == null ? null : ByteBuffer.wrap(found.value()).getInt())
            .as(where)
            .isEqualTo(wanted == null ? null : wanted.getValue());
      }
    }
    CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new)).join();
    ScanPage page =
        partition.blocking().scan(KeyRange.ALL, false, Integer.MAX_VALUE, Long.MAX_VALUE);
    assertThat(page.entries().stream().map(e -> ByteBuffer.wrap(e.value()).getInt()))
        .as(where)
        .containsExactlyElementsOf(model.values());
    partition.close();
    assertFails(partition.read(numbered(1)), StoreErrorCode.CLOSED);
  }

  private static byte[] numbered(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }
}
