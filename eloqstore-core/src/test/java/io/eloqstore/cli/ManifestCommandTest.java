/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.GoldenSets.GoldenState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Lists the manifests of the golden sets and of our own. */
class ManifestCommandTest {
  @TempDir Path temp;

  static List<GoldenState> all() {
    return GoldenSets.all();
  }

  @ParameterizedTest
  @MethodSource("all")
  void everyRecordIsListed(GoldenState state) throws IOException {
    CommandRun run = CommandRun.of("manifest", state.directory(), "--manifest", state.manifest());
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    List<String> records = run.lines().stream().filter(l -> l.startsWith("record ")).toList();
    assertThat(records).hasSameSizeAs(state.read().manifest().records());
    assertThat(records).allMatch(line -> line.endsWith(" ok"));
  }

  @Test
  void pagesAreListedWhenAskedFor() throws IOException {
    GoldenState state = GoldenSets.named("one_key");
    CommandRun run = CommandRun.of("manifest", state.directory(), "--pages");
    List<String> expected =
        state.read().manifest().mapping().entrySet().stream()
            .sorted(Comparator.comparing(pair -> pair.getKey()))
            .map(pair -> "  page " + pair.getKey() + " -> " + pair.getValue())
            .toList();
    assertThat(run.lines()).containsSubsequence(expected);
  }

  @Test
  void aDamagedManifestIsListedToo() throws IOException {
    GoldenState state = GoldenSets.named("manifest_log");
    Path copy = CommandRun.copy(state, temp);
    Damage.flip(copy.resolve("manifest_0"), 4096 + 30);
    CommandRun run = CommandRun.of("manifest", copy);
    assertThat(run.exitCode()).isZero();
    assertThat(run.lines()).anyMatch(line -> line.startsWith("at 4096: "));
  }

  @Test
  void optionsOfOurOwnAreShown() {
    CommandRun.withInput("6b\t76\t1\t0\n", "load", temp.resolve("t.0"), "--page-size", 8192);
    assertThat(CommandRun.of("manifest", temp.resolve("t.0")).out()).contains("pageBytes=8192");
  }
}
