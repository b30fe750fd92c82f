/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.eloqstore.reference.GoldenSets.GoldenState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damages copies of golden partitions, one way each, and expects the verifier to tell. */
class ReferenceVerifierTest {
  private static final int LEAF_PREVIOUS = 11;
  private static final int LEAF_NEXT = 15;

  @TempDir Path temp;

  @Test
  void packageUsesNothingOfTheEngine() {
    TreeSet<String> used = new TreeSet<>();
    for (JavaClass type : new ClassFileImporter().importPackages("io.eloqstore.reference")) {
      type.getDirectDependenciesFromSelf()
          .forEach(
              dependency ->
                  used.add(dependency.getTargetClass().getBaseComponentType().getPackageName()));
    }
    assertThat(used).contains("io.eloqstore.reference");
    assertThat(used)
        .noneMatch(name -> name.startsWith("io.eloqstore") && !name.endsWith(".reference"));
  }

  @Test
  void oneFlippedBitInAnyMappedPageIsFound() throws IOException {
    GoldenState state = GoldenSets.named("ttl");
    Path copy = copy(state);
    Map<Integer, Long> mapping = manifest(copy, state).mapping();
    assertThat(mapping).isNotEmpty();
    for (Map.Entry<Integer, Long> pair : mapping.entrySet()) {
      // The last byte is padding: the checksum covers it too.
      for (int offset : new int[] {0, 8, 2000, state.pageBytes() - 1}) {
        flip(copy, state, pair.getValue(), offset);
        assertThat(verify(copy, state))
            .as("page %d, byte %d", pair.getKey(), offset)
            .anyMatch(finding -> finding.contains("page " + pair.getKey() + " at file page"));
        flip(copy, state, pair.getValue(), offset);
      }
    }
    assertThat(verify(copy, state)).isEmpty();
  }

  @Test
  void wrongSiblingLinksAreFound() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_10k");
    Path copy = copy(state);
    List<Integer> leaves = leaves(copy, state);
    int middle = leaves.get(leaves.size() / 2);
    int last = leaves.get(leaves.size() - 1);
    putInt(copy, state, middle, LEAF_NEXT, -1);
    assertThat(verify(copy, state))
        .singleElement()
        .asString()
        .contains("leaf " + middle + ": next is -1");
    putInt(copy, state, last, LEAF_PREVIOUS, last);
    assertThat(verify(copy, state)).hasSize(2).anyMatch(f -> f.contains("previous is " + last));
  }

  @Test
  void swappedChildrenBreakTheirBounds() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_10k");
    Path copy = copy(state);
    List<Integer> leaves = leaves(copy, state);
    swapMapping(copy, state, leaves.get(3), leaves.get(7));
    assertThat(verify(copy, state))
        .anyMatch(f -> f.contains("page " + leaves.get(3) + ": key") && f.contains("separator"))
        .anyMatch(f -> f.contains("page " + leaves.get(7) + ": key") && f.contains("separator"));
  }

  @Test
  void keysOutOfOrderInALeafAreFound() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_10k");
    Path copy = copy(state);
    int leaf = leaves(copy, state).get(1);
    // The first key byte of the first entry: after the page header and three short varints.
    edit(copy, state, leaf, page -> page.put(22, (byte) 0xFE));
    assertThat(verify(copy, state)).anyMatch(f -> f.contains("keys do not ascend"));
  }

  @Test
  void compressedValuesThatCannotBeReadAreFound() throws IOException {
    GoldenState state = GoldenSets.named("compressed");
    Path copy = copy(state);
    for (int leaf : leaves(copy, state)) {
      edit(
          copy,
          state,
          leaf,
          page -> {
            for (int i = LEAF_NEXT; i < page.capacity() - 4; i++) {
              // The magic of a frame.
              if (page.getInt(i) == 0xFD2FB528) {
                page.put(i, (byte) 0);
              }
            }
          });
    }
    assertThat(verify(copy, state))
        .isNotEmpty()
        .allMatch(finding -> finding.contains("compressed value"));
  }

  @Test
  void twoPagesOnOneFilePageAreFound() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_10k");
    Path copy = copy(state);
    List<Integer> leaves = leaves(copy, state);
    editSnapshotMapping(
        copy, state, filePages -> filePages.set(leaves.get(2), filePages.get(leaves.get(5))));
    assertThat(verify(copy, state)).anyMatch(f -> f.contains("share file page"));
  }

  @Test
  void unreachablePagesAreFoundUnlessSweptLater() throws IOException {
    GoldenState state = GoldenSets.named("ttl");
    Path copy = copy(state);
    ReferenceManifest before = manifest(copy, state);
    int lastRecord = (int) before.records().get(before.records().size() - 1).offset();
    editManifest(copy, state, lastRecord, record -> record.putInt(lastRecord + 12, -1));
    List<String> findings = verify(copy, state);
    assertThat(findings).anyMatch(f -> f.contains("mapped but not reachable"));
    assertThat(findings).anyMatch(f -> f.startsWith("ttl tree: no entry for"));

    editManifest(copy, state, lastRecord, record -> record.putInt(lastRecord + 8, -1));
    assertThat(verify(copy, state)).singleElement().asString().contains("not reachable");
    Set<Integer> all = before.mapping().keySet();
    assertThat(ReferenceVerifier.verify(copy, state.pageBytes(), state.pagesPerFileShift(), all))
        .isEmpty();
    ReferenceStore empty = ReferenceStore.read(copy, state.pageBytes(), state.pagesPerFileShift());
    assertThat(empty.entries()).isEmpty();
    assertThat(empty.unreachablePages()).containsExactlyElementsOf(all);
  }

  @Test
  void brokenOverflowChainsAreFound() throws IOException {
    GoldenState state = GoldenSets.named("overflow_append");
    Path copy = copy(state);
    int overflowPages = 0;
    for (int page : manifest(copy, state).mapping().keySet()) {
      byte[] before = page(copy, state, page);
      if (before[8] != 3) {
        continue;
      }
      overflowPages++;
      int pointers = before[before.length - 1];
      // An end page that forgets the next group, or another page that points on to page 0.
      byte other = (byte) (pointers == 0 ? 1 : 0);
      edit(copy, state, page, bytes -> bytes.put(before.length - 1, other));
      assertThat(verify(copy, state)).as("page %d with %d ids", page, other).isNotEmpty();
      edit(copy, state, page, bytes -> bytes.put(before.length - 1, (byte) pointers));
      edit(copy, state, page, bytes -> bytes.put(8, (byte) 2));
      assertThat(verify(copy, state)).as("page %d as data page", page).isNotEmpty();
      edit(copy, state, page, bytes -> bytes.put(8, (byte) 3));
    }
    assertThat(overflowPages).isGreaterThan(10);
    assertThat(verify(copy, state)).isEmpty();
  }

  @Test
  void missingDataFileIsFound() throws IOException {
    GoldenState state = GoldenSets.named("nonappend_updates");
    Path copy = copy(state);
    Files.delete(copy.resolve("data_1_0"));
    assertThat(verify(copy, state)).isNotEmpty().anyMatch(f -> f.contains("is not there"));
    assertThatThrownBy(
            () -> ReferenceStore.read(copy, state.pageBytes(), state.pagesPerFileShift()))
        .isInstanceOf(DecodeException.class);
  }

  @Test
  void tornLastRecordShowsTheCommitBefore() throws IOException {
    GoldenState state = GoldenSets.named("manifest_log");
    Path copy = copy(state);
    Path file = copy.resolve(state.manifest());
    List<ReferenceManifest.Record> records = manifest(copy, state).records();
    assertThat(records).hasSizeGreaterThan(1);
    ReferenceManifest.Record last = records.get(records.size() - 1);
    byte[] whole = Files.readAllBytes(file);
    for (int kept : new int[] {1, 19, 20, last.lengthBytes() - 1}) {
      Files.write(file, Arrays.copyOf(whole, (int) last.offset() + kept));
      ReferenceManifest torn = manifest(copy, state);
      assertThat(torn.tornTailOffset()).as("kept %d", kept).isEqualTo(last.offset());
      assertThat(torn.records()).hasSize(records.size() - 1);
    }
    Files.write(file, Arrays.copyOf(whole, (int) last.offset() + last.lengthBytes()));
    assertThat(manifest(copy, state).records()).hasSameSizeAs(records);
  }

  @Test
  void badRecordBeforeAGoodOneIsCorruption() throws IOException {
    GoldenState state = GoldenSets.named("manifest_log");
    Path copy = copy(state);
    Path file = copy.resolve(state.manifest());
    List<ReferenceManifest.Record> records = manifest(copy, state).records();
    byte[] whole = Files.readAllBytes(file);
    int inner = (int) records.get(records.size() - 2).offset();
    assertThat(records).hasSizeGreaterThan(1);
    byte[] damaged = whole.clone();
    damaged[inner + 9] ^= 1;
    Files.write(file, damaged);
    String expected = inner == 0 ? "the snapshot record is bad" : "before a good one";
    assertThat(verify(copy, state)).singleElement().asString().contains(expected);
    damaged = whole.clone();
    damaged[3] ^= 1;
    Files.write(file, damaged);
    assertThat(verify(copy, state)).singleElement().asString().contains("snapshot record is bad");
  }

  @Test
  void bytesAfterTheTermSectionAreHandedOut() throws IOException {
    GoldenState state = GoldenSets.named("one_key");
    Path copy = copy(state);
    byte[] extension = {'e', 'x', 't', 0, -1};
    Path file = copy.resolve(state.manifest());
    byte[] whole = Files.readAllBytes(file);
    ReferenceManifest.Record first = manifest(copy, state).records().get(0);
    assertThat(first.extension()).isEmpty();
    System.arraycopy(extension, 0, whole, first.lengthBytes(), extension.length);
    ByteBuffer.wrap(whole)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(16, first.lengthBytes() - 20 + extension.length);
    Files.write(file, whole);
    editManifest(copy, state, 0, record -> {});
    assertThat(manifest(copy, state).records().get(0).extension()).isEqualTo(extension);
    assertThat(verify(copy, state)).isEmpty();
  }

  private interface Edit {
    void apply(ByteBuffer bytes);
  }

  private interface MappingEdit {
    void apply(List<Long> filePages);
  }

  private Path copy(GoldenState state) throws IOException {
    Path copy = Files.createDirectory(temp.resolve(state.partition()));
    try (Stream<Path> files = Files.list(state.directory())) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName().toString()));
      }
    }
    assertThat(verify(copy, state)).isEmpty();
    return copy;
  }

  private static List<String> verify(Path directory, GoldenState state) throws IOException {
    return ReferenceVerifier.verify(directory, state.pageBytes(), state.pagesPerFileShift());
  }

  private static ReferenceManifest manifest(Path directory, GoldenState state) throws IOException {
    return ReferenceManifest.read(directory.resolve(state.manifest()));
  }

  /** Leaves of the main tree in the order of their links. */
  private static List<Integer> leaves(Path directory, GoldenState state) throws IOException {
    ReferenceManifest manifest = manifest(directory, state);
    try (PageSource pages =
        new PageSource(directory, state.pageBytes(), state.pagesPerFileShift(), manifest)) {
      DecodedIndex index = DecodedIndex.decode(pages.use(manifest.root()));
      assertThat(index.overLeaves()).isTrue();
      return new ArrayList<>(index.children());
    }
  }

  private static byte[] page(Path directory, GoldenState state, int page) throws IOException {
    ReferenceManifest manifest = manifest(directory, state);
    try (PageSource pages =
        new PageSource(directory, state.pageBytes(), state.pagesPerFileShift(), manifest)) {
      return pages.use(page);
    }
  }

  private static void flip(Path directory, GoldenState state, long filePage, int offset)
      throws IOException {
    Path file = dataFile(directory, state, filePage);
    byte[] bytes = Files.readAllBytes(file);
    bytes[pageOffset(state, filePage) + offset] ^= 4;
    Files.write(file, bytes);
  }

  private static void putInt(Path directory, GoldenState state, int page, int offset, int value)
      throws IOException {
    edit(directory, state, page, bytes -> bytes.putInt(offset, value));
  }

  /** Changes a page and gives it a right checksum, so that only its meaning is wrong. */
  private static void edit(Path directory, GoldenState state, int page, Edit edit)
      throws IOException {
    long filePage = manifest(directory, state).mapping().get(page);
    Path file = dataFile(directory, state, filePage);
    byte[] bytes = Files.readAllBytes(file);
    int start = pageOffset(state, filePage);
    ByteBuffer content =
        ByteBuffer.wrap(bytes, start, state.pageBytes()).slice().order(ByteOrder.LITTLE_ENDIAN);
    edit.apply(content);
    content.putLong(0, Xxh3.hash(bytes, start + 8, state.pageBytes() - 8));
    Files.write(file, bytes);
  }

  /** Changes a manifest and gives the record at this offset a right checksum. */
  private static void editManifest(Path directory, GoldenState state, int offset, Edit edit)
      throws IOException {
    Path file = directory.resolve(state.manifest());
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    edit.apply(buffer);
    int covered = 12 + buffer.getInt(offset + 16);
    buffer.putLong(offset, ReferenceManifest.checksum(bytes, offset + 8, covered));
    Files.write(file, bytes);
  }

  private static void swapMapping(Path directory, GoldenState state, int one, int other)
      throws IOException {
    editSnapshotMapping(
        directory,
        state,
        filePages -> {
          long kept = filePages.get(one);
          filePages.set(one, filePages.get(other));
          filePages.set(other, kept);
        });
  }

  /** Rewrites the mapping of a manifest that is one snapshot of mapped pages without dictionary. */
  private static void editSnapshotMapping(Path directory, GoldenState state, MappingEdit edit)
      throws IOException {
    ReferenceManifest before = manifest(directory, state);
    assertThat(before.records()).hasSize(1);
    List<Long> filePages = new ArrayList<>();
    for (int page = 0; before.mapping().containsKey(page); page++) {
      filePages.add(before.mapping().get(page));
    }
    assertThat(filePages).hasSameSizeAs(before.mapping().keySet());
    edit.apply(filePages);
    ByteBuffer payload = ByteBuffer.allocate(4076).order(ByteOrder.LITTLE_ENDIAN);
    putVarint(payload, before.filePageEnd());
    putVarint(payload, 0);
    int lengthAt = payload.position();
    payload.putInt(0);
    filePages.forEach(filePage -> putVarint(payload, filePage << 3 | 1));
    payload.putInt(lengthAt, payload.position() - lengthAt - 4);
    ByteBuffer terms = ByteBuffer.allocate(256);
    before
        .terms()
        .forEach(
            (fileId, term) -> {
              putVarint(terms, fileId);
              putVarint(terms, term);
            });
    payload.putInt(terms.position()).put(terms.flip()).flip();
    editManifest(
        directory,
        state,
        0,
        record -> record.putInt(16, payload.remaining()).position(20).put(payload));
    assertThat(manifest(directory, state).records()).hasSize(1);
  }

  private static void putVarint(ByteBuffer target, long value) {
    long rest = value;
    while (rest >>> 7 != 0) {
      target.put((byte) (rest & 0x7F | 0x80));
      rest >>>= 7;
    }
    target.put((byte) rest);
  }

  private static Path dataFile(Path directory, GoldenState state, long filePage) {
    return directory.resolve("data_" + (filePage >>> state.pagesPerFileShift()) + "_0");
  }

  private static int pageOffset(GoldenState state, long filePage) {
    return (int) (filePage & (1L << state.pagesPerFileShift()) - 1) * state.pageBytes();
  }
}
