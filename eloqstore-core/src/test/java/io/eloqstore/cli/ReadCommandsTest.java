/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.GoldenSets.GoldenState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads single keys and ranges of golden sets and of what was loaded. */
class ReadCommandsTest {
  @TempDir Path temp;

  private Path loaded(String input) {
    Path directory = temp.resolve("t.0");
    assertThat(CommandRun.withInput(input, "load", directory).exitCode()).isZero();
    return directory;
  }

  @Test
  void everyKeyIsFound() throws IOException {
    for (String name : List.of("overflow", "ttl", "compressed")) {
      GoldenState state = GoldenSets.named(name);
      List<String> lines = state.expectedLines();
      for (int i = 0; i < lines.size(); i += 1 + lines.size() / 20) {
        String[] line = lines.get(i).split("\t", 2);
        List<Object> more = List.of(line[0], "--with-expired");
        CommandRun run = CommandRun.golden("get", state.directory(), state, more.toArray());
        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.lines()).containsExactly(line[1]);
      }
    }
  }

  @Test
  void anAbsentOrExpiredKeyIsExitCodeOneAndSaidSo() {
    Path directory = loaded("6b31\t01\t5\t0\n6b32\t02\t6\t99\n");
    for (String absent : List.of("6b30", "6b32", "ff")) {
      CommandRun run = CommandRun.of("get", directory, absent);
      assertThat(run.exitCode()).isEqualTo(EloqStoreCli.ABSENT);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).endsWith("there is no key " + absent + "\n").hasLineCount(1);
    }
    CommandRun expired = CommandRun.of("get", directory, "6b32", "--with-expired");
    assertThat(expired.lines()).containsExactly("02\t6\t99");
  }

  @Test
  void textIsReadAsItIsWritten() {
    // A tab, a backslash, an umlaut; a byte that is no text; a bidi mark.
    Path directory =
        loaded(
            "6109625cc3a4\t76616c7565\t1\t0\n" + "6bc3a4ff7f\t\t2\t0\n" + "6be280ae\t0a\t3\t0\n");
    List<String> lines = CommandRun.of("scan", directory, "--text").lines();
    assertThat(lines)
        .containsExactly(
            "a\\x09b\\\\\u00e4\tvalue\t1\t0",
            "k\\xc3\\xa4\\xff\\x7f\t\t2\t0",
            "k\\xe2\\x80\\xae\t\\x0a\t3\t0");
    for (String line : lines) {
      String[] fields = line.split("\t", 2);
      assertThat(CommandRun.of("get", directory, fields[0], "--text").lines())
          .containsExactly(fields[1]);
    }
    for (String bad : List.of("a\\", "a\\n", "\\x4", "\\xg0")) {
      CommandRun run = CommandRun.of("get", directory, bad, "--text");
      assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(run.err()).startsWith("eloqstore: KEY: expected \\xNN or \\\\ at character ");
    }
  }

  @Test
  void whatIsNoKeyIsExitCodeTwo() {
    Path directory = loaded("6b\t76\t1\t0\n");
    for (String bad : List.of("6", "zz", "")) {
      CommandRun get = CommandRun.of("get", directory, bad);
      assertThat(get.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(get.err()).startsWith("eloqstore: KEY: expected ").contains("found '" + bad + "'");
      CommandRun scan = CommandRun.of("scan", directory, "--from", bad);
      assertThat(scan.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(scan.err()).startsWith("eloqstore: --from: expected ");
    }
    assertThat(CommandRun.of("get", directory).err()).contains("KEY").contains("Usage: eloqstore");
    assertThat(CommandRun.of("get", temp.resolve("absent.0"), "6b").err())
        .contains("there is no manifest")
        .hasLineCount(1);
    for (String limit : List.of("--limit", "--max-bytes")) {
      CommandRun run = CommandRun.of("scan", directory, limit, 0);
      assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(run.err()).contains(limit + " must be at least 1, found 0");
    }
  }

  @Test
  void aScanWithoutLimitsIsTheDump() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_10k");
    List<String> lines = state.expectedLines();
    CommandRun forward = CommandRun.golden("scan", state.directory(), state);
    assertThat(forward.lines()).isEqualTo(lines);
    assertThat(forward.err()).isEqualTo("eloqstore: " + lines.size() + " entries, no more\n");
    List<String> backward =
        new ArrayList<>(CommandRun.golden("scan", state.directory(), state, "--reverse").lines());
    Collections.reverse(backward);
    assertThat(backward).isEqualTo(lines);
  }

  @Test
  void rangesAndPrefixesNarrowEachOther() {
    Path directory =
        loaded("61\t\t1\t0\n6161\t\t1\t0\n6162\t\t1\t0\n62\t\t1\t0\nff\t\t1\t0\nffff\t\t1\t0\n");
    assertKeys(directory, "61 6161 6162", "--prefix", "61");
    assertKeys(directory, "6162 6161 61", "--prefix", "61", "--reverse");
    assertKeys(directory, "ff ffff", "--prefix", "ff");
    assertKeys(directory, "6161 6162", "--from", "6161", "--to", "62");
    assertKeys(directory, "6162", "--from", "6162", "--prefix", "61");
    assertKeys(directory, "61 6161", "--to", "6162", "--prefix", "61");
    assertKeys(directory, "61 6161 6162", "--from", "60", "--to", "ff", "--prefix", "61");
    assertKeys(directory, "ff", "--prefix", "ff", "--to", "ffff");
    assertKeys(directory, "", "--from", "62", "--to", "61");
    assertKeys(directory, "", "--from", "62", "--prefix", "61", "--reverse");
  }

  private static void assertKeys(Path directory, String keys, String... flags) {
    CommandRun run = scan(directory, flags);
    assertThat(run.exitCode()).isZero();
    assertThat(run.lines().stream().map(line -> line.split("\t")[0]).toList())
        .isEqualTo(keys.isEmpty() ? List.of() : List.of(keys.split(" ")));
    assertThat(run.err()).endsWith(", no more\n");
  }

  private static CommandRun scan(Path directory, String... flags) {
    List<Object> arguments = new ArrayList<>(List.of("scan", directory));
    arguments.addAll(List.of(flags));
    return CommandRun.of(arguments.toArray());
  }

  @Test
  void whatLimitsCutOffCanBeGoneOnWith() {
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 250; i++) {
      input.append(String.format("%04x\t%s\t1\t0\n", i, "ee".repeat(i % 50)));
    }
    Path directory = loaded(input.toString());
    List<String> all = input.toString().lines().toList();
    assertThat(pages(directory, false, "--limit", "100")).isEqualTo(all);
    assertThat(pages(directory, false, "--max-bytes", "300")).isEqualTo(all);
    List<String> backward = new ArrayList<>(pages(directory, true, "--limit", "125", "--reverse"));
    Collections.reverse(backward);
    assertThat(backward).isEqualTo(all);
    // Two bytes of key, none of value, sixteen for the entry: one and a half of them.
    assertThat(scan(directory, "--max-bytes", "27").lines()).hasSize(1);
    assertThat(scan(directory, "--max-bytes", "1").lines()).hasSize(1);
    assertThat(scan(directory, "--limit", "250").err())
        .isEqualTo("eloqstore: 250 entries, no more\n");
    assertThat(scan(directory, "--limit", "1").err())
        .isEqualTo("eloqstore: 1 entry, more remain: go on with --from 0001\n");
  }

  private static List<String> pages(Path directory, boolean reverse, String... flags) {
    List<String> lines = new ArrayList<>();
    List<String> arguments = new ArrayList<>(List.of(flags));
    String more = "more remain: go on with ";
    while (true) {
      CommandRun run = scan(directory, arguments.toArray(String[]::new));
      assertThat(run.exitCode()).isZero();
      assertThat(run.lines()).isNotEmpty();
      lines.addAll(run.lines());
      int at = run.err().indexOf(more);
      if (at < 0) {
        return lines;
      }
      String[] next = run.err().substring(at + more.length()).strip().split(" ");
      assertThat(next[0]).isEqualTo(reverse ? "--to" : "--from");
      arguments = new ArrayList<>(List.of(flags));
      arguments.addAll(List.of(next));
    }
  }

  @Test
  void anArchiveIsReadByItsName() throws IOException {
    GoldenState state =
        GoldenSets.uncompressed().stream()
            .filter(s -> s.set().equals("archive") && !s.manifest().equals("manifest_0"))
            .findFirst()
            .orElseThrow();
    CommandRun run =
        CommandRun.golden("scan", state.directory(), state, "--manifest", state.manifest());
    assertThat(run.lines()).isEqualTo(state.expectedLines());
  }

  @Test
  void damageIsExitCodeOneAndOneLine() throws IOException {
    GoldenState state = GoldenSets.named("one_key");
    Path copy = CommandRun.copy(state, temp);
    Damage.flip(copy.resolve("data_0_0"), 99);
    String key = state.expectedLines().get(0).split("\t")[0];
    for (CommandRun run :
        List.of(
            CommandRun.golden("get", copy, state, key), CommandRun.golden("scan", copy, state))) {
      assertThat(run.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
      assertThat(run.err()).contains("checksum").hasLineCount(1);
      assertThat(run.out()).isEmpty();
    }
  }
}
