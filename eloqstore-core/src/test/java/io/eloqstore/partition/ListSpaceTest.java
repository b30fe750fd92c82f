/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.shard.Shard;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a list once held does not stay: rows are counted after clears and updates were flushed. */
class ListSpaceTest {
  private static final byte[] LIST = bytes("list");
  private static final byte[] OTHER = bytes("list1234567");

  @TempDir Path directory;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static int rows(OwnedPartition partition) {
    int count = 0;
    try (EntryIterator iterator = partition.iterator(KeyRange.ALL, false)) {
      while (iterator.next()) {
        count++;
      }
    }
    return count;
  }

  private static void append(OwnedPartition partition, byte[] key, String element) {
    byte[] bytes = bytes(element);
    partition.appendToList(key, 0, key.length, bytes, 0, bytes.length);
  }

  private static String read(OwnedPartition partition, byte[] key) {
    ValueBuffer value = new ValueBuffer();
    return partition.getList(key, 0, key.length, value)
        ? new String(value.bytes(), 0, value.length(), StandardCharsets.UTF_8)
        : null;
  }

  @Test
  void clearedAndReplacedListsLeaveNoRowsBehind() {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults());
        EloqStore store = EloqStore.open(shard, directory, StoreOptions.defaults())) {
      OwnedPartition partition = store.openPartition(new PartitionId("t", 0));
      append(partition, OTHER, "stays");
      for (int round = 0; round < 20; round++) {
        for (int chunk = 0; chunk < 5; chunk++) {
          append(partition, LIST, "r" + round + "c" + chunk + "x".repeat(1000));
          partition.commit(Map.of());
        }
        assertThat(rows(partition)).isLessThanOrEqualTo(4);
        if (round % 2 == 0) {
          partition.clearList(LIST, 0, LIST.length);
          partition.commit(Map.of());
          assertThat(rows(partition)).as("round " + round).isEqualTo(1);
          assertThat(read(partition, LIST)).isNull();
        } else {
          byte[] head = bytes("head" + round);
          partition.putList(LIST, 0, LIST.length, head, 0, head.length);
          append(partition, LIST, "tail");
          partition.commit(Map.of());
          assertThat(rows(partition)).as("round " + round).isEqualTo(2);
          assertThat(read(partition, LIST)).isEqualTo("head" + round + ",tail");
          partition.clearList(LIST, 0, LIST.length);
          partition.commit(Map.of());
        }
        assertThat(partition.approximateEntryCount()).isEqualTo(1);
      }
      assertThat(read(partition, OTHER)).isEqualTo("stays");
    }
  }

  @Test
  void ownersReadOfCachedChunksAllocatesNothing() {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults());
        EloqStore store = EloqStore.open(shard, directory, StoreOptions.defaults())) {
      OwnedPartition partition = store.openPartition(new PartitionId("t", 0));
      byte[] second = bytes("mist");
      append(partition, LIST, "tree");
      append(partition, second, "other");
      partition.commit(Map.of());
      append(partition, LIST, "buffer");
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      ValueBuffer value = new ValueBuffer();
      int rounds = 20_000;
      long before = 0;
      int found = 0;
      for (int round = 0; round < 2 * rounds; round++) {
        if (round == rounds) {
          before = threads.getCurrentThreadAllocatedBytes();
        }
        byte[] key = (round & 1) == 0 ? LIST : second;
        found += partition.getList(key, 0, key.length, value) ? value.length() : 0;
      }
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;
      assertThat(found).isEqualTo(rounds * ("tree,buffer".length() + "other".length()));
      assertThat(read(partition, LIST)).isEqualTo("tree,buffer");
      // The bean itself allocates a little: 0 bytes for each of the 20,000 reads.
      assertThat(allocated).isLessThan(rounds / 2);
    }
  }

  @Test
  void readsOfOneOwnerFollowFlushesAndKeyLengths() {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults());
        EloqStore store = EloqStore.open(shard, directory, StoreOptions.defaults())) {
      OwnedPartition partition = store.openPartition(new PartitionId("t", 0));
      StringBuilder expected = new StringBuilder();
      for (int round = 0; round < 12; round++) {
        append(partition, LIST, "e" + round);
        append(partition, OTHER, "o" + round);
        expected.append(round == 0 ? "" : ",").append('e').append(round);
        assertThat(read(partition, LIST)).isEqualTo(expected.toString());
        assertThat(read(partition, OTHER)).isEqualTo(expected.toString().replace('e', 'o'));
        assertThat(read(partition, bytes("none"))).isNull();
        if (round % 3 == 2) {
          partition.commit(Map.of());
          assertThat(read(partition, LIST)).isEqualTo(expected.toString());
        }
      }
    }
  }

  @Test
  void largeHeadKillsItsChunksToo() {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults());
        EloqStore store = EloqStore.open(shard, directory, StoreOptions.defaults())) {
      OwnedPartition partition = store.openPartition(new PartitionId("t", 0));
      append(partition, LIST, "dead");
      partition.commit(Map.of());
      byte[] head = bytes("h".repeat(50_000));
      partition.putList(LIST, 0, LIST.length, head, 0, head.length);
      append(partition, LIST, "live");
      partition.commit(Map.of());
      assertThat(rows(partition)).isEqualTo(2);
      assertThat(read(partition, LIST)).isEqualTo("h".repeat(50_000) + ",live");
    }
  }

  @Test
  void listWhoseKeyBeginsWithAnothersIsClearedBesideIt() {
    byte[] outer = {'a'};
    byte[] inner = {'a', 0};
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults());
        EloqStore store = EloqStore.open(shard, directory, StoreOptions.defaults())) {
      OwnedPartition partition = store.openPartition(new PartitionId("t", 0));
      for (int i = 0; i < 3; i++) {
        append(partition, outer, "outer");
        append(partition, inner, "inner");
        partition.commit(Map.of());
      }
      partition.clearList(outer, 0, outer.length);
      partition.clearList(inner, 0, inner.length);
      append(partition, inner, "new");
      partition.commit(Map.of());
      assertThat(read(partition, outer)).isNull();
      assertThat(read(partition, inner)).isEqualTo("new");
      assertThat(rows(partition)).isEqualTo(1);
    }
  }

  /** A thousand small appends, each flushed alone, end in rows of nearly a page. */
  @Test
  void chunksThatMeetAreJoinedUpToAPage() {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults());
        EloqStore store = EloqStore.open(shard, directory, StoreOptions.defaults())) {
      OwnedPartition partition = store.openPartition(new PartitionId("t", 0));
      append(partition, OTHER, "other");
      StringBuilder expected = new StringBuilder();
      for (int i = 0; i < 1000; i++) {
        String element = "element" + i;
        append(partition, LIST, element);
        expected.append(i == 0 ? "" : ",").append(element);
        partition.commit(Map.of());
        if (i == 500) {
          assertThat(read(partition, LIST)).isEqualTo(expected.toString());
        }
      }
      assertThat(read(partition, LIST)).isEqualTo(expected.toString());
      int pages = expected.length() / StoreOptions.defaults().pageBytes() + 1;
      assertThat(rows(partition)).isLessThanOrEqualTo(1 + pages + 1);
      partition.clearList(LIST, 0, LIST.length);
      append(partition, LIST, "new");
      partition.commit(Map.of());
      append(partition, LIST, "newer");
      partition.commit(Map.of());
      assertThat(read(partition, LIST)).isEqualTo("new,newer");
      assertThat(rows(partition)).isEqualTo(2);
      assertThat(read(partition, OTHER)).isEqualTo("other");
    }
  }
}
