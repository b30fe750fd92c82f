/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.reference.ReferenceVerifier;
import io.eloqstore.shard.Shard;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every user does first: put, get, scan, commit, reopen. */
class PartitionBasicsTest {
  private static final PartitionId ID = new PartitionId("t", 0);
  private static final StoreOptions OPTIONS = StoreOptions.defaults();

  @TempDir Path directory;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void put(OwnedPartition partition, String key, String value) {
    byte[] k = bytes(key);
    byte[] v = bytes(value);
    partition.put(k, 0, k.length, v, 0, v.length);
  }

  private static String get(OwnedPartition partition, String key) {
    ValueBuffer value = new ValueBuffer();
    byte[] k = bytes(key);
    return partition.get(k, 0, k.length, value)
        ? new String(value.bytes(), 0, value.length(), StandardCharsets.UTF_8)
        : null;
  }

  private static int count(OwnedPartition partition) {
    int count = 0;
    try (EntryIterator iterator = partition.iterator(KeyRange.ALL, false)) {
      while (iterator.next()) {
        count++;
      }
    }
    return count;
  }

  @Test
  void whatWasCommittedIsThereAfterReopening() throws Exception {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults())) {
      try (EloqStore store = EloqStore.open(shard, directory, OPTIONS)) {
        OwnedPartition partition = store.openPartition(ID);
        for (int i = 0; i < 50_000; i++) {
          put(partition, "key" + i, "value" + i);
        }
        put(partition, "large", "x".repeat(100_000));
        assertThat(get(partition, "key77")).isEqualTo("value77");
        partition.commit(Map.of("offset", bytes("12")));
        put(partition, "key77", "lost");
        assertThat(get(partition, "key77")).isEqualTo("lost");
        assertThat(count(partition)).isEqualTo(50_001);
      }
      try (EloqStore store = EloqStore.open(shard, directory, OPTIONS)) {
        OwnedPartition partition = store.openPartition(ID);
        assertThat(get(partition, "key77")).isEqualTo("value77");
        assertThat(get(partition, "key49999")).isEqualTo("value49999");
        assertThat(get(partition, "absent")).isNull();
        assertThat(get(partition, "large")).isEqualTo("x".repeat(100_000));
        assertThat(partition.metadata().get("offset")).isEqualTo(bytes("12"));
        assertThat(count(partition)).isEqualTo(50_001);
        assertThat(partition.approximateEntryCount()).isEqualTo(50_001);
        partition.deleteRange(KeyRange.prefix(bytes("key1")));
        assertThat(get(partition, "key1234")).isNull();
        put(partition, "key1", "again");
        partition.commit(Map.of());
        assertThat(get(partition, "key1")).isEqualTo("again");
        assertThat(get(partition, "key1234")).isNull();
        assertThat(count(partition)).isEqualTo(50_001 - 11_111 + 1);
      }
    }
    assertThat(
            ReferenceVerifier.verify(
                directory.resolve("t.0"), OPTIONS.pageBytes(), OPTIONS.pagesPerFileShift()))
        .filteredOn(finding -> !finding.contains("unreachable") && !finding.contains("reachable"))
        .isEmpty();
  }
}
