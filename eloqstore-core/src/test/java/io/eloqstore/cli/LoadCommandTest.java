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
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loads what the golden sets hold; our own reader and the independent one must give it back. */
class LoadCommandTest {
  @TempDir Path temp;

  static List<GoldenState> uncompressed() {
    return GoldenSets.uncompressed();
  }

  @Test
  void compressionIsAskedForOrAsItWasLast() {
    Path directory = temp.resolve("t.0");
    // Over 10 MiB: compressed without a dictionary.
    String input = "6b\t" + "00".repeat((10 << 20) + 1) + "\t1\t0\n";
    assertLoadedAs(input, directory, true, "--compression");
    assertLoadedAs(input.replace("6b", "6c"), directory, true);
    assertLoadedAs(input.replace("6b", "6d"), directory, false, "--no-compression");
    assertLoadedAs(input.replace("6b", "6e"), directory, false);
    assertThat(CommandRun.of("verify", directory).out()).startsWith("clean: 4 entries");
    assertThat(CommandRun.of("dump", directory).out().length()).isEqualTo(4 * input.length());
  }

  /** Raw, the value takes 2,568 pages. */
  private static void assertLoadedAs(
      String input, Path directory, boolean compressed, String... flags) {
    long before = mappedPages(directory);
    List<Object> arguments = new ArrayList<>(List.of("load", directory));
    arguments.addAll(List.of(flags));
    assertThat(CommandRun.withInput(input, arguments.toArray()).exitCode()).isZero();
    assertThat(mappedPages(directory) - before > 2000).isEqualTo(!compressed);
  }

  private static long mappedPages(Path directory) {
    String summary = CommandRun.of("verify", directory).out();
    Matcher pages = Pattern.compile("(\\d+) pages").matcher(summary);
    return pages.find() ? Long.parseLong(pages.group(1)) : 0;
  }

  @ParameterizedTest
  @MethodSource("uncompressed")
  void whatIsLoadedIsDumpedVerifiedAndReadElsewhere(GoldenState state) throws IOException {
    List<String> lines = state.expectedLines();
    assertThat(lines).hasSize(state.lines());
    roundTrip(lines, 4096, 13);
    roundTrip(lines, 4096, 4);
    roundTrip(lines, 16384, 2);
  }

  private void roundTrip(List<String> lines, int pageBytes, int shift) throws IOException {
    Path directory = temp.resolve("page" + pageBytes + "." + shift);
    String input = String.join("\n", lines) + (lines.isEmpty() ? "" : "\n");
    CommandRun load =
        CommandRun.withInput(
            input,
            "load",
            directory,
            "--page-size",
            pageBytes,
            "--pages-per-file-shift",
            shift,
            "--overflow-pointers",
            4);
    assertThat(load.err()).isEmpty();
    assertThat(load.out().strip()).isEqualTo("loaded " + lines.size() + " entries");
    assertThat(load.exitCode()).isZero();
    assertThat(CommandRun.of("dump", directory, "--with-expired").out()).isEqualTo(input);
    CommandRun verify = CommandRun.of("verify", directory);
    assertThat(verify.out()).startsWith("clean: " + lines.size() + " entries");
    assertThat(verify.exitCode()).isZero();
    assertThat(ReferenceStore.read(directory, pageBytes, shift).dumpLines()).isEqualTo(lines);
    assertThat(ReferenceVerifier.verify(directory, pageBytes, shift)).isEmpty();
  }

  @Test
  void loadingGoesOnFromWhatIsThere() {
    Path directory = temp.resolve("t.0");
    load(directory, "6b31\t01\t5\t0\n6b32\t02\t5\t0\n", "--page-size", 8192);
    // Recorded options are taken; the entry with the older timestamp loses.
    load(directory, "6b31\t03\t4\t0\n6b33\t04\t6\t99\n");
    assertThat(CommandRun.of("dump", directory).lines())
        .containsExactly("6b31\t01\t5\t0", "6b32\t02\t5\t0");
    assertThat(CommandRun.of("dump", directory, "--with-expired").lines())
        .containsExactly("6b31\t01\t5\t0", "6b32\t02\t5\t0", "6b33\t04\t6\t99");
    assertThat(CommandRun.of("verify", directory).exitCode()).isZero();
  }

  @Test
  void loadingIntoWhatTheOtherEngineWrote() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_updates");
    Path copy = CommandRun.copy(state, temp);
    load(copy, "00\tff\t1\t0\n", "--page-size", 4096, "--pages-per-file-shift", 5);
    assertThat(CommandRun.of("dump", copy).lines())
        .hasSize(state.lines() + 1)
        .startsWith("00\tff\t1\t0")
        .containsAll(state.expectedLines());
    assertThat(CommandRun.of("verify", copy).lines())
        .singleElement()
        .asString()
        .startsWith("clean: ");
    assertThat(ReferenceVerifier.verify(copy, 4096, 5)).isEmpty();
  }

  @Test
  void aPartitionInPlaceStaysSoAndAnAppendedOneIsRefusedAsSuch() throws IOException {
    Path directory = temp.resolve("t.0");
    load(directory, "6b31\t01\t5\t0\n", "--in-place");
    load(directory, "6b32\t02\t5\t0\n");
    load(directory, "6b33\t03\t5\t0\n", "--in-place");
    assertThat(directory.resolve("data_0_0")).exists();
    assertThat(directory.resolve("data_1_0")).doesNotExist();
    assertThat(CommandRun.of("dump", directory).lines()).hasSize(3);
    assertThat(CommandRun.of("manifest", directory).out()).contains("appendMode=false");
    assertThat(CommandRun.of("verify", directory).exitCode()).isZero();
    assertThat(ReferenceVerifier.verify(directory, 4096, 13)).isEmpty();
    Path appended = temp.resolve("t.1");
    load(appended, "6b31\t01\t5\t0\n");
    CommandRun refused = CommandRun.withInput("", "load", appended, "--in-place");
    assertThat(refused.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(refused.err()).contains("appendMode true, opened with false");
  }

  @Test
  void aLowerTermThanTheOneThatIsThereIsRefused() {
    Path directory = temp.resolve("t.0");
    load(directory, "6b31\t01\t5\t0\n", "--term", 3);
    load(directory, "6b32\t02\t5\t0\n", "--term", 4);
    assertThat(directory.resolve("manifest_4")).exists();
    assertThat(directory.resolve("manifest_3")).doesNotExist();
    CommandRun refused = CommandRun.withInput("", "load", directory, "--term", 3);
    assertThat(refused.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(refused.err()).contains("term 3").contains("term 4").contains("manifest_4");
    assertThat(CommandRun.of("dump", directory).lines()).hasSize(2);
    load(directory, "6b33\t03\t5\t0\n");
    assertThat(directory.resolve("manifest_4")).exists();
    assertThat(CommandRun.of("dump", directory).lines()).hasSize(3);
    CommandRun negative = CommandRun.withInput("", "load", directory, "--term", -1);
    assertThat(negative.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(negative.err()).contains("term must be at least 0, found -1");
  }

  private static void load(Path directory, String input, Object... more) {
    Object[] arguments = new Object[more.length + 2];
    arguments[0] = "load";
    arguments[1] = directory;
    System.arraycopy(more, 0, arguments, 2, more.length);
    CommandRun run = CommandRun.withInput(input, arguments);
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void malformedLinesAreRefusedWithTheirNumber() {
    Path directory = temp.resolve("t.0");
    String good = "6b\t76\t1\t0\n";
    load(directory, good);
    for (String bad :
        List.of(
            "",
            "6b",
            "6b\t76\t1",
            "6b\t76\t1\t0\t",
            "6b\t76\t1\t0 ",
            "\t76\t1\t0",
            "6\t76\t1\t0",
            "6g\t76\t1\t0",
            "6b\t7\t1\t0",
            "6b\t7\u00e9\t1\t0",
            "6b\t76\t\t0",
            "6b\t76\t-1\t0",
            "6b\t76\t+1\t0",
            "6b\t76\t1\t0x1",
            "6b\t76\t1\t9223372036854775808")) {
      CommandRun run =
          CommandRun.withInput("6b\t77\t2\t0\n" + bad + "\n" + good, "load", directory);
      assertThat(run.exitCode()).as("'%s'", bad).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(run.err()).as("'%s'", bad).startsWith("eloqstore: line 2: ").hasLineCount(1);
      assertThat(run.out()).isEmpty();
    }
    // What came before the bad line is not published either.
    assertThat(CommandRun.of("dump", directory).out()).isEqualTo(good);
  }

  @Test
  void theDirectoryMustBeNamedAsAPartition() {
    CommandRun run = CommandRun.withInput("", "load", temp.resolve("plain"));
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(run.err()).contains("<table>.<partition>");
    assertThat(Files.exists(temp.resolve("plain"))).isFalse();
  }
}
