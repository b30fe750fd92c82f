/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.CommandLine;
import io.eloqstore.benchmarks.Figures;
import io.eloqstore.benchmarks.ForkFlags;
import io.eloqstore.benchmarks.JmhRuns;
import io.eloqstore.benchmarks.Machine;
import io.eloqstore.benchmarks.Report;
import io.eloqstore.benchmarks.Rounds;
import io.eloqstore.benchmarks.WorkDirectory;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.openjdk.jmh.runner.RunnerException;

/**
 * Measures the engine and its peers in interleaved rounds and writes a table.
 *
 * <p>In a round, each operation is measured on each store, one right after the other, each in a JVM
 * of its own; every other round turns the order of the stores around.
 */
public final class EngineTable implements Rounds.Measurement {
  private final EnginePlan plan;
  private final List<EnginePoint> points;
  private final EngineText text;
  private final JmhRuns runs;
  private final Figures<EnginePoint, EngineKind> figures = new Figures<>();
  private final Figures<EnginePoint, EngineKind> allocations = new Figures<>();
  private final List<String> failures = new ArrayList<>();

  private EngineTable(EnginePlan plan, EngineText text, JmhRuns runs) {
    this.plan = plan;
    this.points = plan.points();
    this.text = text;
    this.runs = runs;
  }

  /** See {@link CommandLine}. */
  public static void main(String[] arguments) throws Exception {
    CommandLine.run(EnginePlan.USAGE, EnginePlan::parse, EngineTable::run, arguments);
  }

  private static boolean run(EnginePlan plan, Path root) throws Exception {
    Path logFile = root.resolve("benchmarks/target/engine.log");
    Files.createDirectories(logFile.getParent());
    EngineTable table;
    try (PrintStream log =
        new PrintStream(Files.newOutputStream(logFile), true, StandardCharsets.UTF_8)) {
      EngineText text =
          new EngineText(plan, Machine.here(root), WorkDirectory.fileSystem(), Instant.now());
      table = new EngineTable(plan, text, new JmhRuns(log, ForkFlags.heap()));
      Rounds.run(plan.rounds(), plan.limitMs(), plan.output(), table);
    }
    System.out.println("Table: " + plan.output() + "; log of JMH: " + logFile);
    return table.failures.isEmpty();
  }

  @Override
  public void measure(int round) {
    for (EnginePoint point : points) {
      List<EngineKind> engines = new ArrayList<>(point.engines());
      if (round % 2 == 1) {
        Collections.reverse(engines);
      }
      engines.forEach(engine -> measure(point, engine, round));
    }
  }

  private void measure(EnginePoint point, EngineKind engine, int round) {
    try {
      JmhRuns.Score score =
          runs.run(
              point.benchmarks(), point.method(), point.parameters(engine), plan.iterations(point));
      double figure = score.perUnit() * point.factor();
      figures.add(point, engine, round, figure);
      allocations.add(point, engine, round, score.allocatedBytes());
      print(
          "  %-42s %-13s %,12.1f %-9s %,12.1f B/op%n",
          point.label(), engine.label(), figure, point.unit(), score.allocatedBytes());
    } catch (RunnerException e) {
      runs.failed(e);
      failures.add(point.label() + ", " + engine.label() + ", round " + (round + 1));
      print("  %-42s %-13s failed, see the log%n", point.label(), engine.label());
    }
  }

  @Override
  public String report(List<Double> probes) {
    return text.of(points, figures, allocations, probes, failures);
  }

  private static void print(String pattern, Object... values) {
    System.out.print(Report.format(pattern, values));
  }
}
