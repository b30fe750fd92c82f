/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.openhft.hashing.LongHashFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the C++ engine wrote: the worked records of the format document and all golden sets. */
class ManifestGoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  private static final String SNAPSHOT =
      "74cbbc2884b849f1|01000000|ffffffff|19000000|02|00|02000000|0109|0d000000"
          + "|0000|feffffffffffffffff0100";
  private static final String LOG =
      "722c7fdba147ee74|01000000|ffffffff|17000000|02000000|0011|0d000000"
          + "|0000|feffffffffffffffff0100";

  private static byte[] workedExample() {
    byte[] log = ManifestFixture.bytes(LOG);
    byte[] file = Arrays.copyOf(ManifestFixture.bytes(SNAPSHOT), 4096 + log.length);
    System.arraycopy(log, 0, file, 4096, log.length);
    return file;
  }

  @Test
  void workedRecordsAreReadAlsoWithoutFinalPadding() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      ManifestState state = fixture.readHeld(workedExample());
      assertThat(state.rootPage()).isEqualTo(1);
      assertThat(state.ttlRootPage()).isEqualTo(ManifestFormat.NO_PAGE);
      assertThat(state.maxFilePage()).isEqualTo(3);
      assertThat(state.dictionary()).isEmpty();
      assertThat(ManifestFixture.pages(state.mapping())).isEqualTo(Map.of(0, 2L, 1, 1L));
      assertThat(state.terms()).isEqualTo(Map.of(0L, 0L));
      assertThat(state.extension()).isNull();
      assertThat(state.extent().length()).isEqualTo(8192);
      assertThat(state.extent().records()).isEqualTo(2);
      assertThat(state.extent().snapshotBytes()).isEqualTo(4096);
      assertThat(state.extent().tornBytes()).isZero();
      state.mapping().release();
    }
  }

  @Test
  void workedSnapshotRecordIsWrittenByteForByte() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] written =
          fixture.manifest(
              new ManifestFixture.Model(1, ManifestFormat.NO_PAGE, Map.of(0, 0L, 1, 1L), null));
      assertThat(ManifestFixture.hex(written, 0, 45)).isEqualTo(SNAPSHOT.replace("|", ""));
      assertThat(written).hasSize(4096);
    }
  }

  @Test
  void workedLogRecordIsWrittenWithTheTermsThatAreNewOnly() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] written =
          fixture.manifest(
              new ManifestFixture.Model(1, ManifestFormat.NO_PAGE, Map.of(0, 0L, 1, 1L), null),
              new ManifestFixture.Model(1, ManifestFormat.NO_PAGE, Map.of(0, 2L, 1, 1L), null));
      assertThat(ManifestFixture.hex(written, 4096 + 8, 4096 + 41))
          .isEqualTo(
              "01000000ffffffff15000000"
                  + "02000000"
                  + "0011"
                  + "0b000000"
                  + "feffffffffffffffff0100");
      assertThat(fixture.model(written).pages()).isEqualTo(Map.of(0, 2L, 1, 1L));
    }
  }

  /** A manifest of a golden set. */
  record Golden(Path manifest, int pageBytes, int shift) {
    @Override
    public String toString() {
      return GOLDEN.relativize(manifest).toString();
    }
  }

  static List<Golden> goldenManifests() throws IOException {
    try (Stream<Path> paths = Files.walk(GOLDEN)) {
      return paths
          .filter(path -> path.getFileName().toString().startsWith("manifest_"))
          .filter(Files::isRegularFile)
          .sorted()
          .map(ManifestGoldenTest::golden)
          .toList();
    }
  }

  private static Golden golden(Path manifest) {
    Path set = GOLDEN.resolve(GOLDEN.relativize(manifest).getName(0));
    try {
      String readme = Files.readString(set.resolve("README.txt"));
      return new Golden(
          manifest, option(readme, "data_page_size"), option(readme, "pages_per_file_shift"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static int option(String readme, String name) {
    Matcher matcher = Pattern.compile(name + "=(\\d+)").matcher(readme);
    assertThat(matcher.find()).as(name).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  @Test
  void allSetsAreThere() throws IOException {
    List<Golden> all = goldenManifests();
    assertThat(all).hasSize(17);
    assertThat(all.stream().map(each -> GOLDEN.relativize(each.manifest).getName(0)).distinct())
        .hasSize(14);
  }

  @ParameterizedTest
  @MethodSource("goldenManifests")
  void everyMappedPageOfAGoldenManifestIsAValidPage(Golden golden) throws IOException {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = Files.readAllBytes(golden.manifest);
      fixture.files.put(ManifestFixture.PATH, bytes);
      ManifestState state;
      try (var file = fixture.open(bytes)) {
        state = new ManifestReader(fixture.budget, golden.shift).read(file);
      }
      assertThat(state.extent().length()).isEqualTo(recordsEnd(state));
      assertThat(state.extension()).isNull();
      checkPages(golden, state);
      checkFreePages(state);
      checkRewritten(fixture, golden, state);
      state.mapping().release();
      StringWriter listing = new StringWriter();
      try (var file = fixture.open(bytes)) {
        new ManifestDump(new PrintWriter(listing), true).print(file, fixture.budget);
      }
      assertThat(listing.toString())
          .contains("record " + (state.extent().records() - 1) + " at ")
          .doesNotContain("record " + state.extent().records() + " at ")
          .doesNotContain("cannot be read");
    }
  }

  private static long recordsEnd(ManifestState state) {
    assertThat(state.extent().length() % 4096).isZero();
    return state.extent().snapshotBytes() + state.extent().logBytes();
  }

  private static void checkPages(Golden golden, ManifestState state) throws IOException {
    MappingSnapshot mapping = state.mapping();
    Map<Long, Integer> live = new TreeMap<>();
    Map<Long, byte[]> files = new TreeMap<>();
    for (int id = 0; id < mapping.pageCount(); id++) {
      long filePage = mapping.filePage(id);
      if (filePage < 0) {
        continue;
      }
      assertThat(filePage).isLessThan(state.maxFilePage());
      long fileId = filePage >>> golden.shift;
      live.merge(fileId, 1, Integer::sum);
      if (!files.containsKey(fileId)) {
        String name = "data_" + fileId + "_" + state.terms().get(fileId);
        files.put(fileId, Files.readAllBytes(golden.manifest.resolveSibling(name)));
      }
      int at = (int) (filePage & (1L << golden.shift) - 1) * golden.pageBytes;
      byte[] file = files.get(fileId);
      assertThat(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(at))
          .as("checksum of page %d", id)
          .isEqualTo(LongHashFunction.xx3().hashBytes(file, at + 8, golden.pageBytes - 8));
    }
    assertThat(mapping.mappedCount())
        .isEqualTo(live.values().stream().mapToInt(Integer::intValue).sum());
    live.forEach((id, pages) -> assertThat(mapping.livePages(id)).isEqualTo(pages));
    assertThat(mapping.fileCount()).isEqualTo(live.size());
    boolean empty = golden.manifest.toString().contains("emptied");
    assertThat(mapping.mappedCount() == 0).isEqualTo(empty);
    assertThat(state.rootPage() == ManifestFormat.NO_PAGE).isEqualTo(empty);
  }

  private static void checkFreePages(ManifestState state) {
    var ids = io.eloqstore.mapping.PageIds.of(state.mapping());
    assertThat(ids.freeCount())
        .isEqualTo(state.mapping().pageCount() - state.mapping().mappedCount());
  }

  /** Our snapshot record of the same content says the same, dictionary included. */
  private static void checkRewritten(ManifestFixture fixture, Golden golden, ManifestState state) {
    try (ManifestWriter writer = ManifestWriter.resume(fixture.target(0), state)) {
      writer.roll(
          new ManifestContent(
              state.rootPage(),
              state.ttlRootPage(),
              state.maxFilePage(),
              state.dictionary(),
              state.mapping(),
              null));
    }
    ManifestState again;
    try (var file = fixture.open(fixture.files.get(ManifestFixture.PATH))) {
      again = new ManifestReader(fixture.budget, golden.shift).read(file);
    }
    assertThat(ManifestFixture.pages(again.mapping()))
        .isEqualTo(ManifestFixture.pages(state.mapping()));
    assertThat(again.dictionary()).isEqualTo(state.dictionary());
    assertThat(again.maxFilePage()).isEqualTo(state.maxFilePage());
    assertThat(again.rootPage()).isEqualTo(state.rootPage());
    assertThat(again.ttlRootPage()).isEqualTo(state.ttlRootPage());
    again.mapping().release();
  }

  @Test
  void dictionaryOfTheCompressedSetIsTheWholeBuffer() throws IOException {
    try (ManifestFixture fixture = new ManifestFixture()) {
      ManifestState state;
      byte[] bytes = Files.readAllBytes(GOLDEN.resolve("compressed/data/z.0/manifest_0"));
      try (var file = fixture.open(bytes)) {
        state = new ManifestReader(fixture.budget, 8).read(file);
      }
      state.mapping().release();
      assertThat(state.dictionary()).hasSize(16_384);
      assertThat(ByteBuffer.wrap(state.dictionary()).order(ByteOrder.LITTLE_ENDIAN).getInt())
          .as("magic of a zstd dictionary")
          .isEqualTo(0xEC30A437);
    }
  }

  @Test
  void mappingThatTheBudgetDoesNotHoldIsRefused() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      fixture.budget.setLimit(io.eloqstore.memory.MemoryUse.MAPPING, 0);
      assertThatThrownBy(() -> fixture.read(workedExample()))
          .isInstanceOfSatisfying(
              StoreException.class,
              e -> assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_MEMORY));
      fixture.budget.setLimit(io.eloqstore.memory.MemoryUse.MAPPING, MemoryBudget.BUDGET_BYTES_MIN);
    }
  }

  @Test
  void emptyFileIsCorrupt() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      assertThatThrownBy(() -> fixture.read(new byte[0]))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("snapshot record");
    }
  }
}
