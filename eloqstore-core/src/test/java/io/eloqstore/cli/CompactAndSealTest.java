/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.GoldenSets.GoldenState;
import io.eloqstore.reference.ReferenceStore;
import io.eloqstore.reference.ReferenceVerifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compacts and seals: the content stays, and the independent decoder reads it. */
class CompactAndSealTest {
  @TempDir Path temp;

  private static void assertDone(CommandRun run) {
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
  }

  /** Many small commits, each of which makes a data file that is soon dead. */
  private Path fragmented(String... flags) {
    Path directory = temp.resolve("t.0");
    for (int round = 0; round < 6; round++) {
      StringBuilder input = new StringBuilder();
      for (int i = round; i < 600; i += round == 0 ? 1 : 6) {
        input.append(String.format("%04x\t%s\t%d\t0\n", i, "ab".repeat(100), round));
      }
      Object[] arguments = new Object[4 + flags.length];
      arguments[0] = "load";
      arguments[1] = directory;
      arguments[2] = "--pages-per-file-shift";
      arguments[3] = 5;
      System.arraycopy(flags, 0, arguments, 4, flags.length);
      assertDone(CommandRun.withInput(input.toString(), arguments));
    }
    return directory;
  }

  @Test
  void compactionTakesSpaceAndKeepsContent() throws IOException {
    Path directory = fragmented();
    String before = CommandRun.of("dump", directory).out();
    CommandRun run = CommandRun.of("compact", directory);
    assertDone(run);
    String[] words = run.out().strip().split(" ");
    assertThat(run.out()).matches("compacted: \\d+ bytes in data files, now \\d+\\R");
    assertThat(Long.parseLong(words[words.length - 1])).isLessThan(Long.parseLong(words[1]));
    assertThat(CommandRun.of("dump", directory).out()).isEqualTo(before);
    assertThat(CommandRun.of("verify", directory).out()).startsWith("clean: 600 entries");
    assertThat(ReferenceVerifier.verify(directory, 4096, 5)).isEmpty();
  }

  @Test
  void expiredEntriesStay() {
    Path directory = temp.resolve("t.0");
    String input = "61\t01\t1\t99\n62\t02\t1\t0\n";
    assertDone(CommandRun.withInput(input, "load", directory));
    assertDone(CommandRun.of("compact", directory));
    assertDone(CommandRun.of("seal", directory));
    assertDone(CommandRun.of("archive", directory));
    assertThat(CommandRun.of("dump", directory, "--with-expired").out()).isEqualTo(input);
  }

  @Test
  void compactionInPlaceIsRefused() {
    Path directory = temp.resolve("t.0");
    assertDone(CommandRun.withInput("6b\t76\t1\t0\n", "load", directory, "--in-place"));
    CommandRun run = CommandRun.of("compact", directory);
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(run.err()).contains("append mode").hasLineCount(1);
  }

  @Test
  void whatWasSealedIsReadElsewhere() throws IOException {
    Path directory = temp.resolve("t.0");
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 900; i++) {
      input.append(String.format("%04x\t%s\t1\t0\n", i, "cd".repeat(i % 300 * (i % 7))));
    }
    assertDone(
        CommandRun.withInput(
            input.toString(), "load", directory, "--segments", "always", "--batch", 300));
    assertThat(ReferenceVerifier.verify(directory, 4096, 13)).isNotEmpty();
    CommandRun run = CommandRun.of("seal", directory);
    assertDone(run);
    assertThat(run.out()).matches("sealed: [1-9]\\d* change segments were merged\\R");
    assertThat(CommandRun.of("manifest", directory).out())
        .doesNotContain("marked")
        .doesNotContain("segment");
    assertThat(CommandRun.of("dump", directory).out()).isEqualTo(input.toString());
    assertThat(CommandRun.of("verify", directory).out()).startsWith("clean: 900 entries");
    assertThat(ReferenceVerifier.verify(directory, 4096, 13)).isEmpty();
    assertThat(ReferenceStore.read(directory, 4096, 13).dumpLines())
        .isEqualTo(input.toString().lines().toList());
    assertThat(CommandRun.of("seal", directory).out())
        .isEqualTo("sealed: 0 change segments were merged\n");
  }

  @Test
  void whatTheOtherEngineWroteIsCompactedAndSealed() throws IOException {
    GoldenState state = GoldenSets.named("overflow");
    Path copy = CommandRun.copy(state, temp);
    assertDone(CommandRun.golden("compact", copy, state));
    assertDone(CommandRun.of("seal", copy));
    assertThat(CommandRun.of("dump", copy, "--with-expired").lines())
        .isEqualTo(state.expectedLines());
    assertThat(ReferenceVerifier.verify(copy, state.pageBytes(), state.pagesPerFileShift()))
        .isEmpty();
  }

  @Test
  void thereMustBeAPartitionNamedAsOne() throws IOException {
    for (String command : List.of("compact", "seal")) {
      CommandRun absent = CommandRun.of(command, temp.resolve("absent.0"));
      assertThat(absent.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(absent.err()).contains("there is no manifest").hasLineCount(1);
      assertThat(temp.resolve("absent.0")).doesNotExist();
      Path copy = CommandRun.copy(GoldenSets.named("one_key"), temp.resolve(command));
      Path renamed = Files.move(copy, copy.resolveSibling("plain"));
      CommandRun plain = CommandRun.of(command, renamed);
      assertThat(plain.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(plain.err()).contains("<table>.<partition>");
    }
  }

  @Test
  void aLowerTermIsRefused() {
    Path directory = temp.resolve("t.0");
    assertDone(CommandRun.withInput("6b\t76\t1\t0\n", "load", directory, "--term", 3));
    for (String command : List.of("compact", "seal", "archive")) {
      CommandRun run = CommandRun.of(command, directory, "--term", 2);
      assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(run.err()).contains("term 2").contains("manifest_3").hasLineCount(1);
    }
    assertDone(CommandRun.of("seal", directory, "--term", 4));
    assertThat(directory.resolve("manifest_4")).exists();
  }
}
