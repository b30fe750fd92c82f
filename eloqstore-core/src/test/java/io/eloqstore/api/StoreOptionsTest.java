/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreOptions.Durability;
import java.util.function.IntFunction;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

/** Options that no store can have are refused by name, and each is changed without the others. */
class StoreOptionsTest {
  private static final StoreOptions DEFAULTS = StoreOptions.defaults();

  private static void accepted(IntFunction<StoreOptions> with, int... values) {
    for (int value : values) {
      assertThat(with.apply(value)).isNotNull();
    }
  }

  private static void refused(String option, IntFunction<StoreOptions> with, int... values) {
    for (int value : values) {
      assertThatThrownBy(() -> with.apply(value))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(option + " must be ")
          .hasMessageEndingWith("found " + value);
    }
  }

  @Test
  void limitsHoldOnBothSidesAndErrorsNameTheOption() {
    IntFunction<StoreOptions> pageBytes = DEFAULTS::withPageBytes;
    accepted(pageBytes, 4096, 8192, 61440);
    refused("pageBytes", pageBytes, 0, -4096, 4095, 4097, 6144, 65536);
    IntFunction<StoreOptions> shift = DEFAULTS::withPagesPerFileShift;
    accepted(shift, 0, 20);
    refused("pagesPerFileShift", shift, -1, 21, 64);
    IntFunction<StoreOptions> shiftOfLargePages =
        value -> DEFAULTS.withPageBytes(16384).withPagesPerFileShift(value);
    accepted(shiftOfLargePages, 18);
    refused("pagesPerFileShift", shiftOfLargePages, 19);
    IntFunction<StoreOptions> pointers = DEFAULTS::withOverflowPointers;
    accepted(pointers, 1, 128);
    refused("overflowPointers", pointers, 0, 129);
    IntFunction<StoreOptions> leaf = value -> DEFAULTS.withRestartIntervals(value, 16);
    accepted(leaf, 1, 1024);
    refused("leafRestartInterval", leaf, 0, 1025);
    IntFunction<StoreOptions> index = value -> DEFAULTS.withRestartIntervals(16, value);
    accepted(index, 1, 1024);
    refused("indexRestartInterval", index, 0, 1025);
    LongFunction<StoreOptions> log = DEFAULTS::withManifestLogBytesMax;
    assertThat(log.apply(0)).isNotNull();
    refused("manifestLogBytesMax", log::apply, -1);
    LongFunction<StoreOptions> term = DEFAULTS::withTerm;
    assertThat(term.apply(Long.MAX_VALUE)).isNotNull();
    refused("term", term::apply, -1);
    assertThatThrownBy(() -> DEFAULTS.withDurability(null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("durability must not be null");
  }

  @Test
  void limitsOfSpaceSegmentsAndTheShardHoldToo() {
    IntFunction<StoreOptions> factor = DEFAULTS::withFileFactor;
    accepted(factor, 0, 255);
    refused("fileFactor", factor, -1, 256);
    IntFunction<StoreOptions> archives = DEFAULTS::withRetainedArchives;
    accepted(archives, 0, Integer.MAX_VALUE);
    refused("retainedArchives", archives, -1);
    IntFunction<StoreOptions> interval = DEFAULTS::withArchiveIntervalSecs;
    accepted(interval, 0, Integer.MAX_VALUE);
    refused("archiveIntervalSecs", interval, -1);
    IntFunction<StoreOptions> runs =
        value -> DEFAULTS.withSegments(new SegmentOptions(SegmentOptions.When.SPARSE, value));
    accepted(runs, 1, 1000);
    refused("runsMax", runs, 0, 1001);
    ShardOptions shard = ShardOptions.defaults();
    assertThat(shard.withOpenFilesMax(1).openFilesMax()).isEqualTo(1);
    assertThatThrownBy(() -> shard.withOpenFilesMax(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("openFilesMax");
    assertThatThrownBy(() -> shard.withBudgetBytes(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("budgetBytes");
  }

  @Test
  void eachIsChangedWithoutTheOthers() {
    StoreOptions changed =
        DEFAULTS
            .withPageBytes(8192)
            .withPagesPerFileShift(3)
            .withOverflowPointers(4)
            .withRestartIntervals(5, 6)
            .withManifestLogBytesMax(7)
            .withDurability(Durability.NEVER)
            .withAppendMode(false)
            .withTerm(8)
            .withCompression(true)
            .withFileFactor(9)
            .withSegments(SegmentOptions.SPARSE);
    assertThat(changed)
        .isEqualTo(
            new StoreOptions(
                8192,
                3,
                4,
                5,
                6,
                7,
                Durability.NEVER,
                SegmentOptions.SPARSE,
                false,
                8,
                true,
                SpaceOptions.defaults().withFileFactor(9)));
    // In another order, so that none undoes one before it.
    assertThat(
            DEFAULTS
                .withSegments(SegmentOptions.SPARSE)
                .withFileFactor(9)
                .withCompression(true)
                .withTerm(8)
                .withAppendMode(false)
                .withDurability(Durability.NEVER)
                .withManifestLogBytesMax(7)
                .withRestartIntervals(5, 6)
                .withOverflowPointers(4)
                .withPagesPerFileShift(3)
                .withPageBytes(8192))
        .isEqualTo(changed);
  }
}
