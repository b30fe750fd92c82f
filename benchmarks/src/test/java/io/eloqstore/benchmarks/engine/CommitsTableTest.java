/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.eloqstore.benchmarks.Figures;
import io.eloqstore.benchmarks.Machine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Smoke mode of the tables of commits: small trees, counts that must hold whatever the engine. */
class CommitsTableTest {
  private static final int BUDGET_BYTES = 16 << 20;
  private static final Machine MACHINE = new Machine("a cpu", 2, "a system", "a jdk", "abc");

  @TempDir Path directory;

  @Test
  void costOfOneChangedKeyIsALeafAndARecord() throws Exception {
    try (ChangedTree tree = ChangedTree.load(5_000, 100, BUDGET_BYTES, 0, false)) {
      CommitCost cost = tree.change(1);
      assertThat(cost.changedBytes()).isEqualTo(116);
      assertThat(cost.io().dataWrittenBytes()).as("one leaf, its parent stays").isEqualTo(4096);
      assertThat(cost.io().manifestWrittenBytes()).isEqualTo(4096);
      assertThat(cost.io().forces()).isGreaterThanOrEqualTo(2);
      assertThat(cost.copiedBytes()).isEqualTo(4096 - 116);
      assertThat(cost.amplification()).isCloseTo(8192 / 116.0, within(1e-9));
    }
  }

  @Test
  void changesBeyondTheExistingKeysAreNew() throws Exception {
    try (ChangedTree tree = ChangedTree.load(100, 100, BUDGET_BYTES, 3, false)) {
      tree.change(50);
      assertThat(tree.partition().approximateEntryCount()).isEqualTo(100);
      CommitCost cost = tree.change(1_000);
      assertThat(tree.partition().approximateEntryCount()).isEqualTo(1_000);
      assertThat(cost.io().dataWrittenBytes()).isGreaterThan(cost.changedBytes());
      assertThat(tree.pages()).isBetween(25L, 60L);
    }
  }

  @Test
  void smokeRunFillsBothTables() throws Exception {
    Path output = directory.resolve("commits.md");
    CommitsPlan plan =
        CommitsPlan.parse(directory, "--smoke", "--rounds", "2", "--output", output.toString());
    Figures<CommitPoint, CommitColumn> figures =
        CommitsTable.measured(plan, new CommitsText(plan, MACHINE, "ext4", Instant.EPOCH));
    for (CommitColumn column : CommitColumn.values()) {
      assertThat(figures.spread(CommitPoint.ofSize(5_000, 50, false), column).orElseThrow().count())
          .isEqualTo(2);
    }
    double before = Double.MAX_VALUE;
    for (int doubling = -1; doubling <= CommitsTable.DOUBLINGS; doubling++) {
      CommitPoint point = CommitPoint.ofLeaves(20_000, doubling, false);
      double now = figures.spread(point, CommitColumn.AMPLIFICATION).orElseThrow().median();
      assertThat(now).as("more updates a leaf, fewer bytes for each").isLessThan(before);
      before = now;
    }
    assertThat(Files.readString(output))
        .contains("| 50 at 5,000 | 5,800 (5,800 - 5,800) | ")
        .contains("| 1/64 a leaf | ")
        .contains("| 64 a leaf | ")
        .contains("| 1/64 a leaf, segments | ")
        .contains("**smoke**");
  }

  @Test
  void modelOfRandomUpdates() {
    assertThat(CommitsText.model(1.0 / 64)).isCloseTo(128, within(1.5));
    assertThat(CommitsText.model(64)).isCloseTo(2, within(1e-9));
  }

  @Test
  void plan() {
    CommitsPlan full = CommitsPlan.parse(Path.of("root"), "--existing", "5,7", "--budget-mib", "3");
    assertThat(full.existing()).isEqualTo(List.of(5, 7));
    assertThat(full.changed()).isEqualTo(List.of(1, 1_000, 1_000_000));
    assertThat(full.budgetBytes()).isEqualTo(3 << 20);
    assertThat(full.output()).isEqualTo(Path.of("root/docs/benchmarks/commits.md"));
    assertThatThrownBy(() -> CommitsPlan.parse(Path.of("root"), "--changed", "1,,2"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
