/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.GoldenSets.GoldenState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What stats says is what was loaded, and what the independent decoder counts. */
class StatsCommandTest {
  @TempDir Path temp;

  static List<GoldenState> all() {
    return GoldenSets.all();
  }

  private static List<String> stats(Path directory) {
    CommandRun run = CommandRun.of("stats", directory);
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    return run.lines();
  }

  @ParameterizedTest
  @MethodSource("all")
  void pagesAndFilesOfTheOtherEngineAreCounted(GoldenState state) throws IOException {
    CommandRun run =
        CommandRun.golden("stats", state.directory(), state, "--manifest", state.manifest());
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.lines())
        .contains("manifest " + state.manifest())
        .contains("manifest.records " + state.read().manifest().records().size())
        .contains("entries unknown: another engine wrote last")
        .contains("pages " + state.read().manifest().mapping().size())
        .contains("file.pages " + state.read().manifest().filePageEnd())
        .contains("dictionary.bytes " + state.read().manifest().dictionary().length)
        .contains("option.recorded false");
    state
        .read()
        .livePagesOfFiles()
        .forEach(
            (fileId, live) ->
                assertThat(run.lines())
                    .anyMatch(
                        line ->
                            line.matches(
                                "file data_" + fileId + "_\\d+: .* pages, " + live + " live, .*")));
  }

  @Test
  void ourOwnPartitionTellsCountsOptionsAndArchives() throws IOException {
    Path directory = temp.resolve("t.0");
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      input.append(String.format("%04x\t%s\t1\t%d\n", i, "ab".repeat(i * 20), i % 3 == 0 ? 0 : 99));
    }
    CommandRun.withInput(
        input.toString(), "load", directory, "--page-size", 8192, "--batch", 100, "--term", 2);
    assertThat(CommandRun.of("archive", directory, "--timestamp", 5).exitCode()).isZero();
    assertThat(stats(directory))
        .contains("manifest manifest_2", "manifest.records 3", "manifest.torn.bytes 0")
        .contains("entries 300", "entries.exact true", "entries.expiring 200", "cuts.pending 0")
        .contains("segments 0", "option.recorded true", "option.pageBytes 8192")
        .contains("option.pagesPerFileShift 13", "option.appendMode true")
        .contains("option.compression false")
        .contains(
            "archive manifest_2_5: " + Files.size(directory.resolve("manifest_2_5")) + " bytes")
        .anyMatch(line -> line.matches("manifest.log.bytes [1-9]\\d*"))
        .anyMatch(line -> line.matches("file data_0_2: \\d+ bytes, \\d+ pages, \\d+ live, \\d+%"));
  }

  @Test
  void segmentsAreLiveAndTheirRangesAreNamed() throws IOException {
    Path directory = temp.resolve("t.0");
    String input = "61\t01\t1\t0\n62\t02\t1\t0\n63\t03\t1\t0\n";
    CommandRun.withInput(input, "load", directory, "--segments", "always");
    List<String> lines = stats(directory);
    assertThat(lines)
        .contains("segments 1", "entries 0", "entries.exact false", "pages 0")
        .contains(
            "segment in file 0: 2 pages, 3 changes, 0 large, operations 1 to 3, live 61..6300")
        .contains("file data_0_0: 8192 bytes, 2 pages, 2 live, 100%")
        .contains("space.live.bytes 8192", "space.garbage.bytes 0");
    assertThat(CommandRun.of("seal", directory).exitCode()).isZero();
    assertThat(stats(directory))
        .contains("segments 0", "entries 3", "entries.exact true")
        .noneMatch(line -> line.startsWith("segment in "));
  }

  @Test
  void aTornTailIsCounted() throws IOException {
    GoldenState state = GoldenSets.named("manifest_log");
    Path copy = CommandRun.copy(state, temp);
    byte[] torn = new byte[4096];
    torn[0] = 1;
    Damage.append(copy.resolve("manifest_0"), torn);
    assertThat(CommandRun.golden("stats", copy, state).lines())
        .contains("manifest.torn.bytes 4096");
  }

  @Test
  void whatCannotBeReadHasItsExitCode() throws IOException {
    CommandRun absent = CommandRun.of("stats", temp.resolve("absent.0"));
    assertThat(absent.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(absent.err()).contains("there is no manifest").hasLineCount(1);
    GoldenState state = GoldenSets.named("one_key");
    Path copy = CommandRun.copy(state, temp);
    Damage.flip(copy.resolve("manifest_0"), 30);
    CommandRun damaged = CommandRun.golden("stats", copy, state);
    assertThat(damaged.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(damaged.out()).isEmpty();
    assertThat(damaged.err()).contains("manifest_0").hasLineCount(1);
  }
}
