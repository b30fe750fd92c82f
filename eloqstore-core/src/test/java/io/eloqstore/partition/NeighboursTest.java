/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.EntryBuffer;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.MemoryBackend;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Floor, ceiling, lower, higher, and the reads and writes of one request that look at several keys.
 * Random operations against a model are in {@link PartitionModelTest}.
 */
class NeighboursTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withRestartIntervals(4, 4)
          .withDurability(StoreOptions.Durability.NEVER);

  private final PartitionWorld world =
      new PartitionWorld(
          4 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), OPTIONS);
  private final EntryBuffer found = new EntryBuffer();

  @AfterEach
  void close() {
    world.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void put(String key, String value) {
    world.put(bytes(key), bytes(value));
  }

  private OwnedPartition partition() {
    return world.partition();
  }

  private String entry(boolean any) {
    return any
        ? new String(found.keyToByteArray(), StandardCharsets.UTF_8)
            + "="
            + new String(found.value().toByteArray(), StandardCharsets.UTF_8)
        : null;
  }

  private String floor(String key) {
    byte[] bytes = bytes("?" + key);
    return entry(partition().floor(bytes, 1, bytes.length - 1, found));
  }

  private String ceiling(String key) {
    byte[] bytes = bytes("?" + key);
    return entry(partition().ceiling(bytes, 1, bytes.length - 1, found));
  }

  private String lower(String key) {
    byte[] bytes = bytes("?" + key);
    return entry(partition().lower(bytes, 1, bytes.length - 1, found));
  }

  private String higher(String key) {
    byte[] bytes = bytes("?" + key);
    return entry(partition().higher(bytes, 1, bytes.length - 1, found));
  }

  @Test
  void neighboursOfPresentAndAbsentKeysAndAtTheEnds() {
    assertThat(floor("b")).isNull();
    assertThat(ceiling("b")).isNull();
    put("b", "1");
    put("ba", "2");
    put("d", "3");
    for (String where : List.of("buffer", "tree")) {
      assertThat(floor("b")).as(where).isEqualTo("b=1");
      assertThat(ceiling("b")).as(where).isEqualTo("b=1");
      assertThat(lower("b")).as(where).isNull();
      assertThat(higher("b")).as(where).isEqualTo("ba=2");
      assertThat(floor("b0")).as(where).isEqualTo("b=1");
      assertThat(lower("c")).as(where).isEqualTo("ba=2");
      assertThat(ceiling("c")).as(where).isEqualTo("d=3");
      assertThat(higher("d")).as(where).isNull();
      assertThat(floor("a")).as(where).isNull();
      assertThat(ceiling("e")).as(where).isNull();
      assertThat(floor("z")).as(where).isEqualTo("d=3");
      world.settle();
    }
  }

  /** The C++ engine answers with the expiry of the next key (features, bug 10). */
  @Test
  void floorAnswersWithTheTimesOfItsOwnEntry() {
    for (int i = 0; i < 500; i++) {
      long expireTs = i % 3 == 0 ? 0 : 2_000_000 + i;
      world.put(bytes(key(i)), bytes("v" + i), 1000 - i, expireTs);
    }
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 500; i++) {
        long expireTs = i % 3 == 0 ? 0 : 2_000_000 + i;
        for (String answer :
            List.of(floor(key(i)), floor(key(i) + "x"), lower(key(i) + "x"), ceiling(key(i)))) {
          assertThat(answer).isEqualTo(key(i) + "=v" + i);
        }
        assertThat(floor(key(i) + "x")).isNotNull();
        assertThat(found.value().expireTs()).as("expiry of %s", key(i)).isEqualTo(expireTs);
        assertThat(found.value().timestamp()).as("timestamp of %s", key(i)).isEqualTo(1000 - i);
      }
      world.settle();
    }
  }

  private static String key(int number) {
    return String.format("key%04d", number);
  }

  @Test
  void expiredEntriesAreNoNeighbours() {
    put("a", "1");
    world.put(bytes("b"), bytes("2"), 5, 1_000_010);
    world.put(bytes("c"), bytes("3"), 5, 1_000_020);
    put("d", "4");
    for (String where : List.of("buffer", "tree")) {
      world.nowMs.set(1_000_009);
      assertThat(floor("b5")).as(where).isEqualTo("b=2");
      world.nowMs.set(1_000_010);
      assertThat(floor("b5")).as(where).isEqualTo("a=1");
      assertThat(ceiling("b")).as(where).isEqualTo("c=3");
      world.nowMs.set(1_000_020);
      assertThat(floor("c")).as(where).isEqualTo("a=1");
      assertThat(higher("a")).as(where).isEqualTo("d=4");
      world.nowMs.set(1_000_000);
      world.settle();
    }
  }

  @Test
  void neighboursWithLargeValues() {
    String large = "x".repeat(300_000);
    put("a", large);
    put("c", large + "c");
    for (int round = 0; round < 2; round++) {
      assertThat(floor("b")).isEqualTo("a=" + large);
      assertThat(higher("a")).isEqualTo("c=" + large + "c");
      put("bb", "small");
      assertThat(floor("b")).isEqualTo("a=" + large);
      assertThat(lower("c")).isEqualTo("bb=small");
      world.delete(bytes("bb"));
      world.settle();
    }
  }

  @Test
  void neighboursOfLongKeysInBuckets() {
    String prefix = "p".repeat(OPTIONS.bucketPrefixBytes());
    put("p", "short");
    put("q", "behind");
    for (int i = 0; i < 40; i++) {
      // A few fit a bucket: the prefix has several.
      put(prefix + key(i), "v" + i + "y".repeat(6000));
    }
    world.put(bytes(prefix + "z"), bytes("gone"), 1, 1_000_001);
    world.nowMs.set(1_000_001);
    for (int round = 0; round < 2; round++) {
      assertThat(higher("p")).startsWith(prefix + key(0) + "=v0y");
      assertThat(lower(prefix + key(0))).isEqualTo("p=short");
      assertThat(floor(prefix)).isEqualTo("p=short");
      assertThat(floor("pz")).startsWith(prefix + key(39) + "=v39y");
      for (int i = 0; i < 39; i++) {
        assertThat(floor(prefix + key(i) + "0")).startsWith(prefix + key(i) + "=v" + i + "y");
        assertThat(lower(prefix + key(i + 1))).startsWith(prefix + key(i) + "=v" + i + "y");
        assertThat(higher(prefix + key(i))).startsWith(prefix + key(i + 1) + "=v" + (i + 1) + "y");
      }
      assertThat(higher(prefix + key(39))).isEqualTo("q=behind");
      world.settle();
    }
  }

  @Test
  void neighboursLookThroughRangeDeletesOfSeveralFrozenBuffers() {
    try (SteppedShard shard = new SteppedShard(4 << 20)) {
      Partition partition = shard.open(1, OPTIONS);
      for (int i = 0; i < 1000; i++) {
        putNumber(partition, i, "tree");
      }
      partition.flush();
      shard.work();
      partition.deleteRange(new KeyRange(bytes(key(100)), bytes(key(900))));
      partition.flush();
      putNumber(partition, 500, "frozen");
      partition.flush();
      partition.deleteRange(new KeyRange(bytes(key(500)), bytes(key(501))));
      putNumber(partition, 600, "frozen");
      partition.flush();
      putNumber(partition, 700, "active");
      partition.deleteRange(new KeyRange(bytes(key(950)), null));
      for (int round = 0; round < 2; round++) {
        assertThat(neighbours(partition, 550)).containsExactly("99=tree", "600=frozen");
        assertThat(neighbours(partition, 650)).containsExactly("600=frozen", "700=active");
        assertThat(neighbours(partition, 800)).containsExactly("700=active", "900=tree");
        assertThat(neighbours(partition, 960)).containsExactly("949=tree", "none");
        partition.flush();
        shard.work();
      }
      partition.close();
    }
  }

  private static void putNumber(OwnedPartition partition, int number, String value) {
    byte[] key = bytes(key(number));
    partition.put(key, 0, key.length, bytes(value), 0, value.length());
  }

  private List<String> neighbours(OwnedPartition partition, int number) {
    byte[] key = bytes(key(number));
    List<String> both = new ArrayList<>();
    both.add(partition.floor(key, 0, key.length, found) ? numbered() : "none");
    both.add(partition.ceiling(key, 0, key.length, found) ? numbered() : "none");
    return both;
  }

  private String numbered() {
    return Integer.parseInt(entry(true).substring(3, 7)) + entry(true).substring(7);
  }

  // ---- several keys at once
  // -----------------------------------------------------------------------

  @Test
  void multiGetAnswersInTheOrderOfItsKeys() {
    String longKey = "l".repeat(5000);
    String large = "x".repeat(100_000);
    put("a", "1");
    put("b", large);
    world.settle();
    put(longKey, "3");
    world.put(bytes("gone"), bytes("4"), 1, 1_000_000);
    byte[][] keys = {
      bytes("b"), bytes("no"), bytes(longKey), bytes("a"), bytes("gone"), bytes("a")
    };
    String[] answers = new String[keys.length];
    List<Integer> order = new ArrayList<>();
    partition()
        .multiGet(
            keys,
            new ValueBuffer(),
            (index, value) -> {
              order.add(index);
              answers[index] =
                  value == null ? null : new String(value.toByteArray(), StandardCharsets.UTF_8);
            });
    assertThat(order).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(answers).containsExactly(large, null, "3", "1", null, "1");
  }

  @Test
  void putIfAbsentPutsOnlyWhereNothingIsSeen() {
    byte[] key = bytes("k");
    byte[] longKey = bytes("l".repeat(5000));
    for (byte[] each : List.of(key, longKey)) {
      assertThat(partition().putIfAbsent(each, 0, each.length, bytes("1"), 0, 1)).isTrue();
      assertThat(partition().putIfAbsent(each, 0, each.length, bytes("2"), 0, 1)).isFalse();
      world.settle();
      assertThat(partition().putIfAbsent(each, 0, each.length, bytes("3"), 0, 1)).isFalse();
      assertThat(world.get(each)).isEqualTo(bytes("1"));
      world.put(each, bytes("4"), 7, 1_000_100);
      world.nowMs.set(1_000_100);
      assertThat(partition().putIfAbsent(each, 0, each.length, bytes("5"), 0, 1)).isTrue();
      assertThat(world.get(each)).isEqualTo(bytes("5"));
      world.nowMs.set(1_000_000);
    }
  }

  @Test
  void deleteFromRemovesAPositionAndWhatLiesBehind() {
    for (int i = 0; i < 2000; i++) {
      put(key(i), "v");
    }
    world.settle();
    String large = "x".repeat(5_000);
    put(key(1999), large);
    partition().deleteFrom(bytes(key(1000)));
    assertThat(floor("z")).isEqualTo(key(999) + "=v");
    world.settle();
    assertThat(floor("z")).isEqualTo(key(999) + "=v");
    assertThat(world.get(bytes(key(0)))).isEqualTo(bytes("v"));
    partition().deleteFrom(new byte[0]);
    assertThat(ceiling("\0")).isNull();
    put("again", "1");
    partition().deleteFrom(bytes("b"));
    assertThat(ceiling("\0")).isEqualTo("again=1");
    world.commit();
    world.verifyTrees("after truncating");
    world.reopen();
    assertThat(ceiling("\0")).isEqualTo("again=1");
    assertThat(partition().approximateEntryCount()).isEqualTo(1);
  }

  @Test
  void prefixScanSeesItsPrefixAndNothingElse() {
    byte[][] keys = {
      bytes("a"),
      {(byte) 0xff},
      {(byte) 0xff, 1},
      {(byte) 0xff, (byte) 0xff},
      bytes("ab"),
      bytes("abc"),
      bytes("ac"),
      bytes("b")
    };
    for (byte[] key : keys) {
      world.put(key, key);
    }
    assertThat(keysWith(bytes("ab"))).containsExactly(bytes("ab"), bytes("abc"));
    assertThat(keysWith(new byte[] {(byte) 0xff})).hasSize(3);
    assertThat(keysWith(new byte[0])).hasSize(keys.length);
    assertThat(keysWith(bytes("x"))).isEmpty();
  }

  private List<byte[]> keysWith(byte[] prefix) {
    List<byte[]> seen = new ArrayList<>();
    try (var iterator = partition().iterator(KeyRange.prefix(prefix), false)) {
      while (iterator.next()) {
        seen.add(Arrays.copyOf(iterator.key(), iterator.keyLength()));
      }
    }
    return seen;
  }
}
