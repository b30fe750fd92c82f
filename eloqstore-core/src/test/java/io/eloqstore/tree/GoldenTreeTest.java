/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.page.LeafPage;
import io.eloqstore.reference.ReferenceEntry;
import io.eloqstore.reference.ReferenceStore;
import io.eloqstore.tree.TreeWorld.Change;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trees the C++ engine wrote are read, found sound, changed and emptied. */
class GoldenTreeTest {

  private static Path directory(String set, String partition) throws URISyntaxException {
    return Path.of(GoldenTreeTest.class.getResource("/golden/" + set).toURI())
        .resolve("data")
        .resolve(partition);
  }

  private static Map<Integer, byte[]> pages(
      ReferenceStore store, Path directory, int pageBytes, int shift) throws IOException {
    Map<Long, byte[]> files = new HashMap<>();
    Map<Integer, byte[]> pages = new HashMap<>();
    for (Map.Entry<Integer, Long> entry : store.manifest().mapping().entrySet()) {
      long fileId = entry.getValue() >>> shift;
      if (!files.containsKey(fileId)) {
        files.put(fileId, Files.readAllBytes(directory.resolve("data_" + fileId + "_0")));
      }
      int offset = (int) (entry.getValue() & (1L << shift) - 1) * pageBytes;
      pages.put(entry.getKey(), Arrays.copyOfRange(files.get(fileId), offset, offset + pageBytes));
    }
    return pages;
  }

  @ParameterizedTest
  @CsvSource({
    "append_batches, ap.0, 4096, 5",
    "manifest_log, ml.0, 4096, 6",
    "nonappend_10k, t1.0, 4096, 8",
    "nonappend_updates, t1.3, 4096, 5",
    "one_key, e.0, 4096, 8",
    "overflow, big.0, 4096, 7",
    "overflow_append, big.1, 4096, 6",
    "page16k, p16.0, 16384, 4",
    "prefix_binary, pb.0, 4096, 8",
    "compressed, z.0, 4096, 8",
    "ttl, ttl.0, 4096, 8"
  })
  void treeOfTheCppEngine(String set, String partition, int pageBytes, int shift)
      throws IOException, URISyntaxException {
    Path directory = directory(set, partition);
    ReferenceStore store = ReferenceStore.read(directory, pageBytes, shift);
    assertThat(store.entries()).isNotEmpty();
    try (TreeWorld world = new TreeWorld(pageBytes)) {
      world.adopt(store.manifest().root(), pages(store, directory, pageBytes, shift));
      int ttlRoot = store.manifest().ttlRoot();
      verify(world, ttlRoot, store.entries().size() + store.ttlEntries().size());
      scan(world, store.entries());
      pointReads(world, store.entries());
      // The TTL tree goes first, so that nothing may be left at the end.
      int root = world.root;
      world.root = ttlRoot;
      world.merge(deletes(store.ttlEntries()));
      assertThat(world.root).isEqualTo(TreeMerger.EMPTY);
      world.root = root;
      List<ReferenceEntry> entries = store.entries();
      int half = entries.size() / 2;
      for (ReferenceEntry entry : entries) {
        if (entry.expireTs() != 0) {
          world.expiries.put(Arrays.toString(entry.key()), entry.expireTs());
        }
      }
      world.merge(deletes(entries.subList(0, half)));
      verify(world, TreeMerger.EMPTY, entries.size() - half);
      scan(world, entries.subList(half, entries.size()));
      world.cut(KeyRange.ALL);
      while (!world.sweep(true, 10)) {
        world.checkNothingIsLeaked();
      }
      world.checkEmpty();
      assertThat(world.expiries).isEmpty();
    }
  }

  private static NavigableMap<byte[], Change> deletes(List<ReferenceEntry> entries) {
    NavigableMap<byte[], Change> deletes = new TreeMap<>(Arrays::compareUnsigned);
    entries.forEach(entry -> deletes.put(entry.key(), Change.delete()));
    return deletes;
  }

  private static void verify(TreeWorld world, int ttlRoot, int entries) {
    TreeVerifier verifier =
        new TreeVerifier(world, world.mapping::filePage, world.mapping.pageCount());
    verifier.tree(world.root);
    verifier.tree(ttlRoot);
    assertThat(verifier.finish()).isEmpty();
    assertThat(verifier.entries()).isEqualTo(entries);
  }

  private static void scan(TreeWorld world, List<ReferenceEntry> expected) {
    try (TreeScan scan = new TreeScan(world)) {
      scan.open(world.root, world.mapping::filePage);
      boolean there = scan.first();
      for (ReferenceEntry entry : expected) {
        assertThat(there).isTrue();
        assertThat(Arrays.copyOf(scan.key(), scan.keyLength())).isEqualTo(entry.key());
        assertThat(scan.timestamp()).isEqualTo(entry.timestamp());
        assertThat(scan.expireTs()).isEqualTo(entry.expireTs());
        there = scan.next();
      }
      assertThat(there).isFalse();
    }
  }

  private static void pointReads(TreeWorld world, List<ReferenceEntry> entries) {
    TreeReader reader = new TreeReader(world);
    OverflowReader overflow = new OverflowReader(world);
    ValueBuffer value = new ValueBuffer();
    for (ReferenceEntry entry : entries) {
      byte[] key = entry.key();
      assertThat(reader.read(world.root, world.mapping::filePage, key, 0, key.length, value))
          .isTrue();
      if ((reader.flags() & LeafPage.OVERFLOW) != 0) {
        overflow.read(world.mapping::filePage, value.bytes(), value.length(), value);
      }
      assertThat(value.toByteArray()).isEqualTo(entry.value());
    }
  }
}
