/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.GoldenSets.GoldenState;
import io.eloqstore.reference.ReferenceVerifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Makes, lists, deletes archives and rolls back to them. */
class ArchiveCommandTest {
  @TempDir Path temp;

  private Path loaded(String... batches) {
    Path directory = temp.resolve("t.0");
    for (String batch : batches) {
      assertThat(CommandRun.withInput(batch, "load", directory).exitCode()).isZero();
    }
    return directory;
  }

  private static void assertDone(CommandRun run, Object printed) {
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().strip()).isEqualTo(String.valueOf(printed));
  }

  private static void assertRefused(CommandRun run, String... parts) {
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains(parts);
  }

  @Test
  void anArchiveKeepsWhatTheManifestLoses() throws IOException {
    Path directory = loaded("6b\t01\t1\t0\n");
    assertDone(CommandRun.of("archive", directory, "--timestamp", 7), 7);
    // By default its number is the time in microseconds.
    assertThat(CommandRun.withInput("6b\t02\t2\t0\n", "load", directory).exitCode()).isZero();
    assertDone(CommandRun.of("archive", directory), 4_000_000_000_000_000L);
    assertThat(CommandRun.withInput("6b\t03\t3\t0\n", "load", directory).exitCode()).isZero();
    assertThat(CommandRun.of("archive", directory, "--list").lines())
        .containsExactly(
            "7\tmanifest_0_7\t" + Files.size(directory.resolve("manifest_0_7")),
            "4000000000000000\tmanifest_0_4000000000000000\t"
                + Files.size(directory.resolve("manifest_0_4000000000000000")));
    assertThat(CommandRun.of("get", directory, "6b", "--manifest", "manifest_0_7").out())
        .isEqualTo("01\t1\t0\n");
    assertDone(CommandRun.of("archive", directory, "--rollback", 7), 7);
    assertThat(CommandRun.of("dump", directory).out()).isEqualTo("6b\t01\t1\t0\n");
    // And forward again.
    assertDone(
        CommandRun.of("archive", directory, "--rollback", "4000000000000000"), "4000000000000000");
    assertThat(CommandRun.of("dump", directory).out()).isEqualTo("6b\t02\t2\t0\n");
    assertDone(CommandRun.of("archive", directory, "--delete", 7), 7);
    assertThat(CommandRun.of("archive", directory, "--list").lines()).hasSize(1);
    assertThat(CommandRun.of("get", directory, "6b").exitCode()).isZero();
    assertThat(ReferenceVerifier.verify(directory, 4096, 13)).isEmpty();
  }

  @Test
  void aDamagedManifestIsRolledBack() throws IOException {
    Path directory = temp.resolve("t.0");
    String input = "6b\t01\t1\t0\n";
    CommandRun.withInput(input, "load", directory, "--page-size", 8192, "--term", 3);
    assertDone(CommandRun.of("archive", directory, "--timestamp", 1), 1);
    Damage.flip(directory.resolve("manifest_3"), 30);
    assertThat(CommandRun.of("dump", directory).exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertDone(CommandRun.of("archive", directory, "--rollback", 1), 1);
    assertThat(CommandRun.of("dump", directory).out()).isEqualTo(input);
  }

  @Test
  void whatTheOtherEngineArchivedIsListedAndRolledBackTo() throws IOException {
    GoldenState newest = GoldenSets.named("archive");
    Path copy = CommandRun.copy(newest, temp);
    List<GoldenState> states =
        GoldenSets.uncompressed().stream().filter(s -> s.set().equals("archive")).toList();
    assertThat(CommandRun.golden("archive", copy, newest, "--list").lines())
        .hasSize(states.size() - 1);
    for (GoldenState state : states) {
      if (!state.manifest().equals("manifest_0")) {
        String number = state.manifest().substring("manifest_0_".length());
        assertDone(CommandRun.golden("archive", copy, state, "--rollback", number), number);
        assertThat(CommandRun.golden("dump", copy, state).lines()).isEqualTo(state.expectedLines());
      }
    }
  }

  @Test
  void segmentsAreArchivedAsTheyAre() {
    Path directory = temp.resolve("t.0");
    String input = "61\t01\t1\t0\n62\t02\t1\t0\n";
    CommandRun.withInput(input, "load", directory, "--segments", "always", "--batch", 1);
    String before = CommandRun.of("manifest", directory).out();
    assertThat(before).contains("segment in file ");
    assertDone(CommandRun.of("archive", directory, "--timestamp", 1), 1);
    assertThat(CommandRun.of("manifest", directory).out()).isEqualTo(before);
    assertThat(CommandRun.of("dump", directory, "--manifest", "manifest_0_1").out())
        .isEqualTo(input);
    assertThat(CommandRun.of("verify", directory).out())
        .startsWith("clean: ")
        .contains("1 archive");
    assertThat(CommandRun.of("seal", directory).exitCode()).isZero();
    assertDone(CommandRun.of("archive", directory, "--rollback", 1), 1);
    assertThat(CommandRun.of("dump", directory).out()).isEqualTo(input);
    assertThat(CommandRun.of("verify", directory).lines())
        .noneMatch(line -> line.startsWith("missing") || line.startsWith("manifest"));
  }

  @Test
  void whatCannotBeIsRefusedAndChangesNothing() {
    Path directory = loaded("6b\t01\t1\t0\n");
    assertDone(CommandRun.of("archive", directory, "--timestamp", 7), 7);
    assertRefused(CommandRun.of("archive", directory, "--timestamp", 7), "an archive 7 already");
    assertRefused(CommandRun.of("archive", directory, "--timestamp", -1), "at least 0, found -1");
    assertRefused(CommandRun.of("archive", directory, "--delete", 8), "there is no archive 8");
    assertRefused(CommandRun.of("archive", directory, "--rollback", "x"), "there is no archive x");
    assertRefused(
        CommandRun.of("archive", directory, "--list", "--delete", 7), "mutually exclusive");
    assertThat(CommandRun.of("archive", directory, "--list").lines()).hasSize(1);
    Path absent = temp.resolve("absent.0");
    for (String[] flags : new String[][] {{}, {"--list"}, {"--delete", "7"}}) {
      Object[] arguments = new Object[2 + flags.length];
      arguments[0] = "archive";
      arguments[1] = absent;
      System.arraycopy(flags, 0, arguments, 2, flags.length);
      assertRefused(CommandRun.of(arguments), "absent.0: ");
    }
    assertThat(absent).doesNotExist();
    Path inPlace = temp.resolve("t.1");
    CommandRun.withInput("6b\t01\t1\t0\n", "load", inPlace, "--in-place");
    assertRefused(CommandRun.of("archive", inPlace), "append mode");
  }
}
