/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Where figures come from.
 *
 * @param cpu model of the processor
 * @param cores processors the JVM may use
 * @param system operating system and its version
 * @param jdk virtual machine and its version
 * @param commit what is measured; "-changed" follows when the sources differ from it
 */
public record Machine(String cpu, int cores, String system, String jdk, String commit) {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final String UNKNOWN = "unknown";

  /**
   * @param sources a directory in the repository that is measured
   */
  public static Machine here(Path sources) throws IOException, InterruptedException {
    return new Machine(
        readCpu(),
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("os.name"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
        readCommit(sources));
  }

  private static String readCpu() throws IOException {
    if (!Files.exists(CPU_INFO)) {
      return System.getProperty("os.arch");
    }
    return Files.readAllLines(CPU_INFO).stream()
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 1).trim())
        .findFirst()
        .orElse(System.getProperty("os.arch"));
  }

  private static String readCommit(Path sources) throws IOException, InterruptedException {
    Optional<String> commit = git(sources, "rev-parse", "--short=12", "HEAD");
    if (commit.isEmpty()) {
      return UNKNOWN;
    }
    boolean changed =
        git(sources, "status", "--porcelain", "--", "*.java", "*pom.xml")
            .map(lines -> !lines.isEmpty())
            .orElse(false);
    return commit.get() + (changed ? "-changed" : "");
  }

  /** What git prints, or empty when it is not installed or refuses. */
  private static Optional<String> git(Path directory, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      return Optional.empty();
    }
    String printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
    boolean good = process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    return good ? Optional.of(printed) : Optional.empty();
  }
}
