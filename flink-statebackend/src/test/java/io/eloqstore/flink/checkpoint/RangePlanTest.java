/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.PartitionImage.ImageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.flink.runtime.state.memory.ByteStreamStateHandle;
import org.junit.jupiter.api.Test;

/** What is uploaded of one file: every byte covered once, little uploaded again. */
class RangePlanTest {
  private static final String FILE = "data_7_0";

  @Test
  void newFileIsUploadedWhole() {
    RangePlan plan = RangePlan.whole(List.of(file(FILE, 0, 100)));
    assertThat(plan.reused()).isEmpty();
    assertThat(ranges(plan)).containsExactly("0/data_7_0@0-100");
  }

  @Test
  void emptyFileIsNotUploaded() {
    assertThat(RangePlan.whole(List.of(file(FILE, 0, 0))).uploads()).isEmpty();
  }

  @Test
  void onlyTheNewRangeIsUploaded() {
    RangePlan plan = plan(150, stored(0, 100));
    assertThat(plan.reused()).hasSize(1);
    assertThat(ranges(plan)).containsExactly("0/data_7_0@100-150");
  }

  @Test
  void unchangedFileUploadsNothing() {
    RangePlan plan = plan(100, stored(0, 60), stored(60, 100));
    assertThat(plan.reused()).hasSize(2);
    assertThat(plan.uploads()).isEmpty();
  }

  @Test
  void gapsAreUploadedAgain() {
    RangePlan plan = plan(100, stored(20, 40), stored(60, 100));
    assertThat(ranges(plan)).containsExactly("0/data_7_0@0-20", "0/data_7_0@40-60");
  }

  @Test
  void rangeBehindTheImageIsNotUsed() {
    RangePlan plan = plan(100, stored(0, 101));
    assertThat(plan.reused()).isEmpty();
    assertThat(ranges(plan)).containsExactly("0/data_7_0@0-100");
  }

  @Test
  void sixteenRangesAreLeftAndTheSeventeenthCombines() {
    StoredRange[] equal = new StoredRange[RangePlan.RANGES_MAX];
    for (int i = 0; i < equal.length; i++) {
      equal[i] = stored(i * 10L, i * 10L + 10);
    }
    RangePlan full = plan(160, equal);
    assertThat(full.reused()).hasSize(16);
    assertThat(full.uploads()).isEmpty();

    RangePlan combined = plan(170, equal);
    assertThat(combined.reused()).isEmpty();
    assertThat(ranges(combined)).containsExactly("0/data_7_0@0-170");
  }

  @Test
  void largeOldRangeIsKeptWhenSmallOnesAreCombined() {
    StoredRange[] stored = new StoredRange[RangePlan.RANGES_MAX];
    stored[0] = stored(0, 1_000_000);
    for (int i = 1; i < stored.length; i++) {
      stored[i] = stored(1_000_000 + i * 10L - 10, 1_000_000 + i * 10L);
    }
    RangePlan combined = plan(1_000_160, stored);
    assertThat(combined.reused()).containsExactly(stored[0]);
    assertThat(ranges(combined)).containsExactly("0/data_7_0@1000000-1000160");
  }

  @Test
  void pendingCheckpointForbidsToCombine() {
    List<StoredRange> stored = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      stored.add(stored(i * 10L, i * 10L + 10));
    }
    RangePlan plan = new RangePlan(new ArrayList<>(), new ArrayList<>());
    plan.addFile(file(FILE, 0, 210), stored, false);
    assertThat(plan.reused()).hasSize(20);
    assertThat(ranges(plan)).containsExactly("0/data_7_0@200-210");
  }

  @Test
  void everyByteIsCoveredOnceAndUploadedAFewTimesAtMost() {
    for (int seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      List<StoredRange> held = new ArrayList<>();
      long length = 0;
      long uploaded = 0;
      for (int checkpoint = 0; checkpoint < 200; checkpoint++) {
        length += random.nextInt(1000);
        RangePlan plan = plan(length, held.toArray(new StoredRange[0]));
        held = new ArrayList<>(plan.reused());
        for (RangePlan.Upload upload : plan.uploads()) {
          held.add(stored(upload.range().from(), upload.range().to()));
          uploaded += upload.range().length();
        }
        assertCovers(held, length, seed);
      }
      // Each byte moves up one tier each time, and a tier holds sixteen times the one below.
      assertThat(uploaded).as("seed " + seed).isLessThanOrEqualTo(4 * length);
    }
  }

  private static void assertCovers(List<StoredRange> held, long length, int seed) {
    held.sort(Comparator.comparing(StoredRange::range));
    long position = 0;
    for (StoredRange stored : held) {
      assertThat(stored.range().from()).as("seed " + seed).isEqualTo(position);
      position = stored.range().to();
    }
    assertThat(position).as("seed " + seed).isEqualTo(length);
    assertThat(held).as("seed " + seed).hasSizeLessThanOrEqualTo(RangePlan.RANGES_MAX);
  }

  @Test
  void localPathsAreReadBack() throws IOException {
    for (FileRange range :
        List.of(
            new FileRange(0, "data_7_0", 0, 5, 9), new FileRange(0, "manifest_0", 3, 0, 4096))) {
      assertThat(FileRange.parse(range.localPath())).isEqualTo(range);
    }
    assertThat(new FileRange(0, "manifest_0", 3, 0, 8).localPath()).isEqualTo("0/manifest_0#3@0-8");
    for (String foreign : List.of("000007.sst", "data_7@5", "../data_7@0-5", "data_7@5-5", "")) {
      assertThatThrownBy(() -> FileRange.parse(foreign))
          .as(foreign)
          .isInstanceOf(IOException.class);
    }
  }

  private static RangePlan plan(long length, StoredRange... usable) {
    RangePlan plan = new RangePlan(new ArrayList<>(), new ArrayList<>());
    plan.addFile(file(FILE, 0, length), List.of(usable), true);
    return plan;
  }

  private static List<String> ranges(RangePlan plan) {
    return plan.uploads().stream().map(upload -> upload.range().localPath()).toList();
  }

  private static StoredRange stored(long from, long to) {
    return new StoredRange(
        new FileRange(0, FILE, 0, from, to),
        new ByteStreamStateHandle(UUID.randomUUID().toString(), new byte[1]));
  }

  private static PartFile file(String name, long incarnation, long length) {
    return new PartFile(0, null, new ImageFile(name, incarnation, length));
  }
}
