/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.StoreClock;
import io.eloqstore.reference.GoldenSets.GoldenState;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;

/** One run of the command line inside this JVM: exit code and what it printed. */
record CommandRun(int exitCode, String out, String err) {
  /** Between the last expired entry of the golden sets and 2100. */
  private static final StoreClock CLOCK = () -> 4_000_000_000_000L;

  static CommandRun of(Object... arguments) {
    return withInput("", arguments);
  }

  static CommandRun withInput(String input, Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine =
        EloqStoreCli.commandLine(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), CLOCK)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err));
    int code =
        commandLine.execute(Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new));
    return new CommandRun(code, out.toString(), err.toString());
  }

  /** Runs a command on a golden state with the flags it needs. */
  static CommandRun golden(String command, Path directory, GoldenState state, Object... more) {
    List<Object> arguments = new ArrayList<>(List.of(command, directory));
    arguments.addAll(List.of("--page-size", state.pageBytes()));
    arguments.addAll(List.of("--pages-per-file-shift", state.pagesPerFileShift()));
    arguments.addAll(List.of(more));
    return of(arguments.toArray());
  }

  /** Copies the files of a golden partition into a store directory. */
  static Path copy(GoldenState state, Path store) throws IOException {
    Path copy = Files.createDirectories(store.resolve(state.partition()));
    try (Stream<Path> files = Files.list(state.directory())) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName().toString()));
      }
    }
    return copy;
  }

  List<String> lines() {
    return out.lines().toList();
  }
}
