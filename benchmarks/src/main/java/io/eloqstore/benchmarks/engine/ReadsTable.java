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
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Measures random reads of a store that is larger than its memory and those of the disk itself, by
 * fio on the same files, in pairs; every other round turns the order around.
 */
public final class ReadsTable implements Rounds.Measurement {
  private final ReadsPlan plan;
  private final ReadsText text;
  private final Optional<Fio> fio;
  private final RandomReads reads;
  private final Figures<Integer, ReadColumn> figures = new Figures<>();

  private ReadsTable(ReadsPlan plan, ReadsText text, Optional<Fio> fio, RandomReads reads) {
    this.plan = plan;
    this.text = text;
    this.fio = fio;
    this.reads = reads;
  }

  /** See {@link CommandLine}. */
  public static void main(String[] arguments) throws Exception {
    CommandLine.run(ReadsPlan.USAGE, ReadsPlan::parse, ReadsTable::run, arguments);
  }

  private static boolean run(ReadsPlan plan, Path root) throws Exception {
    Optional<Fio> fio = Fio.find(plan.fio());
    if (fio.isEmpty()) {
      System.out.println("fio is not installed: only ours is measured.");
    }
    measured(plan, Machine.here(root), fio);
    System.out.println("Table: " + plan.output());
    return true;
  }

  static Figures<Integer, ReadColumn> measured(ReadsPlan plan, Machine machine, Optional<Fio> fio)
      throws Exception {
    ReadsText text =
        new ReadsText(
            plan,
            machine,
            WorkDirectory.fileSystem(),
            fio.map(Fio::version).orElse("not installed"),
            Instant.now());
    System.out.print(Report.format("Loading %,d MiB ...%n", plan.dataMib()));
    try (RandomReads reads = RandomReads.load(plan.dataBytes(), plan.budgetBytes())) {
      ReadsTable table = new ReadsTable(plan, text, fio, reads);
      Rounds.run(plan.rounds(), plan.limitMs(), plan.output(), table);
      return table.figures;
    }
  }

  @Override
  public void measure(int round) throws Exception {
    for (int threads : plan.threads()) {
      if (round % 2 == 0) {
        measureOurs(threads, round);
        measureDisk(threads, round);
      } else {
        measureDisk(threads, round);
        measureOurs(threads, round);
      }
    }
  }

  private void measureOurs(int threads, int round) throws Exception {
    ReadRate rate = reads.run(threads, plan.durationMs());
    for (ReadColumn column : ReadColumn.values()) {
      if (column.isOurs()) {
        figures.add(threads, column, round, column.of(rate));
      }
    }
    System.out.print(
        Report.format(
            "  %3d threads: ours %,10.0f gets/s, %,10.0f reads/s%n",
            threads, rate.getsPerSecond(), rate.readsPerSecond()));
  }

  private void measureDisk(int threads, int round) throws Exception {
    if (fio.isPresent()) {
      double perSecond = fio.get().readsPerSecond(reads.files(), threads, plan.durationMs());
      figures.add(threads, ReadColumn.FIO, round, perSecond);
      System.out.print(Report.format("  %3d threads: fio %,29.0f reads/s%n", threads, perSecond));
    }
  }

  @Override
  public String report(List<Double> probes) {
    return text.of(figures, probes);
  }
}
