/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Repeats a measurement and writes its report after each time. One thread. */
public final class Rounds {

  /** What is measured. */
  public interface Measurement {
    /**
     * @param round counted from 0
     */
    void measure(int round) throws Exception;

    /**
     * The report of the rounds so far.
     *
     * @param probes nanoseconds of a dependent load, one for each round
     */
    String report(List<Double> probes);
  }

  private Rounds() {}

  /**
   * @param roundsMax rounds at most
   * @param limitMs no round is begun that would probably end later than this; the first always is
   * @param output the file that is written after each round, so that a run that is cut short leaves
   *     what it had
   */
  public static void run(int roundsMax, long limitMs, Path output, Measurement measurement)
      throws Exception {
    MemoryProbe probe = new MemoryProbe();
    probe.measure();
    List<Double> probes = new ArrayList<>();
    long startMs = nowMs();
    long longestMs = 0;
    for (int round = 0; round < roundsMax; round++) {
      long roundStartMs = nowMs();
      if (round > 0 && roundStartMs - startMs + longestMs > limitMs) {
        System.out.println("No time for another round.");
        break;
      }
      double probeNs = probe.measure();
      System.out.print(
          Report.format(
              "round %d: dependent load %.0f ns, at place %d%n",
              round + 1, probeNs, probe.position()));
      measurement.measure(round);
      probes.add(probeNs);
      write(output, measurement.report(probes));
      longestMs = Math.max(longestMs, nowMs() - roundStartMs);
    }
    System.out.println(measurement.report(probes));
  }

  private static void write(Path output, String text) throws IOException {
    Files.createDirectories(output.toAbsolutePath().getParent());
    Files.writeString(output, text);
  }

  private static long nowMs() {
    return System.nanoTime() / 1_000_000;
  }
}
