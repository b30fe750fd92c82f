/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.GoldenSets.GoldenState;
import io.eloqstore.reference.ReferenceStore;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shows pages of golden sets, broken ones, and those of change segments. */
class PageCommandTest {
  private static final int PAGE_BYTES = 4096;

  @TempDir Path temp;

  @Test
  void theLeavesOfAStoreShowItsEntries() throws IOException {
    for (String name : List.of("ttl", "overflow", "compressed")) {
      GoldenState state = GoldenSets.named(name);
      ReferenceStore store = state.read();
      long entries = 0;
      for (Map.Entry<Integer, Long> pair : store.manifest().mapping().entrySet()) {
        CommandRun run =
            CommandRun.golden("page", state.directory(), state, "--page", pair.getKey());
        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.lines().get(0))
            .startsWith("page " + pair.getKey() + ": file page " + pair.getValue() + ", data_");
        assertThat(run.lines()).contains("structure ok");
        assertThat(run.lines()).anyMatch(line -> line.startsWith("checksum ok: stored "));
        if (run.lines().contains("type 2: leaf")) {
          entries += run.lines().stream().filter(line -> line.startsWith("entry at ")).count();
        }
        CommandRun byPlace =
            CommandRun.golden("page", state.directory(), state, "--file-page", pair.getValue());
        assertThat(byPlace).isEqualTo(run);
      }
      assertThat(entries).isEqualTo(store.entries().size() + (long) store.ttlEntries().size());
    }
  }

  @Test
  void entriesAreShownWithAllTheyHave() throws IOException {
    Path directory = temp.resolve("t.0");
    String input =
        "61\t\t1\t0\n6161\t0102\t7\t4200000000000\n62\t"
            + "cc".repeat(40)
            + "\t3\t0\n"
            + "63\t"
            + "dd".repeat(9000)
            + "\t4\t0\n";
    assertThat(CommandRun.withInput(input, "load", directory).exitCode()).isZero();
    ReferenceStore store = ReferenceStore.read(directory, PAGE_BYTES, 13);
    int ttlRoot = store.manifest().ttlRoot();
    assertThat(CommandRun.of("page", directory, "--page", ttlRoot).lines())
        .contains("type 1: index page above leaves")
        .anyMatch(line -> line.matches("child \\d+ leftmost"));
    CommandRun root = CommandRun.of("page", directory, "--page", store.manifest().root());
    String leaf =
        root.lines().stream()
            .filter(line -> line.endsWith(" leftmost"))
            .map(line -> line.split(" ")[1])
            .findFirst()
            .orElseThrow();
    CommandRun run = CommandRun.of("page", directory, "--page", leaf);
    assertThat(run.lines())
        .contains("type 2: leaf", "previous leaf none, next leaf none", "restart points [19]")
        .contains("entry at 19, restart: key 61, value of 0 bytes, timestamp 1")
        .anyMatch(
            line ->
                line.endsWith(
                    ": key 6161, value of 2 bytes 0102, timestamp 7, expires 4200000000000"))
        .anyMatch(line -> line.contains("key 62, value of 40 bytes " + "cc".repeat(32) + "..., "))
        .anyMatch(line -> line.matches(".*: key 63, value in pages \\d+ \\d+ \\d+, timestamp 4"));
    String overflow = run.out().replaceAll("(?s).*value in pages (\\d+) .*", "$1");
    assertThat(CommandRun.of("page", directory, "--page", overflow).lines())
        .contains("type 3: overflow page")
        .anyMatch(line -> line.startsWith("part of a value: "));
  }

  @Test
  void aFlippedBitIsShownByBothChecksums() throws IOException {
    GoldenState state = GoldenSets.named("one_key");
    Path copy = CommandRun.copy(state, temp);
    long filePage = state.read().manifest().mapping().values().iterator().next();
    Damage.flip(copy.resolve("data_0_0"), (int) filePage * PAGE_BYTES + PAGE_BYTES - 1);
    CommandRun run = CommandRun.golden("page", copy, state, "--file-page", filePage);
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(run.lines())
        .contains("structure ok")
        .anyMatch(
            line -> line.matches("checksum wrong: stored [0-9a-f]{16}, computed [0-9a-f]{16}"));
  }

  @Test
  void aBrokenPageIsShownUpToWhatCannotBeRead() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_10k");
    Path copy = CommandRun.copy(state, temp);
    Path file = copy.resolve("data_0_0");
    int leaf = -1;
    for (long filePage : state.read().manifest().mapping().values()) {
      if (Damage.page(file, (int) filePage, PAGE_BYTES).get(Damage.PAGE_TYPE_AT) == Damage.LEAF) {
        leaf = (int) filePage;
      }
    }
    // A key that is longer than the page, somewhere behind the first entries.
    CommandRun sound = CommandRun.golden("page", copy, state, "--file-page", leaf);
    List<String> entries =
        sound.lines().stream().filter(line -> line.startsWith("entry at ")).toList();
    int broken = Integer.parseInt(entries.get(5).split("[ ,:]+")[2]);
    Damage.edit(file, leaf, PAGE_BYTES, page -> page.put(broken + 1, (byte) 0xff));
    CommandRun run = CommandRun.golden("page", copy, state, "--file-page", leaf);
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(run.lines())
        .anyMatch(line -> line.startsWith("checksum ok: "))
        .anyMatch(line -> line.startsWith("structure wrong: "))
        .containsAll(entries.subList(0, 5))
        .last()
        .asString()
        .startsWith("entry at " + broken + " cannot be read: ");
  }

  @Test
  void aPageIsShownWhenTheManifestIsDamaged() throws IOException {
    GoldenState state = GoldenSets.named("one_key");
    Path copy = CommandRun.copy(state, temp);
    String before = CommandRun.golden("page", copy, state, "--file-page", 0).out();
    Damage.flip(copy.resolve("manifest_0"), 30);
    CommandRun run = CommandRun.golden("page", copy, state, "--file-page", 0);
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).contains("manifest_0").hasLineCount(1);
    assertThat(run.lines().get(0)).startsWith("the manifest cannot be read: file page 0, data_0_0");
    assertThat(run.lines().subList(1, run.lines().size()))
        .isEqualTo(before.lines().skip(1).toList());
    assertThat(CommandRun.golden("page", copy, state, "--page", 0).exitCode())
        .isEqualTo(EloqStoreCli.DAMAGED);
  }

  @Test
  void pagesOfChangeSegmentsAreShown() {
    Path directory = temp.resolve("t.0");
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults().withBudgetBytes(16 << 20));
        EloqStore store =
            EloqStore.open(
                shard,
                temp,
                StoreOptions.defaults()
                    .withSegments(new SegmentOptions(SegmentOptions.When.ALWAYS, 100)))) {
      OwnedPartition partition = store.openPartition(new PartitionId("t", 0));
      byte[] value = new byte[5000];
      partition.put(new byte[] {1}, 0, 1, value, 0, 3);
      partition.put(new byte[] {2}, 0, 1, value, 0, value.length);
      partition.put(new byte[] {3}, 0, 1, value, 0, 1, 9, 4_200_000_000_000L);
      partition.delete(new byte[] {4}, 0, 1);
      partition.appendToList(new byte[] {5}, 0, 1, value, 0, 2);
      partition.clearList(new byte[] {6}, 0, 1);
      partition.commit(Map.of());
    }
    String stats = CommandRun.of("stats", directory).out();
    long file = Long.parseLong(stats.replaceAll("(?s).*\nsegment in file (\\d+): .*", "$1"));
    CommandRun leaf = CommandRun.of("page", directory, "--file-page", file << 13);
    assertThat(leaf.exitCode()).isZero();
    assertThat(leaf.lines().get(0))
        .startsWith("page 0 of the change segment in file " + file + ": file page ");
    assertThat(leaf.lines())
        .contains("type 6: leaf of a change segment", "structure ok")
        .contains(
            "entry at 11, restart: key 01, keeps the timestamp, value of 3 bytes 000000,"
                + " timestamp 0")
        .anyMatch(line -> line.matches(".*: key 02, large, .*value in pages \\d+ \\d+, .*"))
        .anyMatch(
            line ->
                line.endsWith(": key 03, value of 1 bytes 00, timestamp 9, expires 4200000000000"))
        .anyMatch(line -> line.contains(": key 04, delete, "))
        .anyMatch(line -> line.contains(": key 05") && line.contains("list "));
    CommandRun root = CommandRun.of("page", directory, "--file-page", (file << 13) + 1);
    assertThat(root.lines())
        .contains("type 5: index page above leaves, of a change segment", "child 0 leftmost");
  }

  @Test
  void whatIsNoPageIsExitCodeTwo() {
    GoldenState state = GoldenSets.named("one_key");
    assertRefused(state, "expected a mapped page, found none of id 99", "--page", 99);
    assertRefused(state, "found none of id -1", "--page", -1);
    assertRefused(state, "--file-page must be 0 to ", "--file-page", -1);
    assertRefused(state, "found no such file", "--file-page", 1L << 39);
    assertRefused(state, "Usage: eloqstore");
    assertRefused(state, "mutually exclusive", "--page", 0, "--file-page", 0);
    CommandRun behind =
        CommandRun.golden(
            "page", state.directory(), state, "--file-page", (1 << state.pagesPerFileShift()) - 1);
    assertThat(behind.exitCode()).isEqualTo(EloqStoreCli.DAMAGED);
    assertThat(behind.err()).contains("data_0_0", "bytes of a page: expected 4096, found ");
  }

  private static void assertRefused(GoldenState state, String text, Object... flags) {
    CommandRun run = CommandRun.golden("page", state.directory(), state, flags);
    assertThat(run.exitCode()).isEqualTo(EloqStoreCli.REFUSED);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains(text);
  }
}
