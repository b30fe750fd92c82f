/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets.GoldenState;
import java.io.IOException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The reference reader gives exactly what the C++ engine says it wrote. */
class GoldenDecodeTest {
  private static final long YEAR_2100_MS = 4_102_444_800_000L;

  static List<GoldenState> uncompressed() {
    return GoldenSets.uncompressed();
  }

  static List<GoldenState> all() {
    return GoldenSets.all();
  }

  @ParameterizedTest
  @MethodSource("uncompressed")
  void linesEqualTheExpectedOnes(GoldenState state) throws IOException {
    List<String> expected = state.expectedLines();
    List<String> actual = state.read().dumpLines();
    assertThat(expected).hasSize(state.lines());
    assertThat(actual).hasSameSizeAs(expected);
    int compared = 0;
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i)).as("line %d", i).isEqualTo(expected.get(i));
      compared++;
    }
    assertThat(compared).isEqualTo(state.lines());
  }

  @ParameterizedTest
  @MethodSource("all")
  void verifierIsContent(GoldenState state) throws IOException {
    assertThat(
            ReferenceVerifier.verify(
                state.directory(),
                state.pageBytes(),
                state.pagesPerFileShift(),
                state.manifest(),
                Set.of()))
        .isEmpty();
  }

  @Test
  void expiredEntriesAreStillThere() throws IOException {
    ReferenceStore store = GoldenSets.named("ttl").read();
    List<ReferenceEntry> expired =
        store.entries().stream()
            .filter(entry -> entry.expireTs() != 0 && entry.expireTs() < YEAR_2100_MS)
            .toList();
    assertThat(expired).hasSize(100).allMatch(entry -> entry.key()[0] == 'x');
    long withExpiry = store.entries().stream().filter(entry -> entry.expireTs() != 0).count();
    assertThat((long) store.ttlEntries().size()).isEqualTo(withExpiry).isGreaterThan(100);
  }

  @Test
  void compressedSetDiffersInCompressedValuesOnly() throws IOException {
    GoldenState state = GoldenSets.named("compressed");
    List<String> expected = state.expectedLines();
    ReferenceStore store = state.read();
    assertThat(store.manifest().dictionary()).hasSize(16384);
    assertThat(store.entries()).hasSize(state.lines()).hasSameSizeAs(expected);
    Map<String, Integer> kinds = new HashMap<>();
    for (int i = 0; i < expected.size(); i++) {
      ReferenceEntry entry = store.entries().get(i);
      String[] fields = expected.get(i).split("\t", -1);
      String[] actual = entry.line().split("\t", -1);
      assertThat(actual[0]).isEqualTo(fields[0]);
      assertThat(actual[2]).isEqualTo(fields[2]);
      assertThat(actual[3]).isEqualTo(fields[3]);
      if (entry.compressed()) {
        assertCompressed(entry, fields[1].length() / 2);
      } else {
        assertThat(actual[1]).isEqualTo(fields[1]);
      }
      kinds.merge(entry.compressed() ? "compressed" : "raw", 1, Integer::sum);
    }
    assertThat(kinds).containsOnlyKeys("compressed", "raw");
  }

  @Test
  void standaloneCompressedValueKeepsItsLength() throws IOException {
    GoldenState state = GoldenSets.named("compressed_standalone");
    List<String> expected = state.expectedLines();
    List<ReferenceEntry> entries = state.read().entries();
    assertThat(entries).hasSize(2).hasSameSizeAs(expected);
    for (int i = 0; i < 2; i++) {
      String[] fields = expected.get(i).split("\t", -1);
      ReferenceEntry entry = entries.get(i);
      assertThat(HexFormat.of().formatHex(entry.key())).isEqualTo(fields[0]);
      assertThat(entry.timestamp()).isEqualTo(Long.parseLong(fields[3]));
      assertThat(entry.expireTs()).isEqualTo(Long.parseLong(fields[4]));
      int repeats = Integer.parseInt(fields[2]);
      int plainBytes = fields[1].length() / 2 * repeats;
      if (entry.compressed()) {
        assertThat(entry.flags() & ReferenceEntry.FLAG_STANDALONE).isNotZero();
        assertCompressed(entry, plainBytes);
      } else {
        assertThat(HexFormat.of().formatHex(entry.value())).isEqualTo(fields[1].repeat(repeats));
      }
    }
    assertThat(entries.stream().filter(ReferenceEntry::compressed)).hasSize(1);
  }

  /** A compressed value is its plain length as a varint, then a zstd frame with its magic. */
  private static void assertCompressed(ReferenceEntry entry, int plainBytes) {
    byte[] value = entry.value();
    ByteCursor cursor = new ByteCursor(value, 0, value.length);
    assertThat(cursor.varint32()).isEqualTo(plainBytes);
    assertThat(cursor.u32()).isEqualTo(0xFD2FB528);
    assertThat(value.length).isLessThan(plainBytes);
  }
}
