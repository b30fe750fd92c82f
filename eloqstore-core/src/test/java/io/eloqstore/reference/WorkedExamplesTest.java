/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The worked examples of the format document, byte for byte. */
class WorkedExamplesTest {
  private static final int PAGE_BYTES = 4096;

  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({
    "7f, 127",
    "8001, 128",
    "ac02, 300",
    "d0df908fff66, 3538816348112",
    "8000, 0",
    "feffffffffffffffff01, -2",
    "ffffffffffffffffff01, -1"
  })
  void varint64(String hex, long value) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    ByteCursor cursor = new ByteCursor(bytes, 0, bytes.length);
    assertThat(cursor.varint64()).isEqualTo(value);
    assertThat(cursor.remaining()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "80", "ffffffffffffffffffff01", "ffffffffffffffffff02"})
  void varint64ThatDoesNotEndInTime(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    assertThatThrownBy(() -> new ByteCursor(bytes, 0, bytes.length).varint64())
        .isInstanceOf(DecodeException.class);
  }

  @ParameterizedTest
  @CsvSource({"ffffffff0f, 4294967295", "8001, 128"})
  void varint32(String hex, long value) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    assertThat(new ByteCursor(bytes, 0, bytes.length).varint32()).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ffffffff1f", "808080808001"})
  void varint32OverItsRange(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    assertThatThrownBy(() -> new ByteCursor(bytes, 0, bytes.length).varint32())
        .isInstanceOf(DecodeException.class);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "2, 1", "3, -1", "5, -2", "-2, 9223372036854775807"})
  void signedDelta(long code, long delta) {
    assertThat(ByteCursor.delta(code)).isEqualTo(delta);
  }

  @Test
  void dataPage() {
    byte[] page =
        page(
            "416d58c588f178ef 02 5100 ffffffff ffffffff"
                + "000630 757365723a32 426f62 d0df908fff66"
                + "050170 33 436861726c6965 02"
                + "050150 34 4461766964 10"
                + "050130 35 457665 00"
                + "050150 36 4672616e6b 00"
                + "1300 0100");
    assertThat(Xxh3.hash(page, 8, PAGE_BYTES - 8)).isEqualTo(0xef78f188c5586d41L);
    DecodedLeaf leaf = DecodedLeaf.decode(page);
    assertThat(leaf.previous()).isEqualTo(-1);
    assertThat(leaf.next()).isEqualTo(-1);
    long first = 1769408174056L;
    assertThat(leaf.entries().stream().map(WorkedExamplesTest::text))
        .containsExactly(
            "user:2=Bob@" + first,
            "user:3=Charlie@" + (first + 1),
            "user:4=David@" + (first + 9),
            "user:5=Eve@" + (first + 9),
            "user:6=Frank@" + (first + 9));
  }

  @Test
  void indexPageWithOneChild() {
    byte[] page = page("70998aaade35d98a 01 1100 00000000 0000");
    assertThat(Xxh3.hash(page, 8, PAGE_BYTES - 8)).isEqualTo(0x8ad935deaa8a9970L);
    DecodedIndex index = DecodedIndex.decode(page);
    assertThat(index.overLeaves()).isTrue();
    assertThat(index.children()).containsExactly(0);
    assertThat(index.separators()).isEmpty();
  }

  @Test
  void indexPage() {
    byte[] page =
        page(
            "9caa098681b19310 01 5300 01000000"
                + "000c 706167655f6b65795f303337 04"
                + "0903 313439 02 0903 323631 02 0903 333733 02 0903 343835 02"
                + "030a 696e617465645f313133 02 0a03 323431 02 0a03 333639 02"
                + "0f00 0100");
    assertThat(Xxh3.hash(page, 8, PAGE_BYTES - 8)).isEqualTo(0x1093b1818609aa9cL);
    DecodedIndex index = DecodedIndex.decode(page);
    assertThat(index.children()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9);
    List<String> separators =
        index.separators().stream()
            .map(key -> new String(key, StandardCharsets.US_ASCII))
            .collect(Collectors.toList());
    assertThat(separators)
        .containsExactly(
            "page_key_037",
            "page_key_149",
            "page_key_261",
            "page_key_373",
            "page_key_485",
            "paginated_113",
            "paginated_241",
            "paginated_369");
  }

  @Test
  void manifestOfSnapshotAndLog() throws IOException {
    byte[] file = new byte[4096 + 43];
    byte[] snapshot =
        bytes(
            "74cbbc2884b849f1 01000000 ffffffff 19000000"
                + "02 00 02000000 0109 0d000000 0000 feffffffffffffffff0100");
    byte[] log =
        bytes(
            "722c7fdba147ee74 01000000 ffffffff 17000000"
                + "02000000 0011 0d000000 0000 feffffffffffffffff0100");
    assertThat(snapshot).hasSize(45);
    assertThat(log).hasSize(43);
    System.arraycopy(snapshot, 0, file, 0, snapshot.length);
    System.arraycopy(log, 0, file, 4096, log.length);
    Path path = temp.resolve("manifest_0");
    Files.write(path, file);
    ReferenceManifest manifest = ReferenceManifest.read(path);
    assertThat(manifest.records()).hasSize(2).allMatch(record -> record.extension().length == 0);
    assertThat(manifest.root()).isEqualTo(1);
    assertThat(manifest.ttlRoot()).isEqualTo(-1);
    assertThat(manifest.filePageEnd()).isEqualTo(3);
    assertThat(manifest.mapping()).containsExactlyInAnyOrderEntriesOf(Map.of(0, 2L, 1, 1L));
    assertThat(manifest.terms())
        .containsExactlyInAnyOrderEntriesOf(Map.of(0L, 0L, ReferenceManifest.MANIFEST_FILE_ID, 0L));
  }

  private static String text(ReferenceEntry entry) {
    return new String(entry.key(), StandardCharsets.US_ASCII)
        + '='
        + new String(entry.value(), StandardCharsets.US_ASCII)
        + '@'
        + entry.timestamp();
  }

  private static byte[] page(String hex) {
    return Arrays.copyOf(bytes(hex), PAGE_BYTES);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }
}
