/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.SegmentOptions.When;
import io.eloqstore.api.StoreOptions;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/**
 * Every crash point and every failed operation once more with a change segment for each flush: in
 * commits that write one, while ranges are merged, and in the sealing of a store.
 */
class SegmentCrashPointTest extends CrashPointTest {

  @Override
  int seeds() {
    return 1;
  }

  @Override
  StoreOptions layout() {
    return StoreOptions.defaults().withSegments(new SegmentOptions(When.ALWAYS, 2));
  }

  /** More runs than may lie over each other: the worker merges between the commits. */
  private static void segmentsAndMerges(CommittingRun run) {
    for (int round = 0; round < 4; round++) {
      for (int i = round; i < 120; i += 7) {
        run.put(String.format("key%03d", i), "round" + round + "of" + i);
      }
      run.put("large1", LARGE + round);
      run.delete(String.format("key%03d", 10 * round));
      run.flush();
      run.deleteRange(
          String.format("key%03d", 20 * round), String.format("key%03d", 20 * round + 5));
      run.commit();
    }
  }

  private static void sealed(CommittingRun run) {
    for (int round = 0; round < 2; round++) {
      run.put("key0" + (20 + round), "segment" + round);
      run.put("large2", LARGE + round);
      run.commit();
    }
    run.store().partition().partition().seal();
    run.put("key001", "behind the seal");
    run.commit();
  }

  @Test
  void powerCutWhileSegmentsAreMerged() throws IOException {
    assertThat(crashAtEachPoint(options, SegmentCrashPointTest::segmentsAndMerges))
        .isGreaterThan(40);
    assertThat(outcomes).contains(1, 2, 3, 4, 5);
  }

  @Test
  void powerCutInASeal() throws IOException {
    assertThat(crashAtEachPoint(options, SegmentCrashPointTest::sealed)).isGreaterThan(30);
    assertThat(outcomes).contains(1, 2, 3, 4);
  }

  @Test
  void failedOperationWhileSegmentsAreMerged() throws IOException {
    assertThat(failAtEachPoint(options, SegmentCrashPointTest::segmentsAndMerges))
        .isGreaterThan(40);
  }

  @Test
  void failedOperationInASeal() throws IOException {
    assertThat(failAtEachPoint(options, SegmentCrashPointTest::sealed)).isGreaterThan(30);
  }
}
