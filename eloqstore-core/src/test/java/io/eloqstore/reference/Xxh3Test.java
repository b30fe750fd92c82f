/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.reference.GoldenSets.GoldenState;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import net.openhft.hashing.LongHashFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our XXH3 against published vectors, another implementation, and checksums of the C++ engine. */
class Xxh3Test {
  /** The vectors of the xxHash sanity test, seed 0, over its generated buffer. */
  @ParameterizedTest
  @CsvSource({
    "0, 2D06800538D394C2",
    "1, C44BDFF4074EECDB",
    "6, 27B56A84CD2D7325",
    "12, A713DAF0DFBB77E7",
    "24, A3FE70BF9D3510EB",
    "48, 397DA259ECBA1F11",
    "80, BCDEFBBB2C47C90A",
    "195, CD94217EE362EC3A",
    "403, CDEB804D65C6DEA4",
    "512, 617E49599013CB6B",
    "2048, DD59E2C3A5F038E0",
    "2240, 6E73A90539CF2948",
    "2367, CB37AEB9E5D361ED"
  })
  void publishedVectors(int length, String expected) {
    byte[] input = new byte[length];
    long generator = 2654435761L;
    for (int i = 0; i < length; i++) {
      input[i] = (byte) (generator >>> 56);
      generator *= 0x9E3779B185EBCA8DL;
    }
    assertThat(Xxh3.hash(input, 0, length)).isEqualTo(Long.parseUnsignedLong(expected, 16));
  }

  @Test
  void everyLengthAgreesWithAnotherImplementation() {
    byte[] input = new byte[3 + 5000];
    new Random(20260801).nextBytes(input);
    LongHashFunction other = LongHashFunction.xx3();
    for (int length = 0; length <= 5000; length += length < 2100 ? 1 : 61) {
      assertThat(Xxh3.hash(input, 3, length))
          .as("length %d", length)
          .isEqualTo(other.hashBytes(input, 3, length));
    }
  }

  @Test
  void allGoldenPagesAndManifestRecordsCarryOurChecksum() throws IOException {
    int pages = 0;
    Set<Integer> recordLengths = new HashSet<>();
    for (GoldenState state : GoldenSets.all()) {
      ReferenceManifest manifest =
          ReferenceManifest.read(state.directory().resolve(state.manifest()));
      assertThat(manifest.tornTailOffset()).isIn(-1L, lastRecordEnd(state, manifest));
      manifest.records().forEach(record -> recordLengths.add(record.lengthBytes() - 8));
      try (PageSource source =
          new PageSource(
              state.directory(), state.pageBytes(), state.pagesPerFileShift(), manifest)) {
        for (int page : manifest.mapping().keySet()) {
          assertThat(source.use(page)).hasSize(state.pageBytes());
          pages++;
        }
      }
    }
    assertThat(pages).isGreaterThan(500);
    // Records are of more than one length class of the hash, unlike pages.
    assertThat(recordLengths).anyMatch(n -> n > 16 && n <= 128);
    assertThat(recordLengths).anyMatch(n -> n > 240);
  }

  /** Where a tail of the file that is no record would begin. */
  private static long lastRecordEnd(GoldenState state, ReferenceManifest manifest)
      throws IOException {
    ReferenceManifest.Record last = manifest.records().get(manifest.records().size() - 1);
    long end = last.offset() + last.lengthBytes();
    long aligned = (end + 4095) / 4096 * 4096;
    assertThat(Files.size(state.directory().resolve(state.manifest()))).isGreaterThanOrEqualTo(end);
    return aligned;
  }
}
