/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.memory.MemoryUse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a clip reads, fetches and writes, counted; and what is left after one that failed. */
class ClipCostTest {
  private static final int PAGE_BYTES = 4096;
  private static final int KEYS = 40_000;
  private static final Path IMAGE = Path.of("/image");
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPageBytes(PAGE_BYTES)
          .withPagesPerFileShift(3)
          .withDurability(StoreOptions.Durability.NEVER);

  private final PartitionWorld world =
      new PartitionWorld(
          16 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), OPTIONS);
  private byte[] description;

  @AfterEach
  void close() {
    world.close();
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(8).putInt(number).putInt(~number).array();
  }

  private void fill() {
    byte[] value = new byte[100];
    for (int i = 0; i < KEYS; i++) {
      world.put(key(i), value);
    }
    description = world.saveImage(IMAGE, Map.of());
  }

  private Set<Long> filesOf(Root root) {
    Set<Long> files = new TreeSet<>();
    for (int i = 0; i < root.mapping().fileCount(); i++) {
      files.add(root.mapping().fileId(i));
    }
    return files;
  }

  @Test
  void onlyFilesWithPagesOfTheRangeAreFetchedAndOnlyEdgesAreWritten() {
    fill();
    int allFiles = filesOf(world.rows().view().root()).size();
    int allPages = world.rows().view().root().mapping().mappedCount();
    KeyRange kept = new KeyRange(key(KEYS / 8), key(KEYS / 4));
    List<String> fetched = world.restore(IMAGE, description, kept);
    assertThat(new HashSet<>(fetched)).hasSameSizeAs(fetched);
    // An eighth of the leaves, and the index pages above them lie in files of their own.
    assertThat(fetched).hasSizeBetween(allFiles / 16, allFiles / 8 + 12);

    Root root = world.rows().view().root();
    int pages = root.mapping().mappedCount();
    assertThat(pages).isBetween(allPages / 10, allPages / 7);
    Set<Long> written = filesOf(root);
    written.removeIf(id -> fetched.contains("data_" + id + "_0"));
    int writtenPages = 0;
    for (long file : written) {
      writtenPages += root.mapping().livePages(file);
    }
    // Two on each level: a root, an index page above the leaves, a leaf; and neighbours joined.
    assertThat(writtenPages).isBetween(1, 2 * 3 + 2);
    assertThat(world.get(key(KEYS / 8 - 1))).isNull();
    assertThat(world.get(key(KEYS / 8))).isNotNull();
    assertThat(world.get(key(KEYS / 4 - 1))).isNotNull();
    assertThat(world.get(key(KEYS / 4))).isNull();
    world.verifyTrees("clipped");
  }

  @Test
  void leavesAreNotReadWithoutOverflowValues() {
    fill();
    world.restore(IMAGE, description, new KeyRange(key(KEYS / 8), key(KEYS / 4)));
    long framesBytes = world.shard.budget().used(MemoryUse.FRAME);
    // Edges and index pages: far less than the hundreds of leaves in range.
    assertThat(framesBytes).isLessThanOrEqualTo(24 * PAGE_BYTES);
  }

  @Test
  void nothingIsFetchedForARangeWithoutKeys() {
    fill();
    List<String> fetched =
        world.restore(IMAGE, description, new KeyRange(new byte[] {0x7f}, new byte[] {0x7f, 1}));
    // The way to where they would be: an index page on each level and one leaf.
    assertThat(fetched).hasSizeLessThanOrEqualTo(3);
    assertThat(world.partition().approximateEntryCount()).isZero();
    world.verifyTrees("empty");
  }

  @Test
  void newFilesAreAboveThoseThatWereNotFetched() {
    fill();
    long highest = filesOf(world.rows().view().root()).stream().max(Long::compare).orElseThrow();
    world.restore(IMAGE, description, new KeyRange(null, key(100)));
    world.put(key(5), new byte[7]);
    world.commit();
    for (long file : filesOf(world.rows().view().root())) {
      boolean fetched = world.shard.io().exists(IMAGE.resolve("data_" + file + "_0"));
      assertThat(fetched || file > highest).as("data file " + file).isTrue();
    }
  }

  @Test
  void failedFetchLeavesNothingBehind() throws IOException {
    fill();
    KeyRange kept = new KeyRange(key(100), key(20_000));
    for (int call = 0; call < 2; call++) {
      int failing = call;
      int[] calls = {0};
      Path image = copyOfManifest(call);
      checkFailure(
          image,
          kept,
          names -> {
            if (calls[0]++ == failing) {
              throw new IOException("the network is down");
            }
            link(names, image);
          },
          StoreErrorCode.IO_FAILED,
          "the network is down");
    }
  }

  @Test
  void filesThatDoNotArriveAreNamed() {
    fill();
    Path image = copyOfManifest(0);
    checkFailure(
        image, new KeyRange(key(1), null), names -> {}, StoreErrorCode.CORRUPTED, "no such file");
  }

  @Test
  void boundsThatCouldSplitABucketAreRefused() {
    fill();
    byte[] bound = new byte[OPTIONS.bucketPrefixBytes()];
    Path image = copyOfManifest(0);
    checkFailure(
        image,
        new KeyRange(bound, null),
        names -> {},
        StoreErrorCode.INVALID_ARGUMENT,
        "must have less than");
    checkFailure(
        image,
        new KeyRange(key(7), key(7)),
        names -> {},
        StoreErrorCode.INVALID_ARGUMENT,
        "empty range");
  }

  /** A store directory of its own with the manifest of the image where it belongs. */
  private Path copyOfManifest(int number) {
    Path store = Path.of("/other" + number);
    Path directory = store.resolve(new PartitionId("t", 0).directoryName());
    world.shard.io().createDirectories(directory);
    world.shard.io().link(IMAGE.resolve("manifest_0"), directory.resolve("manifest_0"));
    return directory;
  }

  private void link(List<String> names, Path directory) {
    names.forEach(name -> world.shard.io().link(IMAGE.resolve(name), directory.resolve(name)));
  }

  private void checkFailure(
      Path directory, KeyRange kept, ImageFiles files, StoreErrorCode code, String text) {
    long used = world.shard.budget().used(MemoryUse.MAPPING);
    int open = world.shard.io().openFiles();
    PartitionId id = new PartitionId("t", 0);
    try (EloqStore store = EloqStore.open(world.shard, directory.getParent(), OPTIONS)) {
      assertThatThrownBy(() -> store.restorePartition(id, description, kept, files))
          .hasMessageContaining(text)
          .satisfies(e -> assertThat(codeOf(e)).isEqualTo(code));
    }
    assertThat(world.shard.budget().used(MemoryUse.MAPPING)).isEqualTo(used);
    assertThat(world.shard.io().openFiles()).isEqualTo(open);
  }

  private static StoreErrorCode codeOf(Throwable e) {
    return e instanceof CorruptionException
        ? StoreErrorCode.CORRUPTED
        : ((StoreException) e).code();
  }
}
