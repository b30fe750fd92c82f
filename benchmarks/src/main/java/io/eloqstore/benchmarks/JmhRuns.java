/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.io.PrintStream;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs JMH benchmarks one at a time, each in a JVM of its own. One thread. */
public final class JmhRuns {
  private static final TimeValue STUCK = TimeValue.minutes(2);
  private static final String ALLOCATED = "gc.alloc.rate.norm";

  private final PrintStream log;
  private final List<String> flags;

  /**
   * @param log where JMH prints
   * @param flags those of the JVMs
   */
  public JmhRuns(PrintStream log, List<String> flags) {
    this.log = log;
    this.flags = flags;
  }

  /**
   * How a benchmark is repeated within its JVM.
   *
   * @param warmups iterations before those that count
   * @param counted iterations that count
   * @param iterationMs length of an iteration of a benchmark that is measured for a time
   * @param batch invocations in an iteration; 0 for a benchmark that is measured for a time
   */
  public record Iterations(int warmups, int counted, int iterationMs, int batch) {}

  /**
   * The middle iteration of one JVM.
   *
   * @param perUnit invocations for each unit of time that the benchmark names
   * @param allocatedBytes on the heap by each invocation, threads of the background included
   */
  public record Score(double perUnit, double allocatedBytes) {}

  /** Runs one method of a class of benchmarks. */
  public Score run(
      Class<?> benchmarks, String method, Map<String, String> parameters, Iterations iterations)
      throws RunnerException {
    Options options = options(benchmarks, method, parameters, iterations);
    Collection<RunResult> results =
        new Runner(options, OutputFormatFactory.createFormatInstance(log, VerboseMode.NORMAL))
            .run();
    if (results.size() != 1) {
      throw new RunnerException(method + " with " + parameters + ": " + results.size());
    }
    RunResult result = results.iterator().next();
    double score = result.getPrimaryResult().getStatistics().getPercentile(50);
    double allocated =
        result.getSecondaryResults().get(ALLOCATED).getStatistics().getPercentile(50);
    int batch = iterations.batch();
    // JMH counts a batch as one operation.
    return batch == 0 ? new Score(score, allocated) : new Score(batch / score, allocated / batch);
  }

  /** For the log: why a benchmark could not be run. */
  public void failed(RunnerException failure) {
    failure.printStackTrace(log);
  }

  private Options options(
      Class<?> benchmarks, String method, Map<String, String> parameters, Iterations iterations) {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + (benchmarks.getName() + "." + method).replace(".", "\\.") + "$")
            .forks(1)
            .warmupIterations(iterations.warmups())
            .measurementIterations(iterations.counted())
            .jvmArgs(flags.toArray(String[]::new))
            .addProfiler(GCProfiler.class)
            .shouldFailOnError(true)
            .timeout(STUCK);
    parameters.forEach((name, value) -> options.param(name, value));
    if (iterations.batch() == 0) {
      TimeValue time = TimeValue.milliseconds(iterations.iterationMs());
      options.warmupTime(time).measurementTime(time);
    } else {
      options.warmupBatchSize(iterations.batch()).measurementBatchSize(iterations.batch());
    }
    return options.build();
  }
}
