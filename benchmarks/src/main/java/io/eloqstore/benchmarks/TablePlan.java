/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.nio.file.Path;
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

  private static final Pattern ALL = Pattern.compile("");

  /**
   * @param root the repository
   * @throws IllegalArgumentException when the arguments are not as in {@link #USAGE}
   */
  static TablePlan parse(Path root, String... arguments) {
    Path table = root.resolve("docs/benchmarks/table1.md");
    TablePlan plan = new TablePlan("full", 7, minutes(25), 500_000, 3, 5, 200, 1, ALL, table);
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--quick" ->
            plan = new TablePlan("quick", 3, minutes(4), 100_000, 2, 3, 100, 0.5, ALL, table);
        case "--smoke" ->
            plan =
                new TablePlan(
                    "smoke",
                    1,
                    minutes(4),
                    1_000,
                    1,
                    1,
                    10,
                    0.001,
                    ALL,
                    root.resolve("benchmarks/target/table1-smoke.md"));
        default -> {
          if (i + 1 == arguments.length) {
            throw new IllegalArgumentException("not understood: " + arguments[i]);
          }
          plan = plan.with(arguments[i], arguments[++i]);
        }
      }
    }
    return plan;
  }

  private TablePlan with(String option, String value) {
    if (!option.matches("--(rounds|minutes|keys|only|output)")) {
      throw new IllegalArgumentException("not understood: " + option);
    }
    int newRounds = option.equals("--rounds") ? count(option, value) : rounds;
    long newLimitMs = option.equals("--minutes") ? minutes(count(option, value)) : limitMs;
    int newKeys = option.equals("--keys") ? count(option, value) : keys;
    Pattern newOnly = option.equals("--only") ? Pattern.compile(value) : only;
    Path newOutput = option.equals("--output") ? Path.of(value).toAbsolutePath() : output;
    return new TablePlan(
        mode,
        newRounds,
        newLimitMs,
        newKeys,
        warmups,
        iterations,
        iterationMs,
        batchShare,
        newOnly,
        newOutput);
  }

  boolean includes(Operation operation) {
    return only.matcher(operation.method()).find();
  }

  /** Operations in a batch of {@code operation}; 0 when it is measured for a time. */
  int batch(Operation operation) {
    int whole = operation.batch();
    return whole == 0 ? 0 : Math.max(1, (int) (whole * batchShare));
  }

  private static int count(String option, String value) {
    try {
      int count = Integer.parseInt(value);
      if (count > 0) {
        return count;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(option + " needs a number, found " + value, e);
    }
    throw new IllegalArgumentException(option + " must be above 0, found " + value);
  }

  private static long minutes(int count) {
    return count * 60_000L;
  }
}
