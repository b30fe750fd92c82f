/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.ReferenceEntry;
import io.eloqstore.reference.ReferenceStore;
import io.eloqstore.reference.ReferenceVerifier;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Stores of the C++ engine are written on: random changes on a copy of each golden store, in
 * several opens, then the independent reader must find exactly what a model of them holds, with an
 * exact TTL tree. Compressed values stay as they are, byte for byte, and are read as they were put.
 */
class GoldenWriteTest {
  /** Before every expiry of the golden sets, so that all of their entries are visible. */
  private static final long NOW_MS = 1_000;

  @TempDir Path directory;

  static Stream<GoldenSets.GoldenState> states() {
    return GoldenSets.all().stream().filter(state -> state.manifest().equals("manifest_0"));
  }

  /** An entry: its value as it was put, and as it is stored. */
  private record Wanted(
      byte[] value, byte[] stored, int compression, long timestamp, long expireTs) {
    Wanted(byte[] value, long timestamp, long expireTs) {
      this(value, value, 0, timestamp, expireTs);
    }
  }

  private final TreeMap<byte[], Wanted> model = new TreeMap<>(Arrays::compareUnsigned);
  private final Random random = new Random(11);

  private static int compression(ReferenceEntry entry) {
    return entry.flags() & (ReferenceEntry.FLAG_DICTIONARY | ReferenceEntry.FLAG_STANDALONE);
  }

  private Path copy(GoldenSets.GoldenState state) throws IOException {
    Path target = Files.createDirectories(directory.resolve(state.partition()));
    try (Stream<Path> files = Files.list(state.directory())) {
      for (Path file : files.toList()) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
    return target;
  }

  @ParameterizedTest
  @MethodSource("states")
  void whatIsWrittenOnIsWhatTheModelHolds(GoldenSets.GoldenState state) throws IOException {
    writeOn(state, true);
  }

  /** C++ does not record its mode, and places that its manifest does not name are free. */
  @ParameterizedTest
  @MethodSource("states")
  void whatIsWrittenOnInPlaceIsWhatTheModelHolds(GoldenSets.GoldenState state) throws IOException {
    Path partitionDirectory = directory.resolve(state.partition());
    if (state.set().equals("archive")) {
      assertThatThrownBy(() -> writeOn(state, false))
          .isInstanceOfSatisfying(
              StoreException.class,
              e -> assertThat(e.code()).isEqualTo(StoreErrorCode.IDENTITY_MISMATCH))
          .hasMessageContaining("manifest_0_1795393395322602");
      return;
    }
    writeOn(state, false);
    try (Stream<Path> files = Files.list(partitionDirectory);
        Stream<Path> before = Files.list(state.directory())) {
      long bytes = files.mapToLong(path -> path.toFile().length()).sum();
      long bytesBefore = before.mapToLong(path -> path.toFile().length()).sum();
      // Three rounds of 300 changes: what the tree grows by and one version of what changed.
      assertThat(bytes).isLessThan(bytesBefore + (8L << 20));
    }
  }

  private void writeOn(GoldenSets.GoldenState state, boolean appendMode) throws IOException {
    Path partitionDirectory = copy(state);
    ReferenceStore before = state.read();
    for (ReferenceEntry entry : before.entries()) {
      model.put(
          entry.key(),
          new Wanted(
              before.plainValue(entry),
              entry.value(),
              compression(entry),
              entry.timestamp(),
              entry.expireTs()));
    }
    StoreOptions options =
        StoreOptions.defaults()
            .withPageBytes(state.pageBytes())
            .withPagesPerFileShift(state.pagesPerFileShift())
            .withAppendMode(appendMode)
            .withDurability(StoreOptions.Durability.NEVER);
    ShardOptions shardOptions =
        ShardOptions.defaults().withBudgetBytes(8 << 20).withClock(() -> NOW_MS);
    try (Shard shard = EloqStore.openShard(shardOptions)) {
      for (int round = 0; round < 3; round++) {
        try (EloqStore store = EloqStore.open(shard, directory, options)) {
          OwnedPartition partition =
              store.openPartition(PartitionId.fromDirectoryName(state.partition()));
          assertThat(partition.metadataValid()).isEqualTo(round > 0);
          checkReads(partition);
          for (int i = 0; i < 300; i++) {
            change(partition);
          }
          checkReads(partition);
          partition.commit(Map.of());
        }
        ReferenceStore written =
            ReferenceStore.read(partitionDirectory, state.pageBytes(), state.pagesPerFileShift());
        checkStored(written);
        assertThat(
                ReferenceVerifier.verify(
                    partitionDirectory, state.pageBytes(), state.pagesPerFileShift()))
            .isEmpty();
      }
    }
  }

  @Test
  void anIteratorOpenedBeforeTheFirstLongKeySeesOrdinaryKeysOfHalfAPage() throws IOException {
    GoldenSets.GoldenState state = GoldenSets.named("one_key");
    copy(state);
    byte[] halfPage = new byte[2048];
    byte[] longer = new byte[3000];
    Arrays.fill(halfPage, (byte) 'z');
    Arrays.fill(longer, (byte) 'z');
    StoreOptions options = StoreOptions.defaults().withPagesPerFileShift(state.pagesPerFileShift());
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults());
        EloqStore store = EloqStore.open(shard, directory, options)) {
      OwnedPartition partition =
          store.openPartition(PartitionId.fromDirectoryName(state.partition()));
      partition.put(halfPage, 0, halfPage.length, halfPage, 0, 5);
      try (EntryIterator iterator =
          partition.iterator(new KeyRange(new byte[] {'z'}, null), false)) {
        partition.put(longer, 0, longer.length, longer, 0, 9);
        assertThat(iterator.next()).isTrue();
        assertThat(Arrays.copyOf(iterator.key(), iterator.keyLength())).isEqualTo(halfPage);
        assertThat(iterator.value().length()).isEqualTo(5);
        assertThat(iterator.next()).isFalse();
      }
      ValueBuffer value = new ValueBuffer();
      assertThat(partition.get(halfPage, 0, halfPage.length, value)).isTrue();
      assertThat(value.length()).isEqualTo(5);
      assertThat(partition.get(longer, 0, longer.length, value)).isTrue();
      assertThat(value.length()).isEqualTo(9);
    }
  }

  private byte[] key() {
    if (!model.isEmpty() && random.nextInt(3) != 0) {
      byte[] probe = new byte[] {(byte) random.nextInt(256), (byte) random.nextInt(256)};
      byte[] near = model.ceilingKey(probe);
      List<byte[]> keys =
          near == null || random.nextBoolean() ? new ArrayList<>(model.keySet()) : List.of(near);
      return keys.get(random.nextInt(keys.size()));
    }
    byte[] key = new byte[1 + random.nextInt(20)];
    random.nextBytes(key);
    return key;
  }

  private void change(OwnedPartition partition) {
    byte[] key = key();
    Wanted old = model.get(key);
    int kind = random.nextInt(40);
    if (kind < 10) {
      partition.delete(key, 0, key.length);
      model.remove(key);
    } else if (kind == 10) {
      byte[] to = Arrays.copyOf(key, key.length + 1);
      partition.deleteRange(new KeyRange(key, to));
      model.remove(key);
    } else {
      byte[] value = new byte[random.nextInt(random.nextInt(20) == 0 ? 30_000 : 100)];
      random.nextBytes(value);
      if (kind < 25) {
        partition.put(key, 0, key.length, value, 0, value.length);
        model.put(key, new Wanted(value, old == null ? 0 : old.timestamp, 0));
      } else {
        long timestamp = (old == null ? 0 : old.timestamp) + random.nextInt(5);
        long expireTs = random.nextBoolean() ? 0 : NOW_MS + 1 + random.nextInt(1000);
        partition.put(key, 0, key.length, value, 0, value.length, timestamp, expireTs);
        model.put(key, new Wanted(value, timestamp, expireTs));
      }
    }
  }

  private void checkReads(OwnedPartition partition) {
    ValueBuffer value = new ValueBuffer();
    model.forEach(
        (key, wanted) -> {
          assertThat(partition.get(key, 0, key.length, value)).isTrue();
          assertThat(Arrays.equals(value.toByteArray(), wanted.value)).isTrue();
          assertThat(value.expireTs()).isEqualTo(wanted.expireTs);
        });
  }

  private void checkStored(ReferenceStore written) {
    assertThat(written.entries()).hasSize(model.size());
    int index = 0;
    for (Map.Entry<byte[], Wanted> entry : model.entrySet()) {
      ReferenceEntry found = written.entries().get(index++);
      Wanted wanted = entry.getValue();
      assertThat(found.key()).isEqualTo(entry.getKey());
      assertThat(Arrays.equals(found.value(), wanted.stored)).isTrue();
      assertThat(compression(found)).isEqualTo(wanted.compression);
      assertThat(found.timestamp()).isEqualTo(wanted.timestamp);
      assertThat(found.expireTs()).isEqualTo(wanted.expireTs);
    }
  }
}
