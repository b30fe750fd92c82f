/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.Figures;
import io.eloqstore.benchmarks.Machine;
import io.eloqstore.benchmarks.Report;
import java.time.Instant;
import java.util.List;

/** The table of random reads in Markdown. */
final class ReadsText {
  private final ReadsPlan plan;
  private final Machine machine;
  private final String fileSystem;
  private final String fioVersion;
  private final Instant start;

  /**
   * @param fileSystem of the store's files
   */
  ReadsText(ReadsPlan plan, Machine machine, String fileSystem, String fioVersion, Instant start) {
    this.plan = plan;
    this.machine = machine;
    this.fileSystem = fileSystem;
    this.fioVersion = fioVersion;
    this.start = start;
  }

  /**
   * @param figures by number of threads
   * @param probes nanoseconds of a dependent load, one for each round that ended, at least one
   */
  String of(Figures<Integer, ReadColumn> figures, List<Double> probes) {
    Report report = new Report("Random reads against the disk");
    if (!plan.mode().equals("full")) {
      report.paragraph("**%s**: little data, little time. Not figures to quote.", plan.mode());
    }
    report
        .paragraph(
            "Point reads of random keys, %,d MiB of keys of %d bytes and values of %,d bytes,"
                + " memory %,d MiB, direct I/O, checksums verified; index pages are cached. fio"
                + " reads 4 KiB at random, direct, one at a time in as many threads (psync), from"
                + " the same files. Median (least - most) of the rounds; the ratio is of disk reads"
                + " and taken within a round.",
            plan.dataMib(), Entries.KEY_BYTES, RandomReads.VALUE_BYTES, plan.budgetMib())
        .fact("Mode", plan.mode())
        .fact(
            "Rounds",
            Report.format("%d of interleaved pairs, %,d ms each", probes.size(), plan.durationMs()))
        .facts(machine, CommitsText.flags(), start)
        .fact("Files", fileSystem)
        .fact("fio", fioVersion)
        .probes(probes);
    report.columns(
        "threads",
        "gets/s",
        "reads for each get",
        "get, median us",
        "get, p99 us",
        "reads/s",
        "fio reads/s",
        "ours / fio");
    for (int threads : plan.threads()) {
      report.row(
          Integer.toString(threads),
          Report.whole(figures.spread(threads, ReadColumn.GETS)),
          Report.hundredths(figures.spread(threads, ReadColumn.READS_PER_GET)),
          Report.whole(figures.spread(threads, ReadColumn.MEDIAN)),
          Report.whole(figures.spread(threads, ReadColumn.P99)),
          Report.whole(figures.spread(threads, ReadColumn.READS)),
          Report.whole(figures.spread(threads, ReadColumn.FIO)),
          Report.hundredths(figures.ratio(threads, ReadColumn.READS, ReadColumn.FIO)));
    }
    return report.toString();
  }
}
