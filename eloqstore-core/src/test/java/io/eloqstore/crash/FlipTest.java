/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.OpenMode;
import io.eloqstore.memory.MemoryUse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;

/** One wrong bit anywhere: the right answer or an error that says where, never another answer. */
class FlipTest {
  private static final StoreOptions OPTIONS = StoreOptions.defaults().withPagesPerFileShift(3);
  private static final int PAGE = 4096;
  private static final Path MANIFEST = SimulatedStore.DIRECTORY.resolve("manifest_0");

  private final Random bits = new Random(5);

  /** A small store with each kind of page: two leaves, their index page, overflow pages. */
  private static void fill(TextPartition partition) {
    for (int i = 0; i < 30; i++) {
      partition.put(String.format("key%03d", i), i + "v".repeat(150));
    }
    partition.put("large", "L".repeat(6_000));
  }

  private static List<Path> dataFiles(SimulatedStore store) {
    List<Path> paths = new ArrayList<>();
    for (DirectoryEntry entry : store.backend().list(SimulatedStore.DIRECTORY)) {
      if (entry.name().startsWith("data_")) {
        paths.add(SimulatedStore.DIRECTORY.resolve(entry.name()));
      }
    }
    return paths;
  }

  /** What a full read gives, or null when the damage was found. */
  private static SortedMap<String, String> readOrNull(
      SimulatedStore store, byte[] image, String where) {
    try {
      OwnedPartition opened =
          image == null
              ? store.open().partition()
              : store.newStore().restorePartition(SimulatedStore.ID, image);
      return new TextPartition(opened).entries();
    } catch (CorruptionException e) {
      assertThat(e.getMessage()).as(where).contains("expected", "found", "t.0");
      return null;
    } finally {
      store.closeStore();
    }
  }

  @Test
  void anyByteOfALivePageIsCheckedWhenItIsRead() {
    try (SimulatedStore store = SimulatedStore.empty(FaultPlan.of(1), OPTIONS)) {
      fill(store.open());
      store.partition().commit(1);
      SortedMap<String, String> right = store.partition().entries();
      store.closeStore();
      int detected = 0;
      int flips = 0;
      for (Path path : dataFiles(store)) {
        long bytes = store.backend().size(path);
        for (long at = 0; at < bytes; at++) {
          long bit = at * 8 + bits.nextInt(8);
          String where = path + ", bit " + bit;
          store.backend().flipBit(path, bit);
          SortedMap<String, String> found = readOrNull(store, null, where);
          store.backend().flipBit(path, bit);
          if (found == null) {
            detected++;
          } else {
            assertThat(found.equals(right)).as(where).isTrue();
          }
          flips++;
        }
      }
      // Every page that was written is live, and every byte of it counts.
      assertThat(flips).isGreaterThan(4 * PAGE).isEqualTo(detected);
      assertThat(readOrNull(store, null, "unharmed")).isEqualTo(right);
    }
  }

  @Test
  void manifestRecordsButTheLastAreCheckedAndTheLastIsDropped() {
    try (SimulatedStore store = SimulatedStore.empty(FaultPlan.of(1), OPTIONS)) {
      TextPartition partition = store.open();
      List<SortedMap<String, String>> versions = new ArrayList<>();
      fill(partition);
      for (int version = 1; version <= 4; version++) {
        partition.put("key00" + version, "version" + version);
        partition.commit(version);
        versions.add(partition.entries());
      }
      store.closeStore();
      assertThat(store.backend().size(MANIFEST)).isGreaterThan(3 * PAGE);
      int detected = 0;
      int previous = 0;
      long bytes = store.backend().size(MANIFEST);
      for (long at = 0; at < bytes; at++) {
        long bit = at * 8 + bits.nextInt(8);
        String where = "manifest, bit " + bit;
        store.backend().flipBit(MANIFEST, bit);
        SortedMap<String, String> found = readOrNull(store, null, where);
        store.backend().flipBit(MANIFEST, bit);
        if (found == null) {
          assertThat(at).as(where).isLessThan(3 * PAGE);
          detected++;
        } else if (!found.equals(versions.get(3))) {
          assertThat(at).as(where).isGreaterThanOrEqualTo(3 * PAGE);
          assertThat(found.equals(versions.get(2))).as(where).isTrue();
          previous++;
        }
      }
      assertThat(detected).isGreaterThan(3 * 50);
      assertThat(previous).isGreaterThan(50);
    }
  }

  @Test
  void imageIsExact() {
    try (SimulatedStore store = SimulatedStore.empty(FaultPlan.of(1), OPTIONS)) {
      TextPartition partition = store.open();
      fill(partition);
      partition.commit(1);
      partition.put("key001", "second");
      byte[] description;
      try (FreezePoint point = partition.partition().freeze();
          PartitionImage image = point.commit(TextPartition.metadata(2))) {
        description = image.description();
      }
      SortedMap<String, String> right = partition.entries();
      store.closeStore();
      assertThat(readOrNull(store, description, "unharmed")).isEqualTo(right);

      long bytes = store.backend().size(MANIFEST);
      int refused = 0;
      for (long at = 0; at < bytes; at++) {
        long bit = at * 8 + bits.nextInt(8);
        String where = "manifest, bit " + bit;
        store.backend().flipBit(MANIFEST, bit);
        SortedMap<String, String> found = readOrNull(store, description, where);
        store.backend().flipBit(MANIFEST, bit);
        if (found == null) {
          refused++;
        } else {
          // Padding between records: no byte of the image's content.
          assertThat(found.equals(right)).as(where).isTrue();
        }
      }
      assertThat(refused).isGreaterThan(100);
      for (int bit = 0; bit < description.length * 8; bit++) {
        byte[] other = description.clone();
        other[bit >> 3] ^= (byte) (1 << (bit & 7));
        assertRefused(store, other, "description, bit " + bit);
      }
      for (int length = 0; length < description.length; length++) {
        assertRefused(store, Arrays.copyOf(description, length), "length " + length);
      }
    }
  }

  private static void assertRefused(SimulatedStore store, byte[] description, String where) {
    assertThatThrownBy(() -> store.newStore().restorePartition(SimulatedStore.ID, description))
        .as(where)
        .isInstanceOfSatisfying(
            StoreException.class,
            e ->
                assertThat(e.code())
                    .isIn(StoreErrorCode.CORRUPTED, StoreErrorCode.UNSUPPORTED_FORMAT));
    store.closeStore();
  }

  @Test
  void filesOfAnImageMayBeLongerNotShorterAndNotMissing() {
    try (SimulatedStore store = SimulatedStore.empty(FaultPlan.of(1), OPTIONS)) {
      TextPartition partition = store.open();
      fill(partition);
      byte[] description;
      try (FreezePoint point = partition.partition().freeze();
          PartitionImage image = point.commit(TextPartition.metadata(1))) {
        description = image.description();
      }
      SortedMap<String, String> right = partition.entries();
      store.closeStore();
      List<Path> files = new ArrayList<>(dataFiles(store));
      files.add(MANIFEST);
      for (Path path : files) {
        byte[] bytes = bytes(store, path);
        for (int cut : new int[] {1, PAGE, bytes.length}) {
          // Data files are whole pages; a record ends within its last block.
          int length =
              path.equals(MANIFEST) ? bytes.length - Math.max(cut, PAGE) : bytes.length - cut;
          rewrite(store, path, bytes, Math.max(0, length));
          assertThatThrownBy(
                  () -> store.newStore().restorePartition(SimulatedStore.ID, description))
              .as(path + " shorter by " + cut)
              .isInstanceOf(CorruptionException.class)
              .hasMessageContaining("t.0")
              .hasMessageContaining("expected")
              .hasMessageContaining("found");
          store.closeStore();
        }
        store.backend().delete(path);
        assertThatThrownBy(() -> store.newStore().restorePartition(SimulatedStore.ID, description))
            .as(path + " missing")
            .isInstanceOfSatisfying(
                StoreException.class,
                e -> assertThat(e.code()).isIn(StoreErrorCode.CORRUPTED, StoreErrorCode.NOT_FOUND));
        store.closeStore();
        rewrite(store, path, Arrays.copyOf(bytes, bytes.length + 3 * PAGE), -1);
        assertThat(readOrNull(store, description, path + " longer")).isEqualTo(right);
        rewrite(store, path, bytes, bytes.length);
      }
      assertThat(readOrNull(store, description, "unharmed")).isEqualTo(right);
    }
  }

  private static byte[] bytes(SimulatedStore store, Path path) {
    byte[] bytes = new byte[(int) store.backend().size(path)];
    long block = store.shard().budget().allocate(PAGE, MemoryUse.IO);
    try (BlockFile file = store.backend().open(path, OpenMode.READ)) {
      for (int done = 0; done < bytes.length; ) {
        int read = file.read(done, block, Math.min(PAGE, bytes.length - done));
        store.shard().budget().arena().get(block, bytes, done, read);
        done += read;
      }
    } finally {
      store.shard().budget().free(block, PAGE, MemoryUse.IO);
    }
    return bytes;
  }

  /** Replaces a file by the first bytes given; -1 means all of them. */
  private static void rewrite(SimulatedStore store, Path path, byte[] bytes, int length) {
    int wanted = length < 0 ? bytes.length : length;
    if (store.backend().exists(path)) {
      store.backend().delete(path);
    }
    long block = store.shard().budget().allocate(PAGE, MemoryUse.IO);
    try (BlockFile file = store.backend().open(path, OpenMode.CREATE_NEW)) {
      for (int done = 0; done < wanted; ) {
        int step = Math.min(PAGE, wanted - done);
        store.shard().budget().arena().put(block, bytes, done, step);
        file.write(done, block, step);
        done += step;
      }
    } finally {
      store.shard().budget().free(block, PAGE, MemoryUse.IO);
    }
  }
}
