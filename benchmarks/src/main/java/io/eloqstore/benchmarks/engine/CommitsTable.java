/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.CommandLine;
import io.eloqstore.benchmarks.Figures;
import io.eloqstore.benchmarks.Machine;
import io.eloqstore.benchmarks.Report;
import io.eloqstore.benchmarks.Rounds;
import io.eloqstore.benchmarks.WorkDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * Counts what commits write, read and copy, by the size of the tree and of the change, and by how
 * many updates each leaf gets. Writes both tables.
 */
public final class CommitsTable implements Rounds.Measurement {
  /** Bytes of a value in a tree of which the size counts. */
  static final int VALUE_BYTES = Entries.VALUE_BYTES;

  /** Of which the updates by leaf count: small, so that a leaf holds more entries than updates. */
  static final int SMALL_VALUE_BYTES = 16;

  /** Commits of each point by leaf; what segments put off is merged behind the last one. */
  static final int LEAF_COMMITS = 8;

  /** Without and with change segments. */
  static final boolean[] MODES = {false, true};

  /** Updates by leaf, from 1 / 2^this to 2^this. */
  static final int DOUBLINGS = 6;

  private final CommitsPlan plan;
  private final CommitsText text;
  private final Figures<CommitPoint, CommitColumn> figures = new Figures<>();

  private CommitsTable(CommitsPlan plan, CommitsText text) {
    this.plan = plan;
    this.text = text;
  }

  /** See {@link CommandLine}. */
  public static void main(String[] arguments) throws Exception {
    CommandLine.run(CommitsPlan.USAGE, CommitsPlan::parse, CommitsTable::run, arguments);
  }

  private static boolean run(CommitsPlan plan, Path root) throws Exception {
    measured(
        plan, new CommitsText(plan, Machine.here(root), WorkDirectory.fileSystem(), Instant.now()));
    System.out.println("Tables: " + plan.output());
    return true;
  }

  static Figures<CommitPoint, CommitColumn> measured(CommitsPlan plan, CommitsText text)
      throws Exception {
    CommitsTable table = new CommitsTable(plan, text);
    Rounds.run(plan.rounds(), plan.limitMs(), plan.output(), table);
    return table.figures;
  }

  @Override
  public void measure(int round) throws IOException {
    for (boolean segments : MODES) {
      for (int keys : plan.existing()) {
        try (ChangedTree tree =
            ChangedTree.load(keys, VALUE_BYTES, plan.budgetBytes(), round, segments)) {
          for (int changed : plan.changed()) {
            add(CommitPoint.ofSize(keys, changed, segments), round, tree.change(changed));
          }
        }
      }
      measureLeaves(round, segments);
    }
  }

  private void measureLeaves(int round, boolean segments) throws IOException {
    try (ChangedTree tree =
        ChangedTree.load(plan.leafKeys(), SMALL_VALUE_BYTES, plan.budgetBytes(), round, segments)) {
      long leaves = tree.pages();
      for (int doubling = -DOUBLINGS; doubling <= DOUBLINGS; doubling++) {
        CommitPoint point = CommitPoint.ofLeaves(tree.keys(), doubling, segments);
        int changed = (int) Math.max(1, Math.round(leaves * point.updatesPerLeaf()));
        if (changed <= tree.keys()) {
          add(point, round, tree.change(changed, LEAF_COMMITS, true));
        }
      }
    }
  }

  private void add(CommitPoint point, int round, CommitCost cost) {
    for (CommitColumn column : CommitColumn.values()) {
      figures.add(point, column, round, column.of(cost));
    }
    System.out.print(
        Report.format(
            "  %-34s %,14d bytes put, %,14d written, %,14d read%n",
            point.label(),
            cost.changedBytes(),
            cost.io().dataWrittenBytes() + cost.io().manifestWrittenBytes(),
            cost.io().dataReadBytes()));
  }

  @Override
  public String report(List<Double> probes) {
    return text.of(figures, probes);
  }
}
