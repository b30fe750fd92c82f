/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.file.FileNames;
import io.eloqstore.reference.ReferenceVerifier;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Owners with growing terms follow each other; what an outdated one left or does counts nothing.
 */
class TermTest {
  private static final StoreOptions OPTIONS = StoreOptions.defaults().withPagesPerFileShift(4);

  @TempDir Path directory;
  @TempDir Path stale;
  private Path partitionDirectory;
  private Shard shard;

  @BeforeEach
  void openShard() {
    shard = EloqStore.openShard(ShardOptions.defaults().withBudgetBytes(8 << 20));
    partitionDirectory = directory.resolve(PartitionWorld.ID.directoryName());
  }

  @AfterEach
  void closeShard() {
    shard.close();
  }

  private interface Deed {
    void on(OwnedPartition partition);
  }

  private void as(long term, Deed deed) {
    as(OPTIONS.withTerm(term), deed);
  }

  private void as(StoreOptions options, Deed deed) {
    try (EloqStore store = EloqStore.open(shard, directory, options)) {
      deed.on(store.openPartition(PartitionWorld.ID));
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static void put(OwnedPartition partition, String key, String value) {
    partition.put(bytes(key), 0, key.length(), bytes(value), 0, value.length());
  }

  private static String get(OwnedPartition partition, String key) {
    ValueBuffer value = new ValueBuffer();
    return partition.get(bytes(key), 0, key.length(), value)
        ? new String(value.toByteArray(), StandardCharsets.US_ASCII)
        : null;
  }

  private static Deed putAndCommit(String key, String value) {
    return partition -> {
      put(partition, key, value);
      partition.commit(Map.of());
    };
  }

  private static Deed expect(String key, String value) {
    return partition -> assertThat(get(partition, key)).isEqualTo(value);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(partitionDirectory)) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private void assertSound() throws IOException {
    assertThat(ReferenceVerifier.verify(partitionDirectory, 4096, 4)).isEmpty();
    assertThat(PartitionVerifier.verify(shard, partitionDirectory, OPTIONS).findings()).isEmpty();
  }

  private void assertExpired(long term, String found) {
    assertThatThrownBy(() -> as(term, partition -> {}))
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.EXPIRED_TERM))
        .hasMessageContaining("opened with term " + term)
        .hasMessageContaining(found);
  }

  // ---- one after the other ----------------------------------------------------------------------

  @Test
  void aHigherTermReadsAndGoesOnAndALowerOneIsRefused() throws IOException {
    as(1, putAndCommit("a", "one"));
    assertThat(names()).containsExactly("data_0_1", "manifest_1");
    as(5, expect("a", "one"));
    as(5, putAndCommit("b", "five"));
    // The leaf was rewritten, by an owner of term 5; the index page above it lies where it lay.
    assertThat(names()).containsExactly("data_0_1", "data_1_5", "manifest_5");
    assertExpired(3, "manifest_5");
    assertExpired(0, "manifest_5");
    as(
        5,
        partition -> {
          expect("a", "one").on(partition);
          expect("b", "five").on(partition);
          putAndCommit("c", "five again").on(partition);
        });
    as(7, expect("c", "five again"));
    assertSound();
  }

  @Test
  void anOwnerThatCommitsNothingLeavesThePartitionToTheOneBefore() throws IOException {
    as(1, putAndCommit("a", "one"));
    as(
        5,
        partition -> {
          put(partition, "a", "never published");
          partition.flush();
        });
    as(1, expect("a", "one"));
    assertThat(names()).contains("manifest_1").doesNotContain("manifest_5");
  }

  @Test
  void aCommitThatChangesNothingIsPublishedUnderTheNewTermToo() throws IOException {
    as(1, putAndCommit("a", "one"));
    as(2, partition -> partition.commit(Map.of()));
    assertThat(names()).containsExactly("data_0_1", "manifest_2");
    as(2, expect("a", "one"));
    assertExpired(1, "manifest_2");
    assertSound();
  }

  @Test
  void filesKeepTheTermThatTheyWereMadeIn() throws IOException {
    for (int term = 0; term < 4; term++) {
      int now = term;
      as(
          term,
          partition -> {
            for (int i = 0; i < 200; i++) {
              put(partition, String.format("term%d key%03d", now, i), "-".repeat(90));
            }
            partition.commit(Map.of());
          });
    }
    assertThat(names()).contains("data_0_0", "manifest_3");
    assertThat(names().stream().filter(name -> name.endsWith("_2")).count()).isPositive();
    as(
        StoreOptions.defaults().withPagesPerFileShift(4).withTerm(3).withManifestLogBytesMax(0),
        partition -> {
          for (int term = 0; term < 4; term++) {
            assertThat(get(partition, "term" + term + " key123")).hasSize(90);
          }
          putAndCommit("term0 key000", "changed").on(partition);
        });
    assertSound();
  }

  @Test
  void readersSeeTheNewestTermWhateverTheirOwn() {
    as(6, putAndCommit("a", "six"));
    try (EloqStore store = EloqStore.openReadOnly(shard, directory, OPTIONS)) {
      expect("a", "six").on(store.openPartition(PartitionWorld.ID));
    }
  }

  // ---- what outdated owners leave ---------------------------------------------------------------

  /** An owner of term 5 that did not notice: it went on writing beside that of term 7. */
  @Test
  void whatAnOutdatedOwnerWritesIsInvisibleAndGoes() throws IOException {
    as(5, putAndCommit("a", "five"));
    for (String name : names()) {
      Files.copy(partitionDirectory.resolve(name), stale.resolve(name));
    }
    as(7, putAndCommit("a", "seven"));
    Files.copy(stale.resolve("manifest_5"), partitionDirectory.resolve("manifest_5"));
    Files.copy(stale.resolve("data_0_5"), partitionDirectory.resolve("data_9_5"));
    as(7, expect("a", "seven"));
    as(7, putAndCommit("b", "seven"));
    assertThat(names()).contains("manifest_7").doesNotContain("manifest_5", "data_9_5");
    as(7, expect("a", "seven"));
    assertSound();
  }

  /** The local collector of C++ looks at the id alone and would delete either file. */
  @Test
  void deletionHonoursTheTermInAName() throws IOException {
    as(1, putAndCommit("a", "one"));
    Path live = partitionDirectory.resolve("data_0_1");
    for (String other : List.of("data_0_0", "data_0_3", "data_0_5", "data_0_9", "data_4_9")) {
      Files.copy(live, partitionDirectory.resolve(other));
    }
    as(5, partition -> partition.commit(Map.of()));
    // Those of term 9 belong to an owner that has not committed yet.
    assertThat(names()).containsExactly("data_0_1", "data_0_9", "data_4_9", "manifest_5");
    as(5, putAndCommit("a", "five"));
    // New files lie above every id that is there.
    assertThat(names())
        .containsExactly("data_0_1", "data_0_9", "data_4_9", "data_5_5", "manifest_5");
    as(
        5,
        partition -> {
          partition.deleteRange(KeyRange.ALL);
          partition.commit(Map.of());
          putAndCommit("a", "five again").on(partition);
        });
    assertThat(names()).doesNotContain("data_0_1").contains("data_0_9", "data_4_9");
    as(5, expect("a", "five again"));
  }

  @Test
  void outdatedFilesStayUntilTheFirstCommit() throws IOException {
    as(1, putAndCommit("a", "one"));
    Files.copy(partitionDirectory.resolve("data_0_1"), partitionDirectory.resolve("data_7_0"));
    as(
        5,
        partition -> {
          put(partition, "b", "not committed");
          partition.flush();
        });
    assertThat(names()).contains("data_7_0");
    as(5, partition -> partition.commit(Map.of()));
    assertThat(names()).doesNotContain("data_7_0");
  }

  @Test
  void filesThatAnArchiveNamesStayUnderTheirTerm() throws IOException {
    as(1, putAndCommit("a", "one"));
    Files.copy(
        partitionDirectory.resolve("manifest_1"),
        partitionDirectory.resolve(FileNames.archive(1, 77)));
    as(5, putAndCommit("a", "five"));
    as(6, putAndCommit("a", "six"));
    as(7, putAndCommit("a", "seven"));
    assertThat(names()).contains("data_0_1", "manifest_1_77", "manifest_7");
    try (OwnedPartition archived =
        EloqStore.openPartitionReadOnly(shard, partitionDirectory, OPTIONS, "manifest_1_77")) {
      expect("a", "one").on(archived);
    }
    assertSound();
  }

  // ---- in place ---------------------------------------------------------------------------------

  /** Files of earlier terms are written again under the names that they have. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void inPlaceEveryTermWritesIntoTheFilesOfTheOnesBefore(long seed) throws IOException {
    Random random = new Random(seed);
    Map<String, String> model = new TreeMap<>();
    StoreOptions options =
        OPTIONS.withAppendMode(false).withManifestLogBytesMax(seed % 2 == 0 ? 0 : 1 << 20);
    long term = 0;
    for (int run = 0; run < 25; run++) {
      term += random.nextInt(3);
      as(
          options.withTerm(term),
          partition -> {
            model.forEach((key, value) -> assertThat(get(partition, key)).isEqualTo(value));
            for (int commit = random.nextInt(4); commit >= 0; commit--) {
              for (int i = 0; i < 200; i++) {
                String key = "key" + random.nextInt(600);
                String value = i + "-".repeat(random.nextInt(150));
                put(partition, key, value);
                model.put(key, value);
              }
              partition.commit(Map.of());
            }
          });
      assertThat(ReferenceVerifier.verify(partitionDirectory, 4096, 4))
          .as("seed %d, run %d", seed, run)
          .isEmpty();
      assertThat(
              PartitionVerifier.verify(shard, partitionDirectory, options.withTerm(term))
                  .findings())
          .as("seed %d, run %d", seed, run)
          .isEmpty();
    }
  }
}
