/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.StoreException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** A budget and a directory of arrays; closing it finds leaked memory and open files. */
final class ManifestFixture implements AutoCloseable {
  static final int SHIFT = 4;
  static final Path PATH = Path.of("t.0", "manifest_0");
  static final RecordedOptions OPTIONS = new RecordedOptions(4096, SHIFT, true, 16, 16, 16, false);

  final MemoryBudget budget = new MemoryBudget(8 << 20);
  final ArrayFiles files = new ArrayFiles(budget.arena());
  final ManifestReader reader = new ManifestReader(budget, SHIFT);

  /** Content of a manifest on the heap. */
  record Model(
      int rootPage, int ttlRootPage, Map<Integer, Long> pages, ManifestExtension extension) {}

  ManifestTarget target(long logBytesMax) {
    return new ManifestTarget(files, budget, PATH, 0, true, logBytesMax);
  }

  MappingSnapshot mapping(Map<Integer, Long> pages) {
    MappingSnapshot empty = MappingSnapshot.empty(budget, SHIFT);
    MappingBuilder builder = new MappingBuilder(empty);
    pages.forEach(builder::map);
    MappingSnapshot built = builder.build();
    empty.release();
    return built;
  }

  static long maxFilePage(Map<Integer, Long> pages) {
    return pages.values().stream().mapToLong(page -> page + 1).max().orElse(0);
  }

  ManifestExtent commit(ManifestWriter writer, Model model) {
    MappingSnapshot mapping = mapping(model.pages);
    try {
      return writer.commit(content(model, mapping));
    } finally {
      mapping.release();
    }
  }

  static ManifestContent content(Model model, MappingSnapshot mapping) {
    return new ManifestContent(
        model.rootPage,
        model.ttlRootPage,
        maxFilePage(model.pages),
        new byte[0],
        mapping,
        model.extension);
  }

  /** A manifest of these states, one record each, never rolled. */
  byte[] manifest(Model... models) {
    try (ManifestWriter writer = ManifestWriter.create(target(1 << 30))) {
      for (Model model : models) {
        commit(writer, model);
      }
    }
    return files.get(PATH);
  }

  BlockFile open(byte[] bytes) {
    files.put(PATH, bytes);
    return files.open(PATH, OpenMode.READ);
  }

  /** Reads and gives the mapping back; the state's mapping must not be used any more. */
  ManifestState read(byte[] bytes) {
    ManifestState state = readHeld(bytes);
    state.mapping().release();
    return state;
  }

  ManifestState readHeld(byte[] bytes) {
    try (BlockFile file = open(bytes)) {
      return reader.read(file);
    }
  }

  /** What a manifest says, with its extension as it was given to the writer. */
  Model model(byte[] bytes) {
    ManifestState state = readHeld(bytes);
    Map<Integer, Long> pages = pages(state.mapping());
    state.mapping().release();
    return new Model(
        state.rootPage(),
        state.ttlRootPage(),
        pages,
        state.extension() == null ? null : state.extension().withIncarnation(0));
  }

  static Map<Integer, Long> pages(MappingSnapshot mapping) {
    Map<Integer, Long> pages = new TreeMap<>();
    for (int id = 0; id < mapping.pageCount(); id++) {
      if (mapping.filePage(id) >= 0) {
        pages.put(id, mapping.filePage(id));
      }
    }
    return pages;
  }

  /** The exception of reading these bytes; null if they can be read. */
  StoreException refusal(byte[] bytes) {
    try {
      read(bytes);
      return null;
    } catch (StoreException e) {
      return e;
    }
  }

  static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replaceAll("[\\s|]", ""));
  }

  static String hex(byte[] bytes, int from, int to) {
    return HexFormat.of().formatHex(bytes, from, to);
  }

  @Override
  public void close() {
    files.close();
    budget.close();
  }
}
