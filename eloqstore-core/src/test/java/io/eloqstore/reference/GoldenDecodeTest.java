/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets.GoldenState;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The reference reader gives exactly what the C++ engine says it wrote. */
class GoldenDecodeTest {
  private static final long YEAR_2100_MS = 4_102_444_800_000L;

  static List<GoldenState> all() {
    return GoldenSets.all();
  }

  @ParameterizedTest
  @MethodSource("all")
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
  void compressedSetsHoldValuesOfEachKind() throws IOException {
    ReferenceStore store = GoldenSets.named("compressed").read();
    assertThat(store.manifest().dictionary()).hasSize(16384);
    assertThat(kinds(store)).containsOnlyKeys(0, 1, ReferenceEntry.FLAG_DICTIONARY);
    assertThat(kinds(GoldenSets.named("compressed_standalone").read()))
        .containsExactlyInAnyOrderEntriesOf(Map.of(0, 1, ReferenceEntry.FLAG_STANDALONE, 1));
  }

  /** Number of entries with each combination of flags, expiry not looked at. */
  private static Map<Integer, Integer> kinds(ReferenceStore store) {
    Map<Integer, Integer> kinds = new HashMap<>();
    for (ReferenceEntry entry : store.entries()) {
      kinds.merge(entry.flags() & ~ReferenceEntry.FLAG_EXPIRES, 1, Integer::sum);
    }
    return kinds;
  }
}
