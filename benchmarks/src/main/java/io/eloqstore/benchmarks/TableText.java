/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/** Table 1 in Markdown. */
final class TableText {
  private final TablePlan plan;
  private final Machine machine;
  private final Instant start;

  TableText(TablePlan plan, Machine machine, Instant start) {
    this.plan = plan;
    this.machine = machine;
    this.start = start;
  }

  /**
   * @param probes nanoseconds of a dependent load, one for each round that ended, at least one
   * @param failures what could not be measured, a line each
   */
  String of(Figures<Operation, BackendKind> figures, List<Double> probes, List<String> failures) {
    Report report = new Report("Table 1: Flink keyed state in memory");
    head(report, probes);
    rows(report, figures);
    return report.failures(failures).toString();
  }

  private void head(Report report, List<Double> probes) {
    if (!plan.mode().equals("full")) {
      report.paragraph(
          "**%s**: few rounds, few keys, short iterations. Not figures to quote.", plan.mode());
    }
    report
        .paragraph(
            "One thread, %,d keys, managed memory %d MiB, backends at their defaults, nothing"
                + " flushed between loading and measuring. Operations for each millisecond, the"
                + " key selected before each: median (least - most) of the rounds. A ratio is"
                + " taken within a round; the median is given, and its spread.",
            plan.keys(), KeyedLoad.MANAGED_BYTES >> 20)
        .fact("Mode", plan.mode())
        .fact(
            "Rounds",
            Report.format(
                "%d of interleaved backends, one JVM for each figure; %d warm-up and %d counted"
                    + " iterations of %d ms, or of a fixed number of operations where the state"
                    + " grows",
                probes.size(), plan.warmups(), plan.iterations(), plan.iterationMs()))
        .facts(machine, ForkFlags.described(), start)
        .probes(probes);
  }

  private void rows(Report report, Figures<Operation, BackendKind> figures) {
    report.columns("operation", "HashMap", "RocksDB", "ours", "ours / RocksDB", "ours / HashMap");
    Arrays.stream(Operation.values())
        .filter(plan::includes)
        .forEach(
            operation ->
                report.row(
                    operation.label(),
                    Report.whole(figures.spread(operation, BackendKind.HASHMAP)),
                    Report.whole(figures.spread(operation, BackendKind.ROCKSDB)),
                    Report.whole(figures.spread(operation, BackendKind.ELOQSTORE)),
                    ratio(figures, operation, BackendKind.ROCKSDB),
                    ratio(figures, operation, BackendKind.HASHMAP)));
    report.row(
        "geometric mean",
        "",
        "",
        "",
        Report.hundredths(figures.meanRatio(BackendKind.ELOQSTORE, BackendKind.ROCKSDB)),
        Report.hundredths(figures.meanRatio(BackendKind.ELOQSTORE, BackendKind.HASHMAP)));
  }

  private static String ratio(
      Figures<Operation, BackendKind> figures, Operation operation, BackendKind peer) {
    return Report.hundredths(figures.ratio(operation, BackendKind.ELOQSTORE, peer));
  }
}
