/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.Figures;
import io.eloqstore.benchmarks.ForkFlags;
import io.eloqstore.benchmarks.Machine;
import io.eloqstore.benchmarks.Report;
import io.eloqstore.benchmarks.Spread;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The engine's table in Markdown. */
final class EngineText {
  private final EnginePlan plan;
  private final Machine machine;
  private final String fileSystem;
  private final Instant start;

  /**
   * @param fileSystem of the stores' files
   */
  EngineText(EnginePlan plan, Machine machine, String fileSystem, Instant start) {
    this.plan = plan;
    this.machine = machine;
    this.fileSystem = fileSystem;
    this.start = start;
  }

  /**
   * @param figures rates in the unit of the row
   * @param allocations bytes on the heap for each invocation
   * @param probes nanoseconds of a dependent load, one for each round that ended, at least one
   * @param failures what could not be measured, a line each
   */
  String of(
      List<EnginePoint> points,
      Figures<EnginePoint, EngineKind> figures,
      Figures<EnginePoint, EngineKind> allocations,
      List<Double> probes,
      List<String> failures) {
    Report report = new Report("The engine alone");
    head(report, probes);
    rows(report, points, figures, allocations);
    loads(report, points, figures);
    return report.failures(failures).toString();
  }

  private void head(Report report, List<Double> probes) {
    if (!plan.mode().equals("full")) {
      report.paragraph(
          "**%s**: few rounds, few keys, short iterations. Not figures to quote.", plan.mode());
    }
    report
        .paragraph(
            "One thread, %,d keys of %d bytes with values of %d random bytes, in random order."
                + " Rates, more is better: median (least - most) of the rounds. A ratio is taken"
                + " within a round; the median is given, and its spread.",
            plan.keys(), Entries.KEY_BYTES, Entries.VALUE_BYTES)
        .paragraph(
            "Memory: %,d MiB, for loads %d MiB; RocksDB gets write buffers and cache of the same"
                + " size as ours. RocksDB writes no log, for ours has none. It is at its defaults"
                + " otherwise; tuned means filters, hash indexes in its blocks and no compression."
                + " A commit, and the one at the end of a load, is forced to the disk: ours as"
                + " data files and manifest, RocksDB's as the flush of its memtable. The maps of"
                + " the JDK hand out their values without a copy and have no disk.",
            Memory.ROOMY.bytes() >> 20, Memory.TIGHT.bytes() >> 20)
        .paragraph(
            "B/op: bytes that ours allocates on the heap for each invocation, its background"
                + " thread and the harness included; an invocation is an operation, a scan, a"
                + " commit or a load.")
        .fact("Mode", plan.mode())
        .fact(
            "Rounds",
            Report.format(
                "%d of interleaved stores, one JVM for each figure; %d warm-up and %d counted"
                    + " iterations of %d ms, or of a fixed number of operations",
                probes.size(), plan.warmups(), plan.iterations(), plan.iterationMs()))
        .facts(machine, ForkFlags.described(), start)
        .fact("Files", fileSystem)
        .probes(probes);
  }

  private static void rows(
      Report report,
      List<EnginePoint> points,
      Figures<EnginePoint, EngineKind> figures,
      Figures<EnginePoint, EngineKind> allocations) {
    report.columns(
        "operation",
        "unit",
        "ours",
        "B/op",
        "RocksDB",
        "RocksDB tuned",
        "skip list",
        "TreeMap",
        "ours / RocksDB",
        "ours / tuned",
        "ours / skip list",
        "ours / TreeMap");
    for (EnginePoint point : points) {
      report.row(
          point.label(),
          point.unit(),
          Report.rate(figures.spread(point, EngineKind.ELOQSTORE)),
          bytes(allocations.spread(point, EngineKind.ELOQSTORE)),
          Report.rate(figures.spread(point, EngineKind.ROCKSDB)),
          Report.rate(figures.spread(point, EngineKind.ROCKSDB_TUNED)),
          Report.rate(figures.spread(point, EngineKind.SKIP_LIST)),
          Report.rate(figures.spread(point, EngineKind.TREE_MAP)),
          ratio(figures, point, EngineKind.ROCKSDB),
          ratio(figures, point, EngineKind.ROCKSDB_TUNED),
          ratio(figures, point, EngineKind.SKIP_LIST),
          ratio(figures, point, EngineKind.TREE_MAP));
    }
  }

  /** Loads in the unit of a disk. */
  private static void loads(
      Report report, List<EnginePoint> points, Figures<EnginePoint, EngineKind> figures) {
    List<EnginePoint> loads = points.stream().filter(EnginePoint::isLoad).toList();
    if (loads.isEmpty()) {
      return;
    }
    report.columns("MB/s of keys and values", "ours", "RocksDB", "RocksDB tuned");
    for (EnginePoint load : loads) {
      report.row(
          load.label(),
          megabytes(figures.spread(load, EngineKind.ELOQSTORE)),
          megabytes(figures.spread(load, EngineKind.ROCKSDB)),
          megabytes(figures.spread(load, EngineKind.ROCKSDB_TUNED)));
    }
  }

  private static String ratio(
      Figures<EnginePoint, EngineKind> figures, EnginePoint point, EngineKind peer) {
    return Report.hundredths(figures.ratio(point, EngineKind.ELOQSTORE, peer));
  }

  /** The middle; less than half a byte is what the harness leaves. */
  private static String bytes(Optional<Spread> allocations) {
    return allocations.map(spread -> Report.format("%,.0f", spread.median())).orElse("-");
  }

  /** Of rows for each millisecond. */
  private static String megabytes(Optional<Spread> rowsPerMs) {
    return Report.rate(rowsPerMs.map(spread -> spread.times(Entries.BYTES / 1e3)));
  }
}
