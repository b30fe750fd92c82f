/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.GoldenSets.GoldenState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Dumps what the C++ engine wrote and compares it with what that engine says it wrote. */
class DumpCommandTest {
  @TempDir Path temp;

  static List<GoldenState> uncompressed() {
    return GoldenSets.uncompressed();
  }

  static List<GoldenState> compressed() {
    return GoldenSets.compressed();
  }

  @ParameterizedTest
  @MethodSource("uncompressed")
  void dumpEqualsTheExpectedFile(GoldenState state) throws IOException {
    CommandRun run =
        CommandRun.golden("dump", state.directory(), state, "--manifest", state.manifest());
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    Path expected = GoldenSets.path(state.set()).resolve(state.expected().get(0));
    assertThat(run.out()).isEqualTo(Files.readString(expected, StandardCharsets.US_ASCII));
  }

  @Test
  void theNewestManifestIsTheDefault() throws IOException {
    GoldenState state = GoldenSets.named("archive");
    CommandRun run = CommandRun.golden("dump", state.directory(), state);
    assertThat(run.lines()).isEqualTo(state.expectedLines()).hasSize(617);
  }

  @Test
  void expiredEntriesComeOnlyWhenAskedFor() throws IOException {
    GoldenState state = GoldenSets.named("ttl");
    CommandRun live = CommandRun.golden("dump", state.directory(), state);
    assertThat(live.lines()).hasSize(290);
    CommandRun all = CommandRun.golden("dump", state.directory(), state, "--with-expired");
    assertThat(all.lines()).isEqualTo(state.expectedLines()).hasSize(390);
  }

  @ParameterizedTest
  @MethodSource("compressed")
  void compressedValuesAreDumpedAsTheyWerePut(GoldenState state) throws IOException {
    CommandRun run = CommandRun.golden("dump", state.directory(), state);
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().equals(String.join("\n", state.expectedLines()) + "\n")).isTrue();
    assertThat(run.lines()).hasSize(state.lines());
  }

  @Test
  void nothingIsWrittenAndNoStoreIsNeededAround() throws IOException {
    GoldenState state = GoldenSets.named("one_key");
    Path copy = CommandRun.copy(state, temp);
    Files.writeString(temp.resolve("stray.txt"), "a store must not hold files");
    Path renamed = Files.move(copy, temp.resolve("no partition name"));
    List<String> before = namesAndTimes(renamed);
    CommandRun run = CommandRun.golden("dump", renamed, state);
    assertThat(run.exitCode()).isZero();
    assertThat(run.lines()).isEqualTo(state.expectedLines());
    assertThat(namesAndTimes(renamed)).isEqualTo(before);
  }

  private static List<String> namesAndTimes(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().map(DumpCommandTest::nameAndTime).toList();
    }
  }

  private static String nameAndTime(Path file) {
    return file + " " + file.toFile().length() + " " + file.toFile().lastModified();
  }

  @Test
  void longKeysAndListsAreShownAsTheyAre() {
    String longKey = "ab".repeat(5000);
    String input = "6b\t76\t1\t0\n" + longKey + "\t" + "cd".repeat(9000) + "\t2\t0\n";
    assertThat(CommandRun.withInput(input, "load", temp.resolve("t.0")).exitCode()).isZero();
    assertThat(CommandRun.of("dump", temp.resolve("t.0")).out()).isEqualTo(input);
  }

  @Test
  void damageIsOneLineAndExitCodeOne() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_10k");
    Path copy = CommandRun.copy(state, temp);
    Damage.flip(copy.resolve("data_0_0"), 12 * 4096 + 99);
    CommandRun run = CommandRun.golden("dump", copy, state);
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(run.err()).startsWith("eloqstore: ").contains("checksum").hasLineCount(1);
  }

  @Test
  void whatCannotBeReadIsExitCodeTwo() {
    GoldenState state = GoldenSets.named("one_key");
    assertRefused(CommandRun.of("dump", temp.resolve("absent.0")), "absent.0");
    assertRefused(CommandRun.of("dump", temp), "no manifest");
    assertRefused(
        CommandRun.of("dump", state.directory(), "--manifest", "manifest_0_77"), "manifest_0_77");
    assertRefused(CommandRun.of("dump", state.directory(), "--manifest", "data_0_0"), "data_0_0");
  }

  private static void assertRefused(CommandRun run, String named) {
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("eloqstore: ").contains(named).hasLineCount(1);
  }

  @Test
  void wrongUsageIsExitCodeTwoAndSaysHow() {
    Path directory = GoldenSets.named("one_key").directory();
    for (CommandRun run :
        List.of(
            CommandRun.of(),
            CommandRun.of("dump"),
            CommandRun.of("dmup", directory),
            CommandRun.of("dump", directory, "--page-size", "4095"),
            CommandRun.of("dump", directory, "--page-size", "many"),
            CommandRun.of("dump", directory, "--memory", "1"),
            CommandRun.of("dump", directory, "--pages-per-file-shift", "21"))) {
      assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).contains("Usage: eloqstore");
    }
    CommandRun help = CommandRun.of("dump", "--help");
    assertThat(help.exitCode()).isZero();
    assertThat(help.out()).contains("--with-expired");
  }

  @Test
  void recordedOptionsMustNotBeContradicted() {
    Path directory = temp.resolve("t.0");
    assertThat(
            CommandRun.withInput("6b\t76\t1\t0\n", "load", directory, "--page-size", 8192)
                .exitCode())
        .isZero();
    CommandRun run = CommandRun.of("dump", directory, "--page-size", 4096);
    assertRefused(run, "pageBytes 8192");
  }
}
