/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.GoldenSets.GoldenState;
import io.eloqstore.reference.ReferenceStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Verifies sound partitions, then damages copies of them, one way each. */
class VerifyCommandTest {
  private static final int PAGE_BYTES = 4096;

  @TempDir Path temp;

  static List<GoldenState> all() {
    return GoldenSets.all();
  }

  @ParameterizedTest
  @MethodSource("all")
  void whatTheOtherEngineWroteIsClean(GoldenState state) {
    CommandRun run = CommandRun.golden("verify", state.directory(), state);
    assertThat(run.err()).isEmpty();
    assertThat(run.lines()).singleElement().asString().startsWith("clean: ");
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void theSummaryCounts() {
    GoldenState state = GoldenSets.named("archive");
    assertThat(CommandRun.golden("verify", state.directory(), state).out())
        .startsWith("clean: 617 entries, ")
        .contains(" 3 data files, ")
        .endsWith(" 2 archives" + System.lineSeparator());
  }

  @Test
  void aFlippedBitInAnyLivePageIsFound() throws IOException {
    GoldenState state = GoldenSets.named("ttl");
    Path copy = CommandRun.copy(state, temp);
    Path file = copy.resolve("data_0_0");
    int found = 0;
    for (long filePage : state.read().manifest().mapping().values()) {
      Damage.flip(file, (int) filePage * PAGE_BYTES + PAGE_BYTES - 1);
      assertFinding(CommandRun.golden("verify", copy, state), "page checksum");
      Damage.flip(file, (int) filePage * PAGE_BYTES + PAGE_BYTES - 1);
      found++;
    }
    assertThat(found).isGreaterThan(4);
    assertThat(CommandRun.golden("verify", copy, state).exitCode()).isZero();
  }

  private static void assertFinding(CommandRun run, String text) {
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(run.err()).isEmpty();
    assertThat(run.lines()).anyMatch(line -> line.contains(text));
  }

  @Test
  void missingAndShortFilesAreFound() throws IOException {
    GoldenState state = GoldenSets.named("overflow");
    Path copy = CommandRun.copy(state, temp);
    Damage.cut(copy.resolve("data_2_0"), PAGE_BYTES);
    assertFinding(CommandRun.golden("verify", copy, state), "short: data_2_0 has 212992 bytes");
    Files.delete(copy.resolve("data_1_0"));
    assertFinding(CommandRun.golden("verify", copy, state), "missing: data_1_0 with ");
  }

  @Test
  void aTornTailIsFoundAndNotRemoved() throws IOException {
    GoldenState state = GoldenSets.named("manifest_log");
    Path copy = CommandRun.copy(state, temp);
    byte[] torn = new byte[PAGE_BYTES];
    torn[0] = 1;
    Damage.append(copy.resolve("manifest_0"), torn);
    CommandRun run = CommandRun.golden("verify", copy, state);
    assertThat(run.lines())
        .containsExactly(
            "torn tail: manifest_0: 4096 bytes behind its last valid record, which ends at 16384");
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(Files.size(copy.resolve("manifest_0"))).isEqualTo(16384 + 4096);
  }

  @Test
  void aBadRecordBeforeAGoodOneIsAFindingAndNoStackTrace() throws IOException {
    GoldenState state = GoldenSets.named("manifest_log");
    Path copy = CommandRun.copy(state, temp);
    Damage.flip(copy.resolve("manifest_0"), 4096 + 30);
    CommandRun run = CommandRun.golden("verify", copy, state);
    assertThat(run.lines())
        .singleElement()
        .asString()
        .startsWith("manifest_0: ")
        .contains("at offset 4096");
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(run.err()).isEmpty();
  }

  @Test
  void filesThatNothingNeedsAreFound() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_10k");
    Path copy = CommandRun.copy(state, temp);
    Files.write(copy.resolve("data_7_0"), new byte[PAGE_BYTES]);
    Files.write(copy.resolve("data_0_3"), new byte[PAGE_BYTES]);
    Files.write(copy.resolve("manifest_0.tmp"), new byte[PAGE_BYTES]);
    Files.write(copy.resolve("core"), new byte[1]);
    assertThat(CommandRun.golden("verify", copy, state).lines())
        .containsExactly(
            "stray: core is no file of a partition",
            "leftover: manifest_0.tmp was never finished",
            "orphan: data_0_3 of 4096 bytes has no live page",
            "orphan: data_7_0 of 4096 bytes has no live page");
  }

  @Test
  void filesThatOnlyAnArchiveNeedsAreNoOrphans() throws IOException {
    GoldenState state = GoldenSets.named("archive");
    Path copy = CommandRun.copy(state, temp);
    for (GoldenState archived : GoldenSets.uncompressed()) {
      if (archived.set().equals("archive") && !archived.manifest().equals("manifest_0")) {
        Files.delete(copy.resolve(archived.manifest()));
      }
    }
    assertThat(CommandRun.golden("verify", copy, state).lines())
        .isNotEmpty()
        .allMatch(line -> line.startsWith("orphan: "));
  }

  @Test
  void aDamagedArchiveIsFound() throws IOException {
    GoldenState state = GoldenSets.named("archive");
    Path copy = CommandRun.copy(state, temp);
    Damage.flip(copy.resolve("manifest_0_1795393395322602"), 40);
    assertThat(CommandRun.golden("verify", copy, state).lines())
        .singleElement()
        .asString()
        .startsWith("manifest_0_1795393395322602: ");
  }

  @Test
  void aWrongLinkUnderARightChecksumIsFound() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_10k");
    Path copy = CommandRun.copy(state, temp);
    Path file = copy.resolve("data_0_0");
    int leaf = 0;
    for (long filePage : state.read().manifest().mapping().values()) {
      ByteBuffer page = Damage.page(file, (int) filePage, PAGE_BYTES);
      if (page.get(Damage.PAGE_TYPE_AT) == Damage.LEAF && page.getInt(Damage.LEAF_NEXT_AT) != -1) {
        leaf = (int) filePage;
      }
    }
    assertThat(leaf).isPositive();
    Damage.edit(file, leaf, PAGE_BYTES, page -> page.putInt(Damage.LEAF_NEXT_AT, 1));
    CommandRun run = CommandRun.golden("verify", copy, state);
    assertThat(run.lines()).singleElement().asString().contains("links to 1, expected");
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
  }

  @Test
  void aCompressedValueThatIsNoneIsFound() throws IOException {
    GoldenState state = GoldenSets.named("compressed");
    Path copy = CommandRun.copy(state, temp);
    assertThat(CommandRun.golden("verify", copy, state).out()).startsWith("clean: ");
    // The magic of the frames on the first leaf that holds any.
    byte[] magic = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};
    int changed = 0;
    for (long filePage : state.read().manifest().mapping().values()) {
      ByteBuffer page = Damage.page(copy.resolve("data_0_0"), (int) filePage, PAGE_BYTES);
      for (int i = 0; changed == 0 && i < PAGE_BYTES - magic.length; i++) {
        if (page.get(Damage.PAGE_TYPE_AT) == Damage.LEAF
            && page.getInt(i) == ByteBuffer.wrap(magic).order(page.order()).getInt()) {
          int at = i;
          Damage.edit(
              copy.resolve("data_0_0"), (int) filePage, PAGE_BYTES, p -> p.put(at, (byte) 0));
          changed++;
        }
      }
    }
    assertThat(changed).isOne();
    CommandRun run = CommandRun.golden("verify", copy, state);
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(run.lines())
        .singleElement()
        .asString()
        .startsWith("manifest_0: entry ")
        .contains("compressed value");
    CommandRun dump = CommandRun.golden("dump", copy, state);
    assertThat(dump.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(dump.err()).contains("compressed value").contains("z.0").hasLineCount(1);
  }

  @Test
  void aTtlTreeThatKnowsAnotherTimeIsFound() throws IOException {
    GoldenState state = GoldenSets.named("ttl");
    Path copy = CommandRun.copy(state, temp);
    Path file = copy.resolve("data_0_0");
    // A TTL key begins with its time, so the first key of the first TTL leaf is near 2^40 ms.
    int ttlRoot = state.read().manifest().ttlRoot();
    ByteBuffer root =
        Damage.page(file, state.read().manifest().mapping().get(ttlRoot).intValue(), PAGE_BYTES);
    assertThat(root.get(Damage.PAGE_TYPE_AT)).isEqualTo((byte) 1);
    int changed = 0;
    for (long filePage : state.read().manifest().mapping().values()) {
      ByteBuffer page = Damage.page(file, (int) filePage, PAGE_BYTES);
      boolean isFirstTtlLeaf =
          page.get(Damage.PAGE_TYPE_AT) == Damage.LEAF
              && page.getInt(11) == -1
              && page.get(22) == 0
              && page.get(23) == 0;
      if (isFirstTtlLeaf) {
        // The last bit of the time of the first entry: its key is stored whole, after the header
        // and three lengths.
        Damage.edit(file, (int) filePage, PAGE_BYTES, p -> p.put(29, (byte) (p.get(29) ^ 1)));
        changed++;
      }
    }
    assertThat(changed).isOne();
    CommandRun run = CommandRun.golden("verify", copy, state);
    assertFinding(run, "TTL tree: ");
  }

  @Test
  void aWrongShiftIsToldNotThrown() {
    GoldenState state = GoldenSets.named("nonappend_updates");
    CommandRun run = CommandRun.of("verify", state.directory());
    assertThat(run.exitCode()).isIn(EloqStoreCli.DAMAGED, EloqStoreCli.REFUSED);
    assertThat(run.err() + run.out()).doesNotContain("at io.eloqstore");
  }

  @Test
  void aDirectoryThatIsNoPartitionIsExitCodeTwo() {
    for (Path path : List.of(temp, temp.resolve("absent.0"))) {
      CommandRun run = CommandRun.of("verify", path);
      assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).startsWith("eloqstore: ").hasLineCount(1);
    }
  }

  @Test
  void aLostManifestIsFound() throws IOException {
    GoldenState state = GoldenSets.named("one_key");
    Path copy = CommandRun.copy(state, temp);
    Files.delete(copy.resolve("manifest_0"));
    CommandRun run = CommandRun.golden("verify", copy, state);
    assertThat(run.lines()).hasSize(2);
    assertFinding(run, "manifest: there is none");
    assertFinding(run, "orphan: data_0_0");
  }

  @Test
  void ourOwnPartitionWithLongKeysAndExpiryIsCleanUntilDamaged() throws IOException {
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      String number = String.format("%04x", i);
      input.append(number).append("\t").append("ee".repeat(i % 9)).append("\t7\t");
      input.append(i % 3 == 0 ? 4_200_000_000_000L + i : 0).append("\n");
      input.append("aa".repeat(3000)).append(number).append("\t");
      input.append("bb".repeat(i)).append("\t8\t0\n");
    }
    Path directory = temp.resolve("t.0");
    assertThat(CommandRun.withInput(input.toString(), "load", directory).exitCode()).isZero();
    CommandRun clean = CommandRun.of("verify", directory);
    assertThat(clean.out()).startsWith("clean: ");
    assertThat(clean.exitCode()).isZero();
    long filePage =
        ReferenceStore.read(directory, PAGE_BYTES, 13)
            .manifest()
            .mapping()
            .values()
            .iterator()
            .next();
    Damage.flip(directory.resolve("data_0_0"), (int) filePage * PAGE_BYTES + 100);
    assertThat(CommandRun.of("verify", directory).exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
  }

  @Test
  void changeSegmentsAreWalked() throws IOException {
    Path directory = temp.resolve("t.0");
    String input = "61\t01\t1\t0\n62\t" + "02".repeat(9000) + "\t1\t0\n";
    CommandRun.withInput(input, "load", directory, "--segments", "always");
    CommandRun clean = CommandRun.of("verify", directory);
    assertThat(clean.lines()).singleElement().asString().startsWith("clean: ");
    assertThat(clean.exitCode()).isZero();
    String listed = CommandRun.of("manifest", directory).out();
    Path file =
        directory.resolve("data_" + listed.replaceAll("(?s).*segment in file (\\d+):.*", "$1_0"));
    Damage.flip(file, 99);
    assertFinding(CommandRun.of("verify", directory), "page checksum");
    assertThat(CommandRun.of("dump", directory).exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    Damage.flip(file, 99);
    Damage.cut(file, PAGE_BYTES);
    assertFinding(CommandRun.of("verify", directory), "short: " + file.getFileName());
    Files.delete(file);
    assertFinding(CommandRun.of("verify", directory), "missing: " + file.getFileName());
  }
}
