/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.EntryCounts;
import io.eloqstore.manifest.ManifestContent;
import io.eloqstore.manifest.ManifestExtension;
import io.eloqstore.manifest.ManifestReader;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.manifest.ManifestTarget;
import io.eloqstore.manifest.ManifestWriter;
import io.eloqstore.shard.Shard;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Publishes contents that contradict themselves, each with right checksums, and expects the
 * verifier to tell.
 */
class PartitionVerifierTest {
  private static final PartitionId ID = new PartitionId("t", 0);

  /** A compaction that the closing interrupts leaves a file that no commit names. */
  private static final StoreOptions OPTIONS = StoreOptions.defaults().withFileFactor(0);

  private static final int KEYS = 3000;

  @TempDir Path temp;

  private Shard shard;
  private Path directory;

  @BeforeEach
  void openShard() {
    shard = EloqStore.openShard(ShardOptions.defaults());
    directory = temp.resolve(ID.directoryName());
  }

  @AfterEach
  void closeShard() {
    shard.close();
  }

  private interface Writes {
    void to(OwnedPartition partition);
  }

  private void write(Writes writes) {
    try (EloqStore store = EloqStore.open(shard, temp, OPTIONS)) {
      OwnedPartition partition = store.openPartition(ID);
      writes.to(partition);
      partition.commit(Map.of());
    }
  }

  private static byte[] key(int number, int length) {
    return ByteBuffer.allocate(length).putInt(number).array();
  }

  private static void put(OwnedPartition partition, byte[] key, int valueBytes, long expireTs) {
    partition.put(key, 0, key.length, new byte[valueBytes], 0, valueBytes, 1, expireTs);
  }

  private static void fill(OwnedPartition partition) {
    for (int i = 0; i < KEYS; i++) {
      put(partition, key(i, 20), i % 100 == 0 ? 20_000 : 30, i % 10 == 0 ? 1L << 42 : 0);
    }
  }

  private List<String> verify() {
    return PartitionVerifier.verify(shard, directory, OPTIONS).findings();
  }

  /** Rolls the manifest with another content over the same pages. */
  private void republish(BiFunction<ManifestState, ManifestExtension, ManifestContent> change) {
    Path path = directory.resolve("manifest_0");
    ManifestState state;
    try (BlockFile file = shard.io().open(path, OpenMode.READ)) {
      state = new ManifestReader(shard.budget(), OPTIONS.pagesPerFileShift()).read(file);
    }
    ManifestTarget target =
        new ManifestTarget(shard.io(), shard.budget(), path, 0, false, Long.MAX_VALUE);
    try (ManifestWriter writer = ManifestWriter.resume(target, state)) {
      writer.roll(change.apply(state, state.extension()));
    } finally {
      state.mapping().release();
    }
  }

  private static ManifestContent content(
      ManifestState state, int root, int ttlRoot, ManifestExtension extension) {
    return new ManifestContent(
        root, ttlRoot, state.maxFilePage(), state.dictionary(), state.mapping(), extension);
  }

  private static ManifestExtension extension(
      ManifestExtension last, EntryCounts counts, long features) {
    return new ManifestExtension(
        last.options(),
        counts,
        last.sequence(),
        last.metadata(),
        last.pendingCuts(),
        last.incarnation(),
        features,
        last.opaque());
  }

  private static ManifestExtension pending(ManifestExtension last, int... subtrees) {
    return new ManifestExtension(
        last.options(),
        new EntryCounts(0, last.counts().overflowEntries(), last.counts().ttlEntries(), true),
        last.sequence(),
        last.metadata(),
        subtrees,
        last.incarnation(),
        last.features(),
        last.opaque());
  }

  @Test
  void aSoundPartitionIsCleanAndCounted() {
    write(PartitionVerifierTest::fill);
    PartitionReport report = PartitionVerifier.verify(shard, directory, OPTIONS);
    assertThat(report.findings()).isEmpty();
    assertThat(report.isClean()).isTrue();
    assertThat(report.entries()).isEqualTo(KEYS);
    assertThat(report.pages()).isGreaterThan(KEYS * 50 / OPTIONS.pageBytes());
    assertThat(report.dataFiles()).isPositive();
    assertThat(report.manifestRecords()).isOne();
    assertThat(shard.io().openFiles()).isZero();
  }

  @Test
  void aRangeDeleteIsClean() {
    write(
        partition -> {
          fill(partition);
          partition.flush();
        });
    write(partition -> partition.deleteRange(new KeyRange(key(10, 20), key(2900, 20))));
    PartitionReport report = PartitionVerifier.verify(shard, directory, OPTIONS);
    assertThat(report.findings()).isEmpty();
    assertThat(report.entries()).isEqualTo(KEYS - 2890);
  }

  @Test
  void ttlEntriesMayOutliveTheirEntriesOnlyWhileCutsArePending() {
    write(PartitionVerifierTest::fill);
    republish(
        (state, last) -> content(state, -1, state.ttlRootPage(), pending(last, state.rootPage())));
    assertThat(verify()).isEmpty();
    republish((state, last) -> content(state, -1, state.ttlRootPage(), pending(last)));
    assertThat(verify()).isNotEmpty();
  }

  @Test
  void pagesOfPendingCutsAreInNoTreeAndNoFinding() {
    write(PartitionVerifierTest::fill);
    republish(
        (state, last) ->
            content(state, -1, -1, pending(last, state.rootPage(), state.ttlRootPage())));
    PartitionReport report = PartitionVerifier.verify(shard, directory, OPTIONS);
    assertThat(report.findings()).isEmpty();
    assertThat(report.entries()).isZero();
    assertThat(report.pages()).isPositive();
  }

  @Test
  void wrongCountsAreFound() {
    write(PartitionVerifierTest::fill);
    republish(
        (state, last) ->
            content(
                state,
                state.rootPage(),
                state.ttlRootPage(),
                extension(last, new EntryCounts(1, 2, 3, true), last.features())));
    assertThat(verify())
        .containsExactly(
            "manifest_0: counts: 1 entries are recorded, 3000 are there",
            "manifest_0: counts: 2 overflow entries are recorded, 30 are there",
            "manifest_0: counts: 3 expiring entries are recorded, 300 are there");
  }

  @Test
  void estimatedCountsAreNotChecked() {
    write(PartitionVerifierTest::fill);
    republish(
        (state, last) ->
            content(
                state,
                state.rootPage(),
                state.ttlRootPage(),
                extension(last, new EntryCounts(1, 2, 3, false), last.features())));
    assertThat(verify()).isEmpty();
  }

  @Test
  void aLostTtlTreeIsFoundAndItsPagesAreReadNevertheless() throws Exception {
    write(PartitionVerifierTest::fill);
    int[] ttlRoot = new int[1];
    long[] filePage = new long[1];
    republish(
        (state, last) -> {
          ttlRoot[0] = state.ttlRootPage();
          filePage[0] = state.mapping().filePage(ttlRoot[0]);
          return content(state, state.rootPage(), -1, last);
        });
    assertThat(verify())
        .contains("manifest_0: page " + ttlRoot[0] + " is mapped and in no tree")
        .noneMatch(finding -> finding.contains("cannot be read"));
    Path file = directory.resolve("data_" + (filePage[0] >> 13) + "_0");
    byte[] bytes = Files.readAllBytes(file);
    bytes[(int) (filePage[0] & 8191) * OPTIONS.pageBytes() + 50] ^= 1;
    Files.write(file, bytes);
    assertThat(verify())
        .anyMatch(
            finding ->
                finding.contains("page " + ttlRoot[0] + " on file page")
                    && finding.contains("cannot be read"));
  }

  @Test
  void manyFindingsAreCutShort() {
    write(
        partition -> {
          for (int i = 0; i < KEYS; i++) {
            put(partition, key(i, 20), 5_000, 0);
          }
        });
    republish((state, last) -> content(state, -1, -1, last));
    assertThat(verify()).hasSize(101);
    assertThat(verify().get(100)).endsWith(" more findings");
  }

  @Test
  void bucketsOfLongKeysAreLookedInto() {
    write(
        partition -> {
          fill(partition);
          for (int i = 0; i < 300; i++) {
            byte[] key = new byte[2100 + i];
            key[2099] = (byte) (i & 1);
            put(partition, key, 1_000, 0);
          }
        });
    assertThat(verify()).isEmpty();
  }

  @Test
  void rowsThatAreNoBucketsWhereBucketsMustBeAreFound() {
    write(PartitionVerifierTest::fill);
    int prefixBytes = OPTIONS.bucketPrefixBytes();
    try (EloqStore store = EloqStore.open(shard, temp, OPTIONS)) {
      Partition partition = (Partition) store.openPartition(ID);
      for (int length : new int[] {prefixBytes, prefixBytes + 8}) {
        partition.rows().writer().put(key(7, length), 0, length, new byte[20], 0, 20);
      }
      partition.commit(Map.of());
    }
    assertThat(verify())
        .singleElement()
        .asString()
        .endsWith("has a long key of " + prefixBytes + " bytes and is no bucket");
    try (EloqStore store = EloqStore.open(shard, temp, OPTIONS)) {
      Partition partition = (Partition) store.openPartition(ID);
      partition.rows().writer().delete(key(7, prefixBytes), 0, prefixBytes);
      partition.commit(Map.of());
    }
    assertThat(verify()).singleElement().asString().contains("magic of a key bucket");
  }

  @Test
  void anUnpublishedFileIsAnOrphan() {
    write(PartitionVerifierTest::fill);
    try (EloqStore store = EloqStore.open(shard, temp, OPTIONS)) {
      OwnedPartition partition = store.openPartition(ID);
      // Large values go to their pages at once; closing publishes nothing.
      put(partition, key(1, 20), 400_000, 0);
    }
    assertThat(verify()).singleElement().asString().startsWith("orphan: data_");
  }

  @Test
  void refusalsAreExceptions() {
    assertThatThrownBy(this::verify)
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.NOT_FOUND));
    write(PartitionVerifierTest::fill);
    assertThatThrownBy(
            () -> PartitionVerifier.verify(shard, directory, OPTIONS.withPageBytes(8192)))
        .isInstanceOfSatisfying(
            StoreException.class,
            e -> assertThat(e.code()).isEqualTo(StoreErrorCode.IDENTITY_MISMATCH));
    assertThat(shard.io().openFiles()).isZero();
  }
}
