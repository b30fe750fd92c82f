/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.runner.RunnerException;

/**
 * Measures {@link KeyedStateBenchmark} in interleaved rounds and writes table 1.
 *
 * <p>In a round, each operation is measured on each backend, one right after the other, each in a
 * JVM of its own; every other round turns the order of the backends around. The table is written
 * after each round, so that a run that is cut short leaves what it had.
 */
public final class Table1 implements Rounds.Measurement {
  private final TablePlan plan;
  private final TableText text;
  private final JmhRuns runs;
  private final Figures<Operation, BackendKind> figures = new Figures<>();
  private final List<String> failures = new ArrayList<>();

  private Table1(TablePlan plan, TableText text, JmhRuns runs) {
    this.plan = plan;
    this.text = text;
    this.runs = runs;
  }

  /** See {@link CommandLine}. */
  public static void main(String[] arguments) throws Exception {
    CommandLine.run(TablePlan.USAGE, TablePlan::parse, Table1::run, arguments);
  }

  private static boolean run(TablePlan plan, Path root) throws Exception {
    Path logFile = root.resolve("benchmarks/target/table1.log");
    Files.createDirectories(logFile.getParent());
    Table1 table;
    try (PrintStream log =
        new PrintStream(Files.newOutputStream(logFile), true, StandardCharsets.UTF_8)) {
      TableText text = new TableText(plan, Machine.here(root), Instant.now());
      table = new Table1(plan, text, new JmhRuns(log, ForkFlags.all()));
      Rounds.run(plan.rounds(), plan.limitMs(), plan.output(), table);
    }
    System.out.println("Table: " + plan.output() + "; log of JMH: " + logFile);
    return table.failures.isEmpty();
  }

  @Override
  public void measure(int round) {
    List<BackendKind> backends = new ArrayList<>(Arrays.asList(BackendKind.values()));
    if (round % 2 == 1) {
      Collections.reverse(backends);
    }
    for (Operation operation : Operation.values()) {
      if (!plan.includes(operation)) {
        continue;
      }
      for (BackendKind backend : backends) {
        try {
          double opsPerMs = measure(operation, backend);
          figures.add(operation, backend, round, opsPerMs);
          print("  %-32s %-8s %,10.0f ops/ms%n", operation.label(), backend.label(), opsPerMs);
        } catch (RunnerException e) {
          runs.failed(e);
          failures.add(operation.label() + ", " + backend.label() + ", round " + (round + 1));
          print("  %-32s %-8s failed, see the log%n", operation.label(), backend.label());
        }
      }
    }
  }

  @Override
  public String report(List<Double> probes) {
    return text.of(figures, probes, failures);
  }

  /** Operations for each millisecond. */
  private double measure(Operation operation, BackendKind backend) throws RunnerException {
    return runs.run(
            KeyedStateBenchmark.class,
            operation.method(),
            Map.of("backend", backend.name(), "keys", Integer.toString(plan.keys())),
            plan.iterations(operation))
        .perUnit();
  }

  private static void print(String pattern, Object... values) {
    System.out.print(Report.format(pattern, values));
  }
}
