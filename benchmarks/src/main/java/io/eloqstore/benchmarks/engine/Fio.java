/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The disk itself: random direct reads of 4 KiB by fio, one at a time in each of its threads. */
final class Fio {
  private static final int STUCK_MS = 60_000;
  private static final String TERSE_VERSION = "3";

  // Fields of a terse line of that version, counted from 0.
  private static final int ERROR_FIELD = 4;
  private static final int READS_FIELD = 7;

  private final String command;
  private final String version;

  private Fio(String command, String version) {
    this.command = command;
    this.version = version;
  }

  /** Empty when there is no such program. */
  static Optional<Fio> find(String command) throws InterruptedException {
    try {
      return Optional.of(new Fio(command, printed(List.of(command, "--version"), STUCK_MS).trim()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  String version() {
    return version;
  }

  /**
   * Reads for a time.
   *
   * @param files no path has a colon; read only
   * @return reads for each second, all threads together
   */
  double readsPerSecond(List<Path> files, int threads, long durationMs)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(command, "--name=reads", "--readonly"));
    words.add("--filename=" + files.stream().map(Path::toString).collect(Collectors.joining(":")));
    words.addAll(
        List.of(
            "--rw=randread",
            "--bs=4k",
            "--direct=1",
            "--ioengine=psync",
            "--thread",
            "--numjobs=" + threads,
            "--file_service_type=random",
            "--norandommap",
            "--randrepeat=0",
            "--time_based",
            "--runtime=" + durationMs + "ms",
            "--group_reporting",
            "--output-format=terse",
            "--terse-version=" + TERSE_VERSION));
    return parse(printed(words, durationMs + STUCK_MS));
  }

  /** Reads for each second of the one terse line among what was printed. */
  static double parse(String printed) throws IOException {
    for (String line : printed.split("\n")) {
      String[] fields = line.split(";");
      if (fields.length > READS_FIELD && fields[0].equals(TERSE_VERSION)) {
        if (!fields[ERROR_FIELD].equals("0")) {
          throw new IOException("fio failed with " + fields[ERROR_FIELD] + ": " + line);
        }
        return Double.parseDouble(fields[READS_FIELD]);
      }
    }
    throw new IOException("fio printed no terse line: " + printed);
  }

  private static String printed(List<String> words, long stuckMs)
      throws IOException, InterruptedException {
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(stuckMs, TimeUnit.MILLISECONDS)) {
      process.destroyForcibly();
      throw new IOException(words.get(0) + " did not end: " + printed);
    }
    if (process.exitValue() != 0) {
      throw new IOException(words.get(0) + " ended with " + process.exitValue() + ": " + printed);
    }
    return printed;
  }
}
