/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.Arguments;
import io.eloqstore.benchmarks.JmhRuns;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How the engine's table is measured.
 *
 * @param mode its name in the table
 * @param rounds how often each store is measured at most
 * @param limitMs no round is begun that would probably end later than this; the first always is
 * @param keys keys that are loaded
 * @param warmups iterations before those that count
 * @param iterations iterations that count; the middle one is the figure of the round
 * @param iterationMs length of an iteration of an operation that is measured for a time
 * @param share batches, pages and changed keys are this part of their number, at least one
 * @param only rows whose label holds a match of it
 * @param output the Markdown file that is written
 */
record EnginePlan(
    String mode,
    int rounds,
    long limitMs,
    int keys,
    int warmups,
    int iterations,
    int iterationMs,
    double share,
    Pattern only,
    Path output) {

  static final String USAGE =
      """
      Usage: engine [--quick | --smoke] [--rounds N] [--minutes N] [--keys N] [--only REGEX]
                    [--output FILE]

        (none)     7 rounds of 500,000 keys, at most about 90 minutes
        --quick    3 rounds of 100,000 keys and short iterations, at most about 15 minutes
        --smoke    one round of 1,000 keys: shows that it works, the figures mean nothing
        --rounds   rounds at most
        --minutes  no round is begun that would probably end later
        --keys     loaded keys
        --only     just the rows whose name matches, such as '^get|commit'
        --output   the table; docs/benchmarks/engine.md, for --smoke one under target
      """;

  private static final Set<String> FLAGS = Set.of("--quick", "--smoke");
  private static final Set<String> OPTIONS =
      Set.of("--rounds", "--minutes", "--keys", "--only", "--output");
  private static final long MINUTE_MS = 60_000;

  /**
   * @param root the repository
   * @throws IllegalArgumentException when the arguments are not as in {@link #USAGE}
   */
  static EnginePlan parse(Path root, String... arguments) {
    Arguments given = Arguments.parse(FLAGS, OPTIONS, arguments);
    Pattern only = given.pattern("--only");
    Path table = root.resolve("docs/benchmarks/engine.md");
    Path aside = root.resolve("benchmarks/target/engine-smoke.md");
    EnginePlan mode;
    if (given.has("--smoke")) {
      mode = new EnginePlan("smoke", 1, 5 * MINUTE_MS, 1_000, 1, 1, 10, 0.001, only, aside);
    } else if (given.has("--quick")) {
      mode = new EnginePlan("quick", 3, 15 * MINUTE_MS, 100_000, 3, 3, 100, 0.5, only, table);
    } else {
      mode = new EnginePlan("full", 7, 90 * MINUTE_MS, 500_000, 5, 5, 200, 1, only, table);
    }
    return mode.with(given);
  }

  private EnginePlan with(Arguments given) {
    return new EnginePlan(
        mode,
        given.count("--rounds", rounds),
        given.minutesMs("--minutes", limitMs),
        given.count("--keys", keys),
        warmups,
        iterations,
        iterationMs,
        share,
        only,
        given.path("--output", output));
  }

  /** The rows that are measured. */
  List<EnginePoint> points() {
    return EnginePoint.all(keys, share).stream()
        .filter(point -> only.matcher(point.label()).find())
        .toList();
  }

  JmhRuns.Iterations iterations(EnginePoint point) {
    int batch = point.batch() == 0 ? 0 : Math.max(1, (int) (point.batch() * share));
    return new JmhRuns.Iterations(warmups, iterations, iterationMs, batch);
  }
}
