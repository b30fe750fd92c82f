/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.Arguments;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * How the tables of commits are measured.
 *
 * @param mode its name in the tables
 * @param rounds how often each commit is made at most
 * @param limitMs no round is begun that would probably end later than this; the first always is
 * @param existing sizes of the trees, keys
 * @param changed keys changed before a commit, in the order of the commits
 * @param leafKeys keys of the tree whose leaves get more and more updates
 * @param budgetMib memory of the engine
 * @param output the Markdown file that is written
 */
record CommitsPlan(
    String mode,
    int rounds,
    long limitMs,
    List<Integer> existing,
    List<Integer> changed,
    int leafKeys,
    int budgetMib,
    Path output) {

  static final String USAGE =
      """
      Usage: commits [--smoke] [--rounds N] [--minutes N] [--existing N,N] [--changed N,N]
                     [--leaf-keys N] [--budget-mib N] [--output FILE]

        (none)        3 rounds, at most about 40 minutes
        --smoke       one round of small trees: shows that it works, the figures mean nothing
        --rounds      rounds at most
        --minutes     no round is begun that would probably end later
        --existing    sizes of the trees, keys; 10000,1000000,10000000
        --changed     keys changed before a commit; 1,1000,1000000
        --leaf-keys   keys of the tree for updates by leaf; 1000000
        --budget-mib  memory of the engine; 256
        --output      the tables; docs/benchmarks/commits.md, for --smoke one under target
      """;

  private static final Set<String> FLAGS = Set.of("--smoke");
  private static final Set<String> OPTIONS =
      Set.of(
          "--rounds",
          "--minutes",
          "--existing",
          "--changed",
          "--leaf-keys",
          "--budget-mib",
          "--output");
  private static final long MINUTE_MS = 60_000;

  /**
   * @param root the repository
   * @throws IllegalArgumentException when the arguments are not as in {@link #USAGE}
   */
  static CommitsPlan parse(Path root, String... arguments) {
    Arguments given = Arguments.parse(FLAGS, OPTIONS, arguments);
    CommitsPlan mode =
        given.has("--smoke")
            ? new CommitsPlan(
                "smoke",
                1,
                5 * MINUTE_MS,
                List.of(100, 5_000),
                List.of(1, 50, 1_000),
                20_000,
                16,
                root.resolve("benchmarks/target/commits-smoke.md"))
            : new CommitsPlan(
                "full",
                3,
                40 * MINUTE_MS,
                List.of(10_000, 1_000_000, 10_000_000),
                List.of(1, 1_000, 1_000_000),
                1_000_000,
                256,
                root.resolve("docs/benchmarks/commits.md"));
    return mode.with(given);
  }

  private CommitsPlan with(Arguments given) {
    return new CommitsPlan(
        mode,
        given.count("--rounds", rounds),
        given.minutesMs("--minutes", limitMs),
        given.counts("--existing", existing),
        given.counts("--changed", changed),
        given.count("--leaf-keys", leafKeys),
        given.count("--budget-mib", budgetMib),
        given.path("--output", output));
  }

  long budgetBytes() {
    return (long) budgetMib << 20;
  }
}
