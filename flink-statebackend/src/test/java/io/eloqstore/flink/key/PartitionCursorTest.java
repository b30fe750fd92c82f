/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.flink.fake.FakeEngine;
import io.eloqstore.flink.resource.SlotEngine;
import io.eloqstore.flink.resource.StateStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Walking a range over many batches, while it is changed, and past prefixes. */
class PartitionCursorTest {
  @TempDir Path directory;

  private SlotEngine engine;
  private StateStore store;
  private OwnedPartition partition;

  @BeforeEach
  void open() {
    engine = FakeEngine.open(1 << 20, false);
    store = engine.openStore(directory, StoreOptions.defaults());
    partition = store.openPartition(new PartitionId("t", 0));
  }

  @AfterEach
  void close() {
    partition.close();
    store.close();
    engine.close();
  }

  @Test
  void everyEntryIsSeenOnceInOrderOverManyBatches() {
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      keys.add(String.format("a%05d", i));
      put(keys.get(i));
    }
    put("b");
    assertThat(walk(new PartitionCursor(partition, KeyRange.prefix(bytes("a"))))).isEqualTo(keys);
  }

  @Test
  void emptyRangeHasNothing() {
    put("b");
    PartitionCursor cursor = new PartitionCursor(partition, KeyRange.prefix(bytes("a")));
    assertThat(cursor.next()).isFalse();
    assertThat(cursor.next()).isFalse();
  }

  @Test
  void entriesRemovedBehindTheBatchAreNotSeenAndWritingGoesOn() {
    for (int i = 0; i < 1000; i++) {
      put(String.format("a%05d", i));
    }
    PartitionCursor cursor = new PartitionCursor(partition, KeyRange.ALL);
    assertThat(cursor.next()).isTrue();
    partition.deleteRange(new KeyRange(bytes("a00500"), null));
    put("c");
    List<String> rest = walk(cursor);
    assertThat(rest).hasSize(500).endsWith("a00499", "c");
  }

  @Test
  void skippingAPrefixContinuesBehindItWhereverItEnds() {
    for (int seed = 0; seed < 30; seed++) {
      Random random = new Random(seed);
      partition.deleteRange(KeyRange.ALL);
      TreeSet<String> prefixes = new TreeSet<>();
      for (int i = 0; i < 50; i++) {
        String prefix = String.format("%03d", random.nextInt(1000));
        prefixes.add(prefix);
        for (int k = random.nextInt(100); k >= 0; k--) {
          put(prefix + random.nextInt());
        }
      }
      List<String> found = new ArrayList<>();
      PartitionCursor cursor = new PartitionCursor(partition, KeyRange.ALL);
      while (cursor.next()) {
        String prefix = key(cursor).substring(0, 3);
        found.add(prefix);
        cursor.skipPrefix(bytes(prefix));
      }
      assertThat(found).as("seed " + seed).isEqualTo(new ArrayList<>(prefixes));
    }
  }

  @Test
  void skippingTheLastPossiblePrefixEndsTheWalk() {
    byte[] last = {(byte) 0xff, (byte) 0xff, 1};
    partition.put(last, 0, last.length, last, 0, 1);
    PartitionCursor cursor = new PartitionCursor(partition, KeyRange.ALL);
    assertThat(cursor.next()).isTrue();
    cursor.skipPrefix(new byte[] {(byte) 0xff, (byte) 0xff});
    assertThat(cursor.next()).isFalse();
  }

  private void put(String key) {
    byte[] bytes = bytes(key);
    partition.put(bytes, 0, bytes.length, bytes, 0, bytes.length);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
  }

  private static List<String> walk(PartitionCursor cursor) {
    List<String> keys = new ArrayList<>();
    while (cursor.next()) {
      keys.add(key(cursor));
    }
    return keys;
  }

  private static String key(PartitionCursor cursor) {
    return new String(
        cursor.bytes(),
        cursor.keyOffset(),
        cursor.keyLength(),
        java.nio.charset.StandardCharsets.ISO_8859_1);
  }
}
