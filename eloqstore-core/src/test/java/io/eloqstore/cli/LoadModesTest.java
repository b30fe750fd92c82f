/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.ReferenceStore;
import io.eloqstore.reference.ReferenceVerifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Loads the same random lines in every mode: whatever the flags, all commands must show the same
 * content, and the independent decoder must read it.
 */
class LoadModesTest {
  private static final int PAGE_BYTES = 4096;
  private static final int SHIFT = 13;

  @TempDir Path temp;

  /** Lines with values of all sizes; later ones replace some of the earlier ones. */
  private static List<String> randomLines(long seed, int count) {
    Random random = new Random(seed);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int valueBytes = random.nextInt(40) == 0 ? 3000 + random.nextInt(9000) : random.nextInt(200);
      String value = String.format("%02x", random.nextInt(256)).repeat(valueBytes);
      long expireTs = random.nextInt(5) == 0 ? 4_100_000_000_000L + random.nextInt(99) : 0;
      lines.add(String.format("%06x\t%s\t%d\t%d", random.nextInt(count), value, i + 1, expireTs));
    }
    return lines;
  }

  private static List<String> content(List<String> lines) {
    TreeMap<String, String> last = new TreeMap<>();
    lines.forEach(line -> last.put(line.substring(0, line.indexOf('\t')), line));
    return List.copyOf(last.values());
  }

  private static CommandRun load(Path directory, List<String> lines, String flags) {
    List<Object> arguments = new ArrayList<>(List.of("load", directory));
    arguments.addAll(flags.isEmpty() ? List.of() : List.of(flags.split(" ")));
    return CommandRun.withInput(String.join("\n", lines) + "\n", arguments.toArray());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--compression",
        "--in-place",
        "--in-place --compression --batch 100",
        "--batch 1000",
        "--batch 700 --segments never --term 5",
        "--segments sparse --batch 150",
        "--overflow-pointers 2 --leaf-restart-interval 3 --index-restart-interval 5"
      })
  void everyModeIsReadElsewhere(String flags) throws IOException {
    long seed = 20_261_128 + flags.hashCode();
    System.out.println("LoadModesTest " + flags + ": seed " + seed);
    List<String> lines = randomLines(seed, 2000);
    Path directory = temp.resolve("t.0");
    CommandRun run = load(directory, lines, flags);
    assertThat(run.err()).isEmpty();
    assertThat(run.out().strip()).isEqualTo("loaded 2000 entries");
    assertThat(run.exitCode()).isZero();
    assertHolds(directory, content(lines));
    if (flags.contains("sparse")) {
      assertThat(CommandRun.of("seal", directory).exitCode()).isZero();
      assertHolds(directory, content(lines));
    }
    assertReadElsewhere(directory, content(lines));
  }

  private static void assertHolds(Path directory, List<String> content) {
    assertThat(CommandRun.of("dump", directory).lines()).isEqualTo(content);
    CommandRun verify = CommandRun.of("verify", directory);
    assertThat(verify.lines()).singleElement().asString().startsWith("clean: ");
    assertThat(verify.exitCode()).isZero();
  }

  private static void assertReadElsewhere(Path directory, List<String> content) throws IOException {
    assertThat(ReferenceVerifier.verify(directory, PAGE_BYTES, SHIFT)).isEmpty();
    assertThat(ReferenceStore.read(directory, PAGE_BYTES, SHIFT).dumpLines()).isEqualTo(content);
  }

  @Test
  void segmentsAreReadHereAndRefusedElsewhere() throws IOException {
    long seed = 77;
    System.out.println("LoadModesTest segments: seed " + seed);
    List<String> lines = randomLines(seed, 900);
    Path directory = temp.resolve("t.0");
    assertThat(load(directory, lines, "--segments always --batch 400").exitCode()).isZero();
    assertThat(CommandRun.of("manifest", directory).out())
        .contains("(marked: change segments)")
        .contains("segment in file ");
    assertHolds(directory, content(lines));
    assertThat(ReferenceVerifier.verify(directory, PAGE_BYTES, SHIFT))
        .singleElement()
        .asString()
        .contains("manifest_0: the snapshot record is bad");
    String[] some = content(lines).get(content(lines).size() / 2).split("\t", 2);
    assertThat(CommandRun.of("get", directory, some[0]).lines()).containsExactly(some[1]);
    assertThat(CommandRun.of("scan", directory, "--from", some[0], "--limit", 1).lines())
        .containsExactly(some[0] + "\t" + some[1]);
  }

  @Test
  void anUnknownChoiceOfSegmentsIsWrongUsage() {
    CommandRun run = load(temp.resolve("t.0"), List.of("6b\t76\t1\t0"), "--segments often");
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(run.err()).contains("--segments").contains("often").contains("Usage: eloqstore");
  }

  @Test
  void segmentsWithoutEffectAreRefused() {
    for (String flags : List.of("--in-place", "--pages-per-file-shift 0")) {
      CommandRun run =
          load(temp.resolve("t.0"), List.of("6b\t76\t1\t0"), "--segments always " + flags);
      assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(run.err()).contains("--segments needs append mode and data files of ");
      assertThat(temp.resolve("t.0")).doesNotExist();
    }
  }

  @Test
  void batchesBeforeABadLineAreCommittedAndNamed() {
    Path directory = temp.resolve("t.0");
    List<String> lines =
        List.of(
            "61\t01\t1\t0", "62\t02\t1\t0", "63\t03\t1\t0", "64\t04\t1\t0", "65\t05\t1\t0", "!");
    CommandRun run = load(directory, lines, "--batch 2");
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .startsWith("eloqstore: line 6: ")
        .contains("; lines 1 to 4 are committed")
        .hasLineCount(1);
    assertThat(CommandRun.of("dump", directory).lines()).isEqualTo(lines.subList(0, 4));
    CommandRun none = load(directory, lines, "--batch 0");
    assertThat(none.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(none.err()).contains("--batch must be at least 1, found 0");
  }

  @Test
  void eachBatchIsARecord() {
    Path directory = temp.resolve("t.0");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      lines.add(String.format("%02x\t00\t1\t0", i));
    }
    assertThat(load(directory, lines, "--batch 4").exitCode()).isZero();
    assertThat(CommandRun.of("manifest", directory).lines())
        .filteredOn(line -> line.startsWith("record "))
        .hasSize(3);
  }
}
