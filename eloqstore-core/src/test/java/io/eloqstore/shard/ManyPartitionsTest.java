/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.EloqStore;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Thousands of small partitions on one shard: all can be written and read, and together they keep
 * within its memory and its open files. Method: a value says its partition, key and wave; the
 * backend counts what is open.
 */
class ManyPartitionsTest {
  private static final int KEYS = 1_000;
  private static final int VALUE_BYTES = 12;

  /** Every so manieth partition loses all its keys. */
  private static final int TRUNCATED = 7;

  /** Keys that a partition gets at a time. */
  private static final int BATCH = 20;

  /** One for the owner and one for the worker: a handle that is in an operation is not closed. */
  private static final int THREADS = 2;

  @TempDir Path temporary;
  private final byte[] key = new byte[Integer.BYTES];
  private final byte[] value = new byte[VALUE_BYTES];
  private final ValueBuffer found = new ValueBuffer();
  private final List<OwnedPartition> partitions = new ArrayList<>();
  private Shard shard;
  private int openFilesMax;
  private IoBackend counted;
  private int handlesMost;

  private void open(long budgetBytes, int files, Function<MemoryBudget, IoBackend> backend) {
    openFilesMax = files;
    shard =
        new Shard(
            budgetBytes, budget -> counted = backend.apply(budget), StoreClock.system(), files);
  }

  private EloqStore openStore(int count, StoreOptions options) {
    EloqStore store = EloqStore.open(shard, temporary.resolve("store"), options);
    partitions.clear();
    for (int i = 0; i < count; i++) {
      partitions.add(store.openPartition(new PartitionId("t", i)));
    }
    return store;
  }

  private void put(int partition, int number, int wave) {
    ByteBuffer.wrap(key).putInt(number);
    ByteBuffer.wrap(value).putInt(partition).putInt(number).putInt(wave);
    partitions.get(partition).put(key, 0, key.length, value, 0, value.length);
  }

  /** Every partition gets some keys at a time, so that all write buffers are in use. */
  private void writeInTurns(int wave, int end) {
    for (int from = 0; from < end; from += BATCH) {
      for (int partition = 0; partition < partitions.size(); partition++) {
        for (int number = from; number < from + BATCH; number++) {
          put(partition, number, wave);
        }
      }
      checkLimits();
    }
  }

  /** Each partition is left with a full buffer when the next one is written. */
  private void writeOneAfterTheOther(int wave, int from, int step) {
    for (int partition = 0; partition < partitions.size(); partition++) {
      for (int number = from; number < KEYS; number += step) {
        put(partition, number, wave);
      }
      if (partition % 100 == 0) {
        checkLimits();
      }
    }
  }

  private void checkLimits() {
    long used = 0;
    for (MemoryUse use : MemoryUse.values()) {
      used += shard.budget().used(use);
    }
    assertThat(used).isLessThanOrEqualTo(shard.budgetBytes());
    int handles = counted.openFiles() - partitions.size();
    handlesMost = Math.max(handlesMost, handles);
    assertThat(handles).isLessThanOrEqualTo(openFilesMax + THREADS);
  }

  private void check(int partition, int number, int wave) {
    ByteBuffer.wrap(key).putInt(number);
    boolean there = partitions.get(partition).get(key, 0, key.length, found);
    ByteBuffer bytes = ByteBuffer.wrap(found.bytes());
    if (there != (wave != 0)
        || there
            && (found.length() != VALUE_BYTES
                || bytes.getInt(0) != partition
                || bytes.getInt(4) != number
                || bytes.getInt(8) != wave)) {
      throw new AssertionError(
          "partition " + partition + ", key " + number + ", wave " + wave + ": found " + there);
    }
  }

  private void checkAll() {
    for (int partition = 0; partition < partitions.size(); partition++) {
      boolean isEmpty = partition % TRUNCATED == 0;
      for (int number = 0; number < KEYS; number++) {
        check(partition, number, isEmpty ? 0 : number % 2 == 0 ? 2 : 1);
      }
      if (partition % 100 == 0) {
        checkLimits();
      }
    }
  }

  private void run(int count, StoreOptions options) {
    try (EloqStore store = openStore(count, options)) {
      assertThat(store.listPartitions()).hasSize(count);
      int inTurns = KEYS / 4;
      writeInTurns(1, inTurns);
      writeOneAfterTheOther(1, inTurns, 1);
      partitions.forEach(partition -> partition.commit(Map.of()));
      writeOneAfterTheOther(2, 0, 2);
      for (int partition = 0; partition < count; partition += TRUNCATED) {
        partitions.get(partition).deleteRange(KeyRange.ALL);
      }
      checkAll();
      partitions.forEach(partition -> partition.commit(Map.of()));
    }
    try (EloqStore store = openStore(count, options)) {
      assertThat(store.listPartitions()).hasSize(count);
      checkAll();
    }
    assertThat(handlesMost)
        .as("there were more files than handles")
        .isGreaterThan(openFilesMax * 9 / 10);
    shard.close();
  }

  @Test
  void threeThousandInMemory() {
    open(
        64L << 20,
        ShardOptions.OPEN_FILES_MAX_DEFAULT,
        budget -> MemoryBackend.plain(budget.arena()));
    run(3_000, StoreOptions.defaults());
  }

  /** The same in proportion: a directory is forced for each new partition, and disks differ. */
  @Test
  void aThousandOnDisk() {
    open(21L << 20, 167, budget -> NioBackend.buffered(budget.arena()));
    run(1_000, StoreOptions.defaults().withDurability(StoreOptions.Durability.NEVER));
  }
}
