/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.BiFunction;

/** What the main methods of all benchmarks do. */
public final class CommandLine {
  private static final String ROOT_PROPERTY = "benchmarks.root";

  private CommandLine() {}

  /**
   * A benchmark.
   *
   * @param <P> how it is measured
   */
  @FunctionalInterface
  public interface Driver<P> {
    /**
     * @param root the repository
     * @return whether everything was measured
     */
    boolean run(P plan, Path root) throws Exception;
  }

  /**
   * Runs a benchmark and ends the JVM: with 1 when something failed, with 2 when the arguments are
   * wrong.
   *
   * @param parse makes the plan from the repository and the arguments, or throws {@link
   *     IllegalArgumentException}
   */
  public static <P> void run(
      String usage, BiFunction<Path, String[], P> parse, Driver<P> driver, String... arguments)
      throws Exception {
    if (Arrays.asList(arguments).contains("--help")) {
      System.out.print(usage);
      return;
    }
    Path root = Path.of(System.getProperty(ROOT_PROPERTY, ".")).toAbsolutePath().normalize();
    P plan;
    try {
      plan = parse.apply(root, arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(usage);
      System.exit(2);
      return;
    }
    System.exit(driver.run(plan, root) ? 0 : 1);
  }
}
