/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.Arguments;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * How random reads are measured.
 *
 * @param mode its name in the table
 * @param rounds how often each pair is measured at most
 * @param limitMs no round is begun that would probably end later than this; the first always is
 * @param threads numbers of threads that read at a time
 * @param dataMib keys and values of the store
 * @param budgetMib memory of the engine
 * @param durationMs length of a measurement
 * @param fio the program
 * @param output the Markdown file that is written
 */
record ReadsPlan(
    String mode,
    int rounds,
    long limitMs,
    List<Integer> threads,
    int dataMib,
    int budgetMib,
    int durationMs,
    String fio,
    Path output) {

  static final String USAGE =
      """
      Usage: reads [--smoke] [--rounds N] [--minutes N] [--threads N,N] [--data-mib N]
                   [--budget-mib N] [--ms N] [--fio PROGRAM] [--output FILE]

        (none)        7 rounds of pairs over 4 GiB, at most about 20 minutes
        --smoke       one short round of little data: shows that it works, the figures mean nothing
        --rounds      rounds at most
        --minutes     no round is begun that would probably end later
        --threads     threads that read at a time; 1,4,16
        --data-mib    keys and values of the store; 4096
        --budget-mib  memory of the engine; 256
        --ms          length of a measurement; 5000
        --fio         the program, if it is not on the path
        --output      the table; docs/benchmarks/reads.md, for --smoke one under target
      """;

  private static final Set<String> FLAGS = Set.of("--smoke");
  private static final Set<String> OPTIONS =
      Set.of(
          "--rounds",
          "--minutes",
          "--threads",
          "--data-mib",
          "--budget-mib",
          "--ms",
          "--fio",
          "--output");
  private static final long MINUTE_MS = 60_000;

  /**
   * @param root the repository
   * @throws IllegalArgumentException when the arguments are not as in {@link #USAGE}
   */
  static ReadsPlan parse(Path root, String... arguments) {
    Arguments given = Arguments.parse(FLAGS, OPTIONS, arguments);
    boolean smoke = given.has("--smoke");
    return new ReadsPlan(
        smoke ? "smoke" : "full",
        given.count("--rounds", smoke ? 1 : 7),
        given.minutesMs("--minutes", 20 * MINUTE_MS),
        given.counts("--threads", smoke ? List.of(1, 2) : List.of(1, 4, 16)),
        given.count("--data-mib", smoke ? 16 : 4096),
        given.count("--budget-mib", smoke ? 2 : 256),
        given.count("--ms", smoke ? 100 : 5000),
        given.text("--fio", "fio"),
        given.path(
            "--output",
            root.resolve(smoke ? "benchmarks/target/reads-smoke.md" : "docs/benchmarks/reads.md")));
  }

  long dataBytes() {
    return (long) dataMib << 20;
  }

  long budgetBytes() {
    return (long) budgetMib << 20;
  }
}
