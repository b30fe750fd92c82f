/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestFixture.Model;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was committed is read again: random histories, rolls, failures at each operation. */
class ManifestWriterTest {

  private static Model random(Random random, Map<Integer, Long> before) {
    Map<Integer, Long> pages = new TreeMap<>(before);
    Map<Long, Integer> taken = new HashMap<>();
    pages.forEach((id, filePage) -> taken.put(filePage, id));
    for (int i = random.nextInt(60); i > 0; i--) {
      int id = random.nextInt(3000);
      Long old = pages.remove(id);
      taken.remove(old);
      long filePage = random.nextInt(5000);
      if (random.nextInt(3) > 0 && taken.putIfAbsent(filePage, id) == null) {
        pages.put(id, filePage);
      }
    }
    int root = pages.isEmpty() ? -1 : pages.keySet().iterator().next();
    ManifestExtension extension = null;
    if (random.nextInt(4) > 0) {
      TreeMap<String, byte[]> metadata = new TreeMap<>();
      for (int i = random.nextInt(3); i > 0; i--) {
        byte[] value = new byte[random.nextInt(3000)];
        random.nextBytes(value);
        metadata.put("key" + i, value);
      }
      extension =
          new ManifestExtension(
              ManifestFixture.OPTIONS,
              new EntryCounts(random.nextInt(99), 1, 2, random.nextBoolean()),
              random.nextLong(),
              metadata,
              new int[] {random.nextInt()},
              0,
              0,
              List.of());
    }
    return new Model(root, random.nextBoolean() ? root : -1, pages, extension);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void everyCommitOfARandomHistoryIsReadAgain(long seed) {
    Random random = new Random(seed);
    try (ManifestFixture fixture = new ManifestFixture()) {
      ManifestTarget target = fixture.target(random.nextInt(100_000));
      ManifestWriter writer = ManifestWriter.create(target);
      Model model = new Model(-1, -1, Map.of(), null);
      for (int i = 0; i < 60; i++) {
        model = random(random, model.pages());
        ManifestExtent extent = fixture.commit(writer, model);
        byte[] bytes = fixture.files.get(ManifestFixture.PATH);
        assertThat(fixture.model(bytes)).as("commit %d, seed %d", i, seed).isEqualTo(model);
        ManifestState state = fixture.readHeld(bytes);
        assertThat(withIncarnation(state.extent(), extent.incarnation()))
            .as("commit %d, seed %d", i, seed)
            .isEqualTo(extent);
        if (random.nextInt(5) == 0) {
          writer.close();
          writer = ManifestWriter.resume(target, state);
        }
        state.mapping().release();
      }
      writer.close();
    }
  }

  /** Records without an extension do not say it. */
  private static ManifestExtent withIncarnation(ManifestExtent extent, long incarnation) {
    return new ManifestExtent(
        extent.length(),
        extent.records(),
        extent.checksum(),
        extent.snapshotBytes(),
        incarnation,
        extent.tornBytes(),
        extent.marked(),
        extent.rollFirst());
  }

  private static Model model(long version) {
    return new Model(0, -1, Map.of(0, version), ManifestExtension.of(ManifestFixture.OPTIONS));
  }

  @Test
  void manifestRollsWhenTheLogWouldPassItsLimitAndNotBefore() {
    try (ManifestFixture fixture = new ManifestFixture();
        ManifestWriter writer = ManifestWriter.create(fixture.target(2 * 4096))) {
      assertThat(fixture.commit(writer, model(0)).incarnation()).isEqualTo(1);
      assertThat(fixture.commit(writer, model(1)).records()).isEqualTo(2);
      assertThat(fixture.commit(writer, model(2)).logBytes()).isEqualTo(2 * 4096);
      ManifestExtent rolled = fixture.commit(writer, model(3));
      assertThat(rolled.records()).isEqualTo(1);
      assertThat(rolled.incarnation()).isEqualTo(2);
      assertThat(rolled.length()).isEqualTo(4096);
      assertThat(fixture.files.get(ManifestFixture.PATH)).hasSize(4096);
      assertThat(fixture.read(fixture.files.get(ManifestFixture.PATH)).extension().incarnation())
          .isEqualTo(2);
    }
  }

  @Test
  void manifestDoesNotRollBeforeItsLogIsLargerThanItsSnapshotRecord() {
    try (ManifestFixture fixture = new ManifestFixture();
        ManifestWriter writer = ManifestWriter.create(fixture.target(4096))) {
      Map<Integer, Long> pages = new TreeMap<>();
      for (int id = 0; id < 4000; id++) {
        pages.put(id, (long) id);
      }
      ManifestExtent first = fixture.commit(writer, new Model(0, -1, pages, null));
      assertThat(first.snapshotBytes()).isEqualTo(3 * 4096);
      for (int i = 0; i < 3; i++) {
        pages.put(0, 10_000L + i);
        assertThat(fixture.commit(writer, new Model(0, -1, pages, null)).records())
            .isEqualTo(i + 2);
      }
      pages.put(0, 20_000L);
      assertThat(fixture.commit(writer, new Model(0, -1, pages, null)).records()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 1000})
  void recordsOfMoreThanAMegabyteGoThroughSmallBlocksHeadLast(int ioSlots) {
    try (ManifestFixture fixture = new ManifestFixture();
        ManifestWriter writer = ManifestWriter.create(fixture.target(1 << 30))) {
      fixture.budget.setLimit(MemoryUse.IO, (long) ioSlots * MemoryBudget.SLOT_BYTES);
      Map<Integer, Long> pages = new TreeMap<>();
      for (int id = 0; id < 300_000; id++) {
        pages.put(id, 200_000L + id);
      }
      byte[] value = new byte[10_000];
      new Random(ioSlots).nextBytes(value);
      ManifestExtension extension =
          new ManifestExtension(
              ManifestFixture.OPTIONS,
              EntryCounts.NONE,
              1,
              new TreeMap<>(Map.of("value", value)),
              new int[0],
              0,
              0,
              List.of());
      Model first = new Model(7, -1, pages, extension);
      ManifestExtent extent = fixture.commit(writer, first);
      assertThat(extent.length()).isGreaterThan(1 << 20);
      assertThat(lastWrite(fixture)).isEqualTo("write 4096");
      assertThat(fixture.model(fixture.files.get(ManifestFixture.PATH))).isEqualTo(first);
      pages.replaceAll((id, filePage) -> 999_999L - id);
      Model second = new Model(8, -1, pages, null);
      assertThat(fixture.commit(writer, second).records()).isEqualTo(2);
      assertThat(lastWrite(fixture)).isEqualTo("write 4096");
      assertThat(fixture.model(fixture.files.get(ManifestFixture.PATH))).isEqualTo(second);
    }
  }

  private static String lastWrite(ManifestFixture fixture) {
    List<String> writes =
        fixture.files.operations.stream().filter(each -> each.startsWith("write")).toList();
    return writes.get(writes.size() - 1);
  }

  @Test
  void failureOfAnyOperationPoisonsAndLeavesTheOldContentOrTheNew() {
    for (int failAfter = 0; failAfter < 17; failAfter++) {
      for (int torn : new int[] {0, 512, 4096}) {
        try (ManifestFixture fixture = new ManifestFixture()) {
          fixture.files.failAfter = failAfter;
          fixture.files.failedWriteBytes = torn;
          // Rolled at commit 0 and 3; 5, 2 and 2 operations for the first three.
          assertPoisonedByCommit(
              fixture,
              failAfter < 5
                  ? 0
                  : failAfter < 7
                      ? 1
                      : failAfter < 9 ? 2 : failAfter < 14 ? 3 : failAfter < 16 ? 4 : 5);
        }
      }
    }
  }

  private static void assertPoisonedByCommit(ManifestFixture fixture, int failing) {
    try (ManifestWriter writer = ManifestWriter.create(fixture.target(2 * 4096))) {
      for (int i = 0; i < failing; i++) {
        fixture.commit(writer, model(i));
      }
      assertThatThrownBy(() -> fixture.commit(writer, model(failing)))
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.IO_FAILED));
      assertThatThrownBy(() -> fixture.commit(writer, model(99)))
          .hasCauseInstanceOf(StoreException.class)
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.POISONED));
    }
    fixture.files.failAfter = -1;
    if (!fixture.files.exists(ManifestFixture.PATH)) {
      assertThat(failing).isZero();
      return;
    }
    ManifestState state = fixture.readHeld(fixture.files.get(ManifestFixture.PATH));
    assertThat(state.mapping().filePage(0)).isBetween(failing - 1L, (long) failing);
    try (ManifestWriter again = ManifestWriter.resume(fixture.target(2 * 4096), state)) {
      fixture.commit(again, model(500));
    }
    state.mapping().release();
    assertThat(fixture.model(fixture.files.get(ManifestFixture.PATH))).isEqualTo(model(500));
  }

  @Test
  void lackOfMemoryIsAnErrorButDoesNotPoison() {
    try (ManifestFixture fixture = new ManifestFixture();
        ManifestWriter writer = ManifestWriter.create(fixture.target(2 * 4096))) {
      fixture.commit(writer, model(0));
      fixture.budget.setLimit(MemoryUse.IO, 0);
      assertThatThrownBy(() -> fixture.commit(writer, model(1)))
          .isInstanceOfSatisfying(
              StoreException.class,
              e -> assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_MEMORY));
      fixture.budget.setLimit(MemoryUse.IO, 1 << 20);
      fixture.commit(writer, model(2));
      assertThat(fixture.model(fixture.files.get(ManifestFixture.PATH))).isEqualTo(model(2));
    }
  }

  @Test
  void tornTailIsOverwrittenByTheNextRecord() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = fixture.manifest(model(0), model(1), model(2));
      byte[] torn = Arrays.copyOf(bytes, 8192 + 512);
      Arrays.fill(torn, 8192 + 30, torn.length, (byte) 0x55);
      ManifestState state = fixture.readHeld(torn);
      assertThat(state.extent().tornBytes()).isEqualTo(512);
      assertThat(state.extent().length()).isEqualTo(8192);
      try (ManifestWriter writer = ManifestWriter.resume(fixture.target(1 << 20), state)) {
        ManifestExtent extent = fixture.commit(writer, model(7));
        assertThat(extent.length()).isEqualTo(3 * 4096);
        assertThat(extent.records()).isEqualTo(3);
        assertThat(extent.tornBytes()).isZero();
      }
      state.mapping().release();
      assertThat(fixture.model(fixture.files.get(ManifestFixture.PATH))).isEqualTo(model(7));
    }
  }

  @Test
  void logNamesTheTermsOfNewFilesAndSnapshotThoseOfLiveFiles() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] old = fixture.manifest(new Model(0, -1, Map.of(0, 0L, 1, 16L), null));
      ManifestState state = fixture.readHeld(old);
      ManifestTarget later =
          new ManifestTarget(
              fixture.files, fixture.budget, ManifestFixture.PATH, 5, false, 1 << 20);
      try (ManifestWriter writer = ManifestWriter.resume(later, state)) {
        assertThat(writer.termOf(0)).isZero();
        assertThat(writer.termOf(2)).isEqualTo(5);
        fixture.commit(writer, new Model(0, -1, Map.of(0, 32L, 1, 16L), null));
        ManifestState appended = fixture.read(fixture.files.get(ManifestFixture.PATH));
        assertThat(appended.terms()).isEqualTo(Map.of(0L, 0L, 1L, 0L, 2L, 5L));
        assertThat(appended.manifestTerm()).isEqualTo(5);
        MappingSnapshot mapping = fixture.mapping(Map.of(0, 32L, 1, 16L));
        writer.roll(
            ManifestFixture.content(new Model(0, -1, Map.of(0, 32L, 1, 16L), null), mapping));
        mapping.release();
        ManifestState rolled = fixture.read(fixture.files.get(ManifestFixture.PATH));
        assertThat(rolled.terms()).isEqualTo(Map.of(1L, 0L, 2L, 5L));
      }
      state.mapping().release();
    }
  }

  /** Values of 32 bits would lose the page id from 2^29 on, and the file page from 2^32 on. */
  @Test
  void pageIdsAbove2To29AndFilePagesOf40BitsAreReadAgain() {
    int limit = 1 << 29;
    Map<Integer, Long> pages =
        Map.of(
            0,
            0L,
            limit - 1,
            (1L << 32) - 1,
            limit,
            1L << 32,
            limit + 1,
            (1L << 32) + 1,
            limit + 2,
            MappingSnapshot.FILE_PAGE_MAX);
    try (ManifestFixture fixture = new ManifestFixture()) {
      // The second record is a log record: a snapshot record would name all pages between.
      byte[] written =
          fixture.manifest(
              new Model(0, -1, Map.of(0, 0L), null), new Model(limit, limit + 2, pages, null));
      assertThat(written.length).isEqualTo(2 * 4096);
      ManifestState state = fixture.readHeld(written);
      assertThat(state.rootPage()).isEqualTo(limit);
      assertThat(state.ttlRootPage()).isEqualTo(limit + 2);
      assertThat(state.maxFilePage()).isEqualTo(MappingSnapshot.FILE_PAGE_MAX + 1);
      assertThat(state.mapping().mappedCount()).isEqualTo(pages.size());
      pages.forEach((id, page) -> assertThat(state.mapping().filePage(id)).isEqualTo(page));
      state.mapping().release();
    }
  }

  @Test
  void dictionaryThatChangesMakesTheManifestRoll() {
    try (ManifestFixture fixture = new ManifestFixture();
        ManifestWriter writer = ManifestWriter.create(fixture.target(1 << 20))) {
      fixture.commit(writer, model(0));
      MappingSnapshot mapping = fixture.mapping(Map.of(0, 1L));
      ManifestExtent extent =
          writer.commit(new ManifestContent(0, -1, 2, new byte[] {1, 2}, mapping, null));
      mapping.release();
      assertThat(extent.records()).isEqualTo(1);
      assertThat(fixture.read(fixture.files.get(ManifestFixture.PATH)).dictionary())
          .containsExactly(1, 2);
    }
  }

  @Test
  void operationsComeInTheOrderThatSurvivesAPowerCut() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      Path temporary = ManifestFixture.PATH.resolveSibling("manifest_0.tmp");
      fixture.files.put(temporary, new byte[100_000]);
      fixture.manifest(model(0), model(1));
      assertThat(fixture.files.operations)
          .containsExactly(
              "delete",
              "create",
              "write 4096",
              "force",
              "rename",
              "force directory",
              "write 4096",
              "force");
      assertThat(fixture.files.exists(temporary)).isFalse();
      assertThat(fixture.files.get(ManifestFixture.PATH)).hasSize(8192);
    }
  }

  @Test
  void archiveIsAManifestOfOneRecordAndLeavesTheManifestAlone() {
    try (ManifestFixture fixture = new ManifestFixture();
        ManifestWriter writer = ManifestWriter.create(fixture.target(1 << 20))) {
      fixture.commit(writer, model(0));
      fixture.commit(writer, model(1));
      byte[] before = fixture.files.get(ManifestFixture.PATH).clone();
      Path path = ManifestFixture.PATH.resolveSibling("manifest_0_77");
      MappingSnapshot mapping = fixture.mapping(Map.of(0, 1L));
      ManifestExtent archived = writer.archive(path, ManifestFixture.content(model(1), mapping));
      mapping.release();
      assertThat(archived.records()).isEqualTo(1);
      assertThat(fixture.files.get(ManifestFixture.PATH)).isEqualTo(before);
      try (var file = fixture.files.open(path, OpenMode.READ)) {
        ManifestState state = fixture.reader.read(file);
        assertThat(state.mapping().filePage(0)).isEqualTo(1);
        state.mapping().release();
      }
      assertThat(fixture.commit(writer, model(2)).records()).isEqualTo(3);
    }
  }

  @Test
  void closedWriterRefuses() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      ManifestWriter writer = ManifestWriter.create(fixture.target(0));
      writer.close();
      writer.close();
      assertThatThrownBy(() -> fixture.commit(writer, model(0)))
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.CLOSED));
    }
  }
}
