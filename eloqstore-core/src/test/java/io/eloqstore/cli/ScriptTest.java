/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.eloqstore.reference.GoldenSets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the script in a process of its own: from elsewhere, through a link, with noise on no side.
 */
class ScriptTest {
  private static final Path SCRIPT = Path.of("bin", "eloqstore").toAbsolutePath();

  @TempDir Path temp;

  @Test
  void theResultAloneIsOnStandardOutput() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("target", "lib")), "built by an IDE: no class path");
    Path set = GoldenSets.path("one_key");
    Path link = Files.createSymbolicLink(temp.resolve("a link"), SCRIPT);
    Path out = temp.resolve("out");
    Path err = temp.resolve("err");
    int code = run(link, out, err, "dump", set + "/data/e.0", "--pages-per-file-shift", "8");
    assertThat(code).isZero();
    assertThat(out).hasSameTextualContentAs(set.resolve("expected.tsv"));
    assertThat(err).isEmptyFile();
  }

  @Test
  void failuresAreOneLineOnStandardErrorAndACode() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("target", "lib")), "built by an IDE: no class path");
    Path out = temp.resolve("out");
    Path err = temp.resolve("err");
    int code = run(SCRIPT, out, err, "verify", "no such partition.0");
    assertThat(code).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(out).isEmptyFile();
    assertThat(Files.readAllLines(err))
        .last()
        .asString()
        .startsWith("eloqstore: ")
        .endsWith("no such partition.0: no such partition");
  }

  private int run(Path script, Path out, Path err, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(temp.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    process.getOutputStream().close();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("it ended").isTrue();
    return process.exitValue();
  }
}
