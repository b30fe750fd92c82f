/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static io.eloqstore.partition.CompressedWorld.ALONE;
import static io.eloqstore.partition.CompressedWorld.COMPRESSED;
import static io.eloqstore.partition.CompressedWorld.DICTIONARY;
import static io.eloqstore.partition.CompressedWorld.OVERFLOW;
import static io.eloqstore.partition.CompressedWorld.RAW;
import static io.eloqstore.partition.CompressedWorld.committed;
import static io.eloqstore.partition.CompressedWorld.flags;
import static io.eloqstore.partition.CompressedWorld.key;
import static io.eloqstore.partition.CompressedWorld.noise;
import static io.eloqstore.partition.CompressedWorld.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.reference.ReferenceEntry;
import io.eloqstore.reference.ReferenceStore;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Values are compressed by the rules of the format and read as they were put, wherever they are.
 * Stores are checked by the independent reader.
 */
class PartitionCompressionTest {
  private static final int TEN_MIB = 10 << 20;

  @TempDir Path directory;

  private static void check(PartitionWorld world, Map<String, byte[]> values) {
    values.forEach(
        (name, value) -> assertThat(Arrays.equals(world.get(key(name)), value)).as(name).isTrue());
    try (EntryIterator iterator = world.partition().iterator(new KeyRange(null, key("~")), false)) {
      for (Map.Entry<String, byte[]> wanted : new TreeMap<>(values).entrySet()) {
        assertThat(iterator.next()).isTrue();
        assertThat(Arrays.copyOf(iterator.key(), iterator.keyLength()))
            .isEqualTo(key(wanted.getKey()));
        assertThat(Arrays.equals(iterator.value().toByteArray(), wanted.getValue())).isTrue();
      }
      assertThat(iterator.next()).isFalse();
    }
  }

  /** Puts, and reads from the active buffer, from the tree, and after a reopening. */
  private static ReferenceStore write(PartitionWorld world, Map<String, byte[]> values)
      throws IOException {
    values.forEach((name, value) -> world.put(key(name), value));
    check(world, values);
    world.settle();
    check(world, values);
    world.verifyTrees("flushed");
    world.reopenAfterCommit();
    check(world, values);
    return committed(world);
  }

  @Test
  void thresholdsWithADictionary() throws IOException {
    Map<String, byte[]> values = new HashMap<>();
    values.put("99", text(1, 99));
    values.put("100", text(2, 100));
    values.put("empty", new byte[0]);
    values.put("noise", noise(3, 400));
    values.put("ten", text(4, TEN_MIB));
    values.put("ten less", text(5, TEN_MIB - 1));
    values.put("ten more", text(6, TEN_MIB + 1));
    values.put("ten noise", noise(7, TEN_MIB));
    values.put("ten noise more", noise(8, TEN_MIB + 1));
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      ReferenceStore store = write(world, values);
      assertThat(flags(store, "99", values.get("99"))).isZero();
      assertThat(flags(store, "100", values.get("100"))).isEqualTo(DICTIONARY);
      assertThat(flags(store, "empty", values.get("empty"))).isZero();
      assertThat(flags(store, "noise", values.get("noise"))).isZero();
      assertThat(flags(store, "ten", values.get("ten"))).isEqualTo(OVERFLOW | DICTIONARY);
      assertThat(flags(store, "ten less", values.get("ten less"))).isEqualTo(OVERFLOW | DICTIONARY);
      assertThat(flags(store, "ten more", values.get("ten more"))).isEqualTo(OVERFLOW | ALONE);
      assertThat(flags(store, "ten noise", values.get("ten noise"))).isEqualTo(OVERFLOW);
      assertThat(flags(store, "ten noise more", values.get("ten noise more"))).isEqualTo(OVERFLOW);
      CompressedWorld.checkTrainingValues(world);
    }
  }

  @Test
  void withoutADictionaryOnlyTheLargestAreCompressed() throws IOException {
    Map<String, byte[]> values = new HashMap<>();
    values.put("100", text(1, 100));
    values.put("page", text(2, 3000));
    values.put("ten", new byte[TEN_MIB]);
    values.put("ten more", new byte[TEN_MIB + 1]);
    values.put("ten more text", text(3, TEN_MIB + 1));
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      ReferenceStore store = write(world, values);
      assertThat(store.manifest().dictionary()).isEmpty();
      assertThat(flags(store, "100", values.get("100"))).isZero();
      assertThat(flags(store, "page", values.get("page"))).isZero();
      assertThat(flags(store, "ten", values.get("ten"))).isEqualTo(OVERFLOW);
      // So small that it needs no page of its own.
      assertThat(flags(store, "ten more", values.get("ten more"))).isEqualTo(ALONE);
      assertThat(flags(store, "ten more text", values.get("ten more text")))
          .isEqualTo(OVERFLOW | ALONE);
    }
  }

  @Test
  void largeValuesAreCompressedBeforeTheyAreSplit() throws IOException {
    Map<String, byte[]> values = new HashMap<>();
    values.put("fits a leaf then", text(1, 9_000));
    values.put("fits a page less", text(2, 200_000));
    values.put("noise", noise(3, 9_000));
    values.put("zeros", new byte[300_000]);
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      ReferenceStore store = write(world, values);
      assertThat(flags(store, "fits a leaf then", values.get("fits a leaf then")))
          .isEqualTo(DICTIONARY);
      assertThat(flags(store, "fits a page less", values.get("fits a page less")))
          .isEqualTo(OVERFLOW | DICTIONARY);
      assertThat(flags(store, "noise", values.get("noise"))).isEqualTo(OVERFLOW);
      assertThat(flags(store, "zeros", values.get("zeros"))).isEqualTo(DICTIONARY);
      // Overwritten by small ones and deleted: no page stays behind.
      values.replaceAll((name, value) -> text(9, 50));
      write(world, values);
      world.partition().deleteRange(new KeyRange(null, key("~")));
      world.settle();
      world.verifyTrees("deleted");
    }
  }

  @Test
  void edgeBetweenLeafAndPageIsThatOfTheCompressedValue() throws IOException {
    // Noise with a compressible end: the frame's length grows byte by byte with the noise.
    Map<String, byte[]> values = new HashMap<>();
    for (int noise = 3950; noise < 4100; noise++) {
      byte[] value = Arrays.copyOf(noise(noise, noise), 6000);
      values.put("k" + noise, value);
    }
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      ReferenceStore store = write(world, values);
      Map<Integer, Integer> kinds = new HashMap<>();
      values.forEach((name, value) -> kinds.merge(flags(store, name, value), 1, Integer::sum));
      assertThat(kinds).containsOnlyKeys(DICTIONARY, OVERFLOW | DICTIONARY);
    }
  }

  @Test
  void timesGoWithCompressedValues() throws IOException {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      world.put(key("small"), text(1, 300), 5, 2_000_000);
      world.put(key("large"), text(2, 9_000), 6, 2_000_001);
      world.put(key("larger"), text(3, 90_000), 7, 0);
      world.commit();
      ValueBuffer value = new ValueBuffer();
      for (String name : new String[] {"small", "large", "larger"}) {
        assertThat(world.partition().get(key(name), 0, name.length(), value)).isTrue();
        assertThat(value.timestamp()).isBetween(5L, 7L);
        assertThat(value.expireTs() == 0).isEqualTo(name.equals("larger"));
      }
      // Expiry takes one byte more than fits or not; the reader checks the TTL tree.
      committed(world);
      world.nowMs.set(3_000_000);
      assertThat(world.get(key("small"))).isNull();
      assertThat(world.get(key("large"))).isNull();
      assertThat(world.get(key("larger"))).isEqualTo(text(3, 90_000));
    }
  }

  @Test
  void listsAreJoinedAcrossFlushes() throws IOException {
    byte[] list = key("list");
    byte[] other = key("list with a longer key");
    StringBuilder wanted = new StringBuilder();
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      for (int i = 0; i < 60; i++) {
        byte[] element = text(i, 150);
        wanted.append(i == 0 ? "" : ",").append(new String(element));
        world.append(list, element);
        world.append(other, text(1000 + i, i == 30 ? 8_000 : 20));
        world.commit();
        assertThat(list(world, list)).isEqualTo(wanted.toString());
      }
      ReferenceStore store = committed(world);
      long chunks =
          store.entries().stream()
              .filter(e -> e.key().length == 12 && new String(e.key()).startsWith("list"))
              .peek(e -> assertThat(e.flags()).isEqualTo(DICTIONARY))
              .peek(e -> assertThat(store.plainValue(e).length).isLessThan(4096))
              .count();
      // As many as without compression: a chunk is what fits a page as it was put.
      assertThat(chunks).isEqualTo(3);
      world.reopen();
      assertThat(list(world, list)).isEqualTo(wanted.toString());
      byte[] head = text(5, 20_000);
      world.partition().putList(list, 0, list.length, head, 0, head.length);
      world.append(list, key("tail"));
      assertThat(list(world, list)).isEqualTo(new String(head) + ",tail");
      world.commit();
      assertThat(list(world, list)).isEqualTo(new String(head) + ",tail");
      world.partition().clearList(list, 0, list.length);
      world.commit();
      assertThat(list(world, list)).isNull();
      assertThat(list(world, other)).hasSize(59 * 21 + 8_000);
      committed(world);
    }
  }

  private static String list(PartitionWorld world, byte[] key) {
    ValueBuffer value = new ValueBuffer();
    return world.partition().getList(key, 0, key.length, value)
        ? new String(value.bytes(), 0, value.length())
        : null;
  }

  @Test
  void bucketsOfLongKeysAreCompressed() throws IOException {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      for (int i = 0; i < 400; i++) {
        world.put(longKey(i), text(i, 500));
      }
      world.reopenAfterCommit();
      for (int i = 0; i < 400; i++) {
        assertThat(world.get(longKey(i))).isEqualTo(text(i, 500));
      }
      ReferenceStore store = committed(world);
      assertThat(store.entries())
          .filteredOn(entry -> entry.key()[0] == 'L')
          .isNotEmpty()
          .allMatch(ReferenceEntry::compressed);
      assertThat(
              PartitionVerifier.verify(world.shard, world.partitionDirectory(), COMPRESSED)
                  .findings())
          // What an earlier run left goes with the first commit of this one.
          .filteredOn(finding -> !finding.startsWith("orphan"))
          .isEmpty();
    }
  }

  private static byte[] longKey(int i) {
    byte[] key = new byte[2100];
    Arrays.fill(key, (byte) 'L');
    key[2050] = (byte) (i >> 8);
    key[2051] = (byte) i;
    return key;
  }

  @Test
  void toggledBetweenOpeningsEntriesKeepTheirBytes() throws IOException {
    Map<String, byte[]> values = new HashMap<>();
    Map<String, Integer> kinds = new HashMap<>();
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
    }
    Map<String, byte[]> storedBefore = new HashMap<>();
    for (int round = 0; round < 6; round++) {
      boolean compresses = round % 2 == 0;
      try (PartitionWorld world = CompressedWorld.open(directory, compresses ? COMPRESSED : RAW)) {
        check(world, values);
        for (int i = 0; i < 40; i++) {
          // Keys of all rounds share leaves, so old entries move with each round.
          String name = String.format("k%02d-%d", i, round);
          values.put(name, text(100 * round + i, i % 10 == 0 ? 9_000 : 200 + i));
          kinds.put(name, compresses ? DICTIONARY : i % 10 == 0 ? OVERFLOW : 0);
          world.put(key(name), values.get(name));
        }
        world.commit();
        check(world, values);
        ReferenceStore store = committed(world);
        assertThat(store.manifest().dictionary()).hasSize(16_384);
        kinds.forEach(
            (name, kind) -> assertThat(flags(store, name, values.get(name))).isEqualTo(kind));
        storedBefore.forEach(
            (name, stored) ->
                assertThat(CompressedWorld.entry(store, name).value()).isEqualTo(stored));
        for (String name : values.keySet()) {
          storedBefore.put(name, CompressedWorld.entry(store, name).value());
        }
      }
    }
  }

  @Test
  void budgetThatIsTooSmallLeavesValuesRaw() throws IOException {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
    }
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED, 4 << 20)) {
      Map<String, byte[]> values = Map.of("a", text(1, 400), "b", text(2, 9_000));
      ReferenceStore store = write(world, values);
      assertThat(flags(store, "a", values.get("a"))).isZero();
      assertThat(flags(store, "b", values.get("b"))).isEqualTo(OVERFLOW);
      CompressedWorld.checkTrainingValues(world);
    }
  }

  @Test
  void nativeMemoryIsTakenOffTheBudgetAndGivenBack() {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      world.reopen();
      long before = world.shard.budget().used(MemoryUse.IO);
      world.put(key("large"), text(1, 9_000));
      assertThat(world.shard.budget().used(MemoryUse.IO)).isGreaterThan(before + (1 << 20));
      // The flush takes its own, and gives it back; the owner's goes when the buffer is frozen.
      world.settle();
      // Writers keep a small block as a spare.
      assertThat(world.shard.budget().used(MemoryUse.IO)).isLessThan(before + (128 << 10));
      assertThat(world.get(key("large"))).hasSize(9_000);
      assertThat(world.shard.budget().used(MemoryUse.IO))
          .isBetween(before + 1, before + (256 << 10));
      world.put(key("large"), text(2, 9_000));
      world.closeStore();
      assertThat(world.shard.budget().used(MemoryUse.IO)).isLessThan(64 << 10);
      world.open();
    }
  }

  @Test
  void cachedReadsOfCompressedValuesAllocateNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      byte[][] keys = new byte[1000][];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = CompressedWorld.trainingKey(3000 + i);
      }
      OwnedPartition partition = world.partition();
      ValueBuffer value = new ValueBuffer();
      long least = Long.MAX_VALUE;
      for (int round = 0; round < 20 && least != 0; round++) {
        long before = threads.getThreadAllocatedBytes(thread);
        for (byte[] key : keys) {
          partition.get(key, 0, key.length, value);
        }
        least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
      }
      assertThat(value.length()).isEqualTo(430);
      assertThat(least).isZero();
    }
  }

  @Test
  void filterSeesValuesAsTheyWerePut() {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      world.partition().deleteRange(KeyRange.ALL);
      for (int i = 0; i < 300; i++) {
        // Inline, compressed inline, and on pages too.
        int length = i % 3 == 0 ? 40 : i % 3 == 1 ? 600 : 60_000;
        byte[] value = text(i, length);
        value[length - 1] = (byte) (i % 2);
        world.put(key(String.format("k%03d", i)), value);
      }
      world.settle();
      world
          .partition()
          .setEntryFilter(
              entry -> {
                byte[] last = new byte[1];
                entry.copyValue(entry.valueLength() - 1, last, 0, 1);
                return last[0] == 1;
              });
      world.partition().requestSweep();
      EntryFiltering filtering = ((Partition) world.partition()).context().filtering();
      while (filtering.wantsStep() && world.rows().poisonOrNull() == null) {
        Thread.yield();
      }
      world.settle();
      for (int i = 0; i < 300; i++) {
        byte[] found = world.get(key(String.format("k%03d", i)));
        assertThat(found == null).as("entry %d", i).isEqualTo(i % 2 == 1);
      }
      world.verifyTrees("swept");
    }
  }

  @Test
  void iteratorsKeepWhatTheySawWhenTheirBuffersAreFlushed() {
    StoreOptions options = COMPRESSED;
    try (PartitionWorld world = CompressedWorld.open(directory, options, 11 << 20)) {
      CompressedWorld.train(world);
      Map<String, byte[]> values = new TreeMap<>();
      for (int i = 0; i < 200; i++) {
        values.put(String.format("k%03d", i), text(i, i % 3 == 0 ? 9_000 : 300));
      }
      values.forEach((name, value) -> world.put(key(name), value));
      try (EntryIterator iterator =
          world.partition().iterator(new KeyRange(null, key("~")), false)) {
        // Enough to make the worker ask for the memory of what the iterator pins.
        for (int i = 0; i < 30_000; i++) {
          world.put(key(String.format("k%03d-%d", i % 200, i)), text(7 + i, 400));
        }
        for (Map.Entry<String, byte[]> wanted : values.entrySet()) {
          assertThat(iterator.next()).isTrue();
          assertThat(Arrays.copyOf(iterator.key(), iterator.keyLength()))
              .isEqualTo(key(wanted.getKey()));
          assertThat(iterator.value().toByteArray()).isEqualTo(wanted.getValue());
        }
        assertThat(iterator.next()).isFalse();
      }
    }
  }

  @Test
  void otherThreadsReadWhileValuesAreReplaced() throws InterruptedException {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      byte[][] keys = new byte[50][];
      byte[][][] versions = new byte[keys.length][20][];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = key("k" + i);
        for (int version = 0; version < 20; version++) {
          versions[i][version] = text(20 * i + version, i % 5 == 0 ? 12_000 : 250);
        }
        world.put(keys[i], versions[i][0]);
      }
      AtomicBoolean done = new AtomicBoolean();
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread[] readers = new Thread[2];
      for (int t = 0; t < readers.length; t++) {
        readers[t] =
            new Thread(
                () -> {
                  ValueBuffer value = new ValueBuffer();
                  for (int i = 0; !done.get(); i = (i + 1) % keys.length) {
                    world.partition().get(keys[i], 0, keys[i].length, value);
                    byte[] found = value.toByteArray();
                    if (Arrays.stream(versions[i]).noneMatch(v -> Arrays.equals(v, found))) {
                      throw new AssertionError("key " + i + ": no version of it");
                    }
                  }
                });
        readers[t].setUncaughtExceptionHandler((thread, e) -> failure.set(e));
        readers[t].start();
      }
      for (int round = 0; round < 400; round++) {
        for (int i = round % 7; i < keys.length; i += 7) {
          world.put(keys[i], versions[i][round % 20]);
        }
        world.partition().flush();
      }
      done.set(true);
      for (Thread reader : readers) {
        reader.join();
      }
      assertThat(failure.get()).isNull();
    }
  }

  @Test
  void optionIsRecordedAndOffByDefault() throws IOException {
    assertThat(StoreOptions.defaults().compression()).isFalse();
    try (PartitionWorld world = CompressedWorld.open(directory, RAW)) {
      for (int i = 0; i < 4000; i++) {
        world.put(CompressedWorld.trainingKey(i), CompressedWorld.trainingValue(i));
      }
      world.commit();
      ReferenceStore store = committed(world);
      assertThat(store.manifest().dictionary()).isEmpty();
      assertThat(store.entries()).hasSize(4000).noneMatch(ReferenceEntry::compressed);
    }
  }
}
