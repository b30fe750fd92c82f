/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How table 1 is measured.
 *
 * @param mode its name in the table
 * @param rounds how often each backend is measured at most
 * @param limitMs no round is begun that would probably end later than this; the first always is
 * @param keys keys that are loaded
 * @param warmups iterations before those that count
 * @param iterations iterations that count; the middle one is the figure of the round
 * @param iterationMs length of an iteration of an operation that is measured for a time
 * @param batchShare an operation measured in batches does this part of its batch, at least one
 * @param only operations whose method name holds a match of it
 * @param output the Markdown file that is written
 */
record TablePlan(
    String mode,
    int rounds,
    long limitMs,
    int keys,
    int warmups,
    int iterations,
    int iterationMs,
    double batchShare,
    Pattern only,
    Path output) {

  static final String USAGE =
      """
      Usage: table1 [--quick | --smoke] [--rounds N] [--minutes N] [--keys N] [--only REGEX]
                    [--output FILE]

        (none)     7 rounds of 500,000 keys, at most about 25 minutes
        --quick    3 rounds of 100,000 keys and short iterations, at most about 4 minutes
        --smoke    one round of 1,000 keys: shows that it works, the figures mean nothing
        --rounds   rounds at most
        --minutes  no round is begun that would probably end later
        --keys     loaded keys
        --only     just the operations whose method name matches, such as 'map|valueGet'
        --output   the table; docs/benchmarks/table1.md, for --smoke one under target
      """;

  private static final Set<String> FLAGS = Set.of("--quick", "--smoke");
  private static final Set<String> OPTIONS =
      Set.of("--rounds", "--minutes", "--keys", "--only", "--output");

  /**
   * @param root the repository
   * @throws IllegalArgumentException when the arguments are not as in {@link #USAGE}
   */
  static TablePlan parse(Path root, String... arguments) {
    Arguments given = Arguments.parse(FLAGS, OPTIONS, arguments);
    Pattern only = given.pattern("--only");
    Path table = root.resolve("docs/benchmarks/table1.md");
    Path aside = root.resolve("benchmarks/target/table1-smoke.md");
    TablePlan mode;
    if (given.has("--smoke")) {
      mode = new TablePlan("smoke", 1, 240_000, 1_000, 1, 1, 10, 0.001, only, aside);
    } else if (given.has("--quick")) {
      mode = new TablePlan("quick", 3, 240_000, 100_000, 2, 3, 100, 0.5, only, table);
    } else {
      mode = new TablePlan("full", 7, 1_500_000, 500_000, 3, 5, 200, 1, only, table);
    }
    return mode.with(given);
  }

  private TablePlan with(Arguments given) {
    return new TablePlan(
        mode,
        given.count("--rounds", rounds),
        given.minutesMs("--minutes", limitMs),
        given.count("--keys", keys),
        warmups,
        iterations,
        iterationMs,
        batchShare,
        only,
        given.path("--output", output));
  }

  boolean includes(Operation operation) {
    return only.matcher(operation.method()).find();
  }

  /** Operations in a batch of {@code operation}; 0 when it is measured for a time. */
  int batch(Operation operation) {
    int whole = operation.batch();
    return whole == 0 ? 0 : Math.max(1, (int) (whole * batchShare));
  }

  JmhRuns.Iterations iterations(Operation operation) {
    return new JmhRuns.Iterations(warmups, iterations, iterationMs, batch(operation));
  }
}
