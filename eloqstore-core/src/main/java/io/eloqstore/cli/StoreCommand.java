/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.EloqStore;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreClock;
import io.eloqstore.shard.Shard;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A command on one partition directory: brings the memory to do it with. */
abstract class StoreCommand implements Callable<Integer> {
  private static final int MEMORY_MIB_DEFAULT = 64;
  private static final int MEMORY_MIB_MIN = 16;
  private static final int MIB_SHIFT = 20;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "DIR",
      description = "Directory of a partition: <store>/<table>.<partition>")
  private Path directory;

  @Option(
      names = "--memory",
      paramLabel = "MIB",
      description = "Memory for pages and mapping, MiB; default ${DEFAULT-VALUE}.")
  private int memoryMib = MEMORY_MIB_DEFAULT;

  /** The time expiry is judged by. */
  abstract StoreClock clock();

  /**
   * Does it.
   *
   * @return the exit code
   */
  abstract int run(Shard shard);

  @Override
  public final Integer call() {
    if (memoryMib < MEMORY_MIB_MIN) {
      throw usage("--memory must be at least " + MEMORY_MIB_MIN + ", found " + memoryMib);
    }
    ShardOptions options =
        ShardOptions.defaults().withBudgetBytes((long) memoryMib << MIB_SHIFT).withClock(clock());
    try (Shard shard = EloqStore.openShard(options)) {
      return run(shard);
    } finally {
      out().flush();
    }
  }

  final Path directory() {
    return directory.toAbsolutePath().normalize();
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** One line on standard error. */
  final void say(String line) {
    spec.commandLine().getErr().println("eloqstore: " + EloqStoreCli.oneLine(line));
  }

  /** An argument that cannot be; the usage is printed with it. */
  final ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
