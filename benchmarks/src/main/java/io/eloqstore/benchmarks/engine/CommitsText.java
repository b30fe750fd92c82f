/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.Figures;
import io.eloqstore.benchmarks.Machine;
import io.eloqstore.benchmarks.Report;
import io.eloqstore.benchmarks.Spread;
import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The tables of commits in Markdown. */
final class CommitsText {
  private final CommitsPlan plan;
  private final Machine machine;
  private final String fileSystem;
  private final Instant start;

  /**
   * @param fileSystem of the store's files
   */
  CommitsText(CommitsPlan plan, Machine machine, String fileSystem, Instant start) {
    this.plan = plan;
    this.machine = machine;
    this.fileSystem = fileSystem;
    this.start = start;
  }

  /**
   * @param probes nanoseconds of a dependent load, one for each round that ended, at least one
   */
  String of(Figures<CommitPoint, CommitColumn> figures, List<Double> probes) {
    Report report = new Report("What a commit writes, reads and copies");
    if (!plan.mode().equals("full")) {
      report.paragraph("**%s**: small trees. Not figures to quote.", plan.mode());
    }
    report
        .paragraph(
            "One thread, keys of %d bytes, pages of 4 KiB, memory %,d MiB, files forced at each"
                + " commit. Bytes as the engine gives them to its I/O backend: median (least -"
                + " most) of the rounds, each with other keys.",
            Entries.KEY_BYTES, plan.budgetMib())
        .paragraph(
            "Put: keys and values. Data written and read: pages, those of flushes before the commit"
                + " included. Copied along: what went into new pages beside what was put. Mapping"
                + " copied: bytes of the committed mapping that it does not share with the one"
                + " before. Written / put: data and manifest for each byte put. Time: puts and"
                + " commit.")
        .fact("Mode", plan.mode())
        .fact("Rounds", Integer.toString(probes.size()))
        .facts(machine, flags(), start)
        .fact("Files", fileSystem)
        .probes(probes);
    sizes(report, figures);
    leaves(report, figures);
    return report.toString();
  }

  /** Those of this JVM, for the engine runs in it. */
  static String flags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> !flag.startsWith("-D"))
        .collect(Collectors.joining(" "));
  }

  private void sizes(Report report, Figures<CommitPoint, CommitColumn> figures) {
    report.heading("By the size of the change and of the tree");
    report.paragraph(
        "Values of %d bytes. Changed keys are spread over all there are; what is above their"
            + " number is new, behind them. With segments, changes that are sparse in the tree are"
            + " written as a change segment; its later merge is not part of these rows.",
        CommitsTable.VALUE_BYTES);
    report.columns(columns("changed keys at existing keys"));
    for (int existing : plan.existing()) {
      for (int changed : plan.changed()) {
        for (boolean segments : CommitsTable.MODES) {
          CommitPoint point = CommitPoint.ofSize(existing, changed, segments);
          report.row(cells(point.label(), point, figures));
        }
      }
    }
  }

  private void leaves(Report report, Figures<CommitPoint, CommitColumn> figures) {
    report.heading("By updates for each leaf");
    report.paragraph(
        "%,d keys with values of %d bytes, updates spread over all leaves at random, in each of"
            + " %d commits. With segments, all of them are merged behind the last commit and"
            + " counted. Model: each leaf that is hit by one update or more in a commit is written"
            + " once, 4 KiB.",
        plan.leafKeys(), CommitsTable.SMALL_VALUE_BYTES, CommitsTable.LEAF_COMMITS);
    String[] names = columns("updates for each leaf");
    report.columns(with(names, "model"));
    for (int doubling = -CommitsTable.DOUBLINGS; doubling <= CommitsTable.DOUBLINGS; doubling++) {
      for (boolean segments : CommitsTable.MODES) {
        CommitPoint point = CommitPoint.ofLeaves(plan.leafKeys(), doubling, segments);
        if (figures.spread(point, CommitColumn.CHANGED).isPresent()) {
          String model = Report.format("%.2f", model(point.updatesPerLeaf()));
          report.row(with(cells(point.label(), point, figures), segments ? "" : model));
        }
      }
    }
  }

  /** Bytes written for each byte put when updates fall on leaves at random. */
  static double model(double updatesPerLeaf) {
    double hitLeaves = 1 - Math.exp(-updatesPerLeaf);
    int entryBytes = Entries.KEY_BYTES + CommitsTable.SMALL_VALUE_BYTES;
    return hitLeaves * 4096 / (updatesPerLeaf * entryBytes);
  }

  private static String[] columns(String first) {
    CommitColumn[] columns = CommitColumn.values();
    String[] names = new String[columns.length + 1];
    names[0] = first;
    for (int i = 0; i < columns.length; i++) {
      names[i + 1] = columns[i].label();
    }
    return names;
  }

  private static String[] cells(
      String label, CommitPoint point, Figures<CommitPoint, CommitColumn> figures) {
    CommitColumn[] columns = CommitColumn.values();
    String[] cells = new String[columns.length + 1];
    cells[0] = label;
    for (int i = 0; i < columns.length; i++) {
      Optional<Spread> spread = figures.spread(point, columns[i]);
      cells[i + 1] =
          columns[i] == CommitColumn.AMPLIFICATION
              ? Report.hundredths(spread)
              : Report.whole(spread);
    }
    return cells;
  }

  private static String[] with(String[] cells, String last) {
    String[] more = Arrays.copyOf(cells, cells.length + 1);
    more[cells.length] = last;
    return more;
  }
}
