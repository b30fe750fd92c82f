/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures {@link KeyedStateBenchmark} in interleaved rounds and writes table 1.
 *
 * <p>In a round, each operation is measured on each backend, one right after the other, each in a
 * JVM of its own; every other round turns the order of the backends around. The table is written
 * after each round, so that a run that is cut short leaves what it had.
 */
public final class Table1 {
  private static final String ROOT_PROPERTY = "benchmarks.root";
  private static final TimeValue STUCK = TimeValue.minutes(2);

  private final TablePlan plan;
  private final TableText text;
  private final PrintStream log;
  private final Figures figures = new Figures();
  private final List<Double> probes = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();

  private Table1(TablePlan plan, TableText text, PrintStream log) {
    this.plan = plan;
    this.text = text;
    this.log = log;
  }

  /** Exits with 1 when an operation failed, with 2 when the arguments are wrong. */
  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(System.getProperty(ROOT_PROPERTY, ".")).toAbsolutePath().normalize();
    if (Arrays.asList(arguments).contains("--help")) {
      System.out.print(TablePlan.USAGE);
      return;
    }
    TablePlan plan;
    try {
      plan = TablePlan.parse(root, arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(TablePlan.USAGE);
      System.exit(2);
      return;
    }
    Path logFile = root.resolve("benchmarks/target/table1.log");
    Files.createDirectories(logFile.getParent());
    boolean good;
    try (PrintStream log =
        new PrintStream(Files.newOutputStream(logFile), true, StandardCharsets.UTF_8)) {
      TableText text = new TableText(plan, Machine.here(root), Instant.now());
      good = new Table1(plan, text, log).run();
    }
    System.out.println("Table: " + plan.output() + "; log of JMH: " + logFile);
    System.exit(good ? 0 : 1);
  }

  private boolean run() throws IOException {
    MemoryProbe probe = new MemoryProbe();
    probe.measure();
    long startMs = nowMs();
    long longestMs = 0;
    for (int round = 0; round < plan.rounds(); round++) {
      long roundStartMs = nowMs();
      if (round > 0 && roundStartMs - startMs + longestMs > plan.limitMs()) {
        System.out.println("No time for another round.");
        break;
      }
      double probeNs = probe.measure();
      print(
          "round %d: dependent load %.0f ns, at place %d%n", round + 1, probeNs, probe.position());
      measureRound(round);
      probes.add(probeNs);
      Files.createDirectories(plan.output().getParent());
      Files.writeString(plan.output(), text.of(figures, probes, failures));
      longestMs = Math.max(longestMs, nowMs() - roundStartMs);
    }
    System.out.println(text.of(figures, probes, failures));
    return failures.isEmpty();
  }

  private void measureRound(int round) {
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
          e.printStackTrace(log);
          failures.add(operation.label() + ", " + backend.label() + ", round " + (round + 1));
          print("  %-32s %-8s failed, see the log%n", operation.label(), backend.label());
        }
      }
    }
  }

  /** Operations for each millisecond: the middle iteration of one JVM. */
  private double measure(Operation operation, BackendKind backend) throws RunnerException {
    OutputFormat format = OutputFormatFactory.createFormatInstance(log, VerboseMode.NORMAL);
    Collection<RunResult> results = new Runner(options(operation, backend), format).run();
    if (results.size() != 1) {
      throw new RunnerException(
          operation.method() + " on " + backend + ": " + results.size() + " results");
    }
    double score = results.iterator().next().getPrimaryResult().getStatistics().getPercentile(50);
    int batch = plan.batch(operation);
    return batch == 0 ? score : batch / score;
  }

  private Options options(Operation operation, BackendKind backend) {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(
                "^"
                    + KeyedStateBenchmark.class.getName().replace(".", "\\.")
                    + "\\."
                    + operation.method()
                    + "$")
            .param("backend", backend.name())
            .param("keys", Integer.toString(plan.keys()))
            .forks(1)
            .warmupIterations(plan.warmups())
            .measurementIterations(plan.iterations())
            .jvmArgs(ForkFlags.all().toArray(String[]::new))
            .shouldFailOnError(true)
            .timeout(STUCK);
    int batch = plan.batch(operation);
    if (batch == 0) {
      options
          .warmupTime(TimeValue.milliseconds(plan.iterationMs()))
          .measurementTime(TimeValue.milliseconds(plan.iterationMs()));
    } else {
      options.warmupBatchSize(batch).measurementBatchSize(batch);
    }
    return options.build();
  }

  private static long nowMs() {
    return System.nanoTime() / 1_000_000;
  }

  private static void print(String pattern, Object... values) {
    System.out.printf(Locale.ROOT, pattern, values);
  }
}
