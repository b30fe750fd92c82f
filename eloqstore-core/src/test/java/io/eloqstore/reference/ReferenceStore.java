/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The whole content of one partition as one of its manifests shows it, on the heap. */
public final class ReferenceStore {
  private static final Pattern CURRENT_MANIFEST = Pattern.compile("manifest_(0|[1-9][0-9]{0,19})");

  private final ReferenceManifest manifest;
  private final List<ReferenceEntry> entries;
  private final List<ReferenceEntry> ttlEntries;
  private final List<Integer> unreachablePages;
  private final Map<Long, Integer> livePagesOfFiles;
  private final List<String> findings;

  private ReferenceStore(PageSource pages, ReferenceManifest manifest) throws IOException {
    Findings found = new Findings();
    this.manifest = manifest;
    this.entries = TreeWalk.entries("tree", manifest.root(), pages, found);
    this.ttlEntries = TreeWalk.entries("ttl tree", manifest.ttlRoot(), pages, found);
    this.unreachablePages =
        manifest.mapping().keySet().stream().filter(page -> !pages.used().get(page)).toList();
    this.livePagesOfFiles = new TreeMap<>();
    checkFilePages(pages, found);
    checkTtl(found);
    checkCompressed(found);
    this.findings = found.list();
  }

  /**
   * Reads the manifest of the highest term and everything it names.
   *
   * @throws DecodeException if anything does not follow the format; pages that are mapped but not
   *     reachable are no error
   */
  public static ReferenceStore read(Path partitionDirectory, int pageBytes, int pagesPerFileShift)
      throws IOException {
    String manifestName = currentManifest(partitionDirectory);
    return read(partitionDirectory, pageBytes, pagesPerFileShift, manifestName);
  }

  /** As the other {@code read}, through the named manifest or archive of the directory. */
  public static ReferenceStore read(
      Path partitionDirectory, int pageBytes, int pagesPerFileShift, String manifestName)
      throws IOException {
    ReferenceStore store = load(partitionDirectory, pageBytes, pagesPerFileShift, manifestName);
    if (!store.findings.isEmpty()) {
      throw new DecodeException(
          partitionDirectory.getFileName() + ": " + String.join("\n", store.findings));
    }
    return store;
  }

  /** Reads what can be read; what is wrong with the pages is in {@link #findings()}. */
  static ReferenceStore load(
      Path partitionDirectory, int pageBytes, int pagesPerFileShift, String manifestName)
      throws IOException {
    ReferenceManifest manifest = ReferenceManifest.read(partitionDirectory.resolve(manifestName));
    try (PageSource pages =
        new PageSource(partitionDirectory, pageBytes, pagesPerFileShift, manifest)) {
      return new ReferenceStore(pages, manifest);
    }
  }

  /** Name of the manifest with the highest term; archives do not count. */
  static String currentManifest(Path partitionDirectory) throws IOException {
    try (Stream<Path> files = Files.list(partitionDirectory)) {
      Optional<String> newest =
          files
              .map(file -> CURRENT_MANIFEST.matcher(file.getFileName().toString()))
              .filter(Matcher::matches)
              .max(
                  Comparator.comparing(
                      m -> Long.parseUnsignedLong(m.group(1)), Long::compareUnsigned))
              .map(Matcher::group);
      return newest.orElseThrow(
          () -> new DecodeException("no manifest in " + partitionDirectory.getFileName()));
    }
  }

  public ReferenceManifest manifest() {
    return manifest;
  }

  /** Entries of the main tree in key order, expired ones too. */
  public List<ReferenceEntry> entries() {
    return List.copyOf(entries);
  }

  /** Entries of the TTL tree in key order. */
  public List<ReferenceEntry> ttlEntries() {
    return List.copyOf(ttlEntries);
  }

  /** Pages that are mapped but that neither tree reaches, ascending. */
  public List<Integer> unreachablePages() {
    return unreachablePages;
  }

  /** Number of mapped pages in each data file that has any. */
  public Map<Long, Integer> livePagesOfFiles() {
    return Map.copyOf(livePagesOfFiles);
  }

  /**
   * The value of an entry as it was put.
   *
   * @throws DecodeException if it is compressed and does not follow the format
   */
  public byte[] plainValue(ReferenceEntry entry) {
    return entry.compressed()
        ? CompressedValue.decode(entry, manifest.dictionary())
        : entry.value();
  }

  /** One line an entry, with its value as it was put: as in the golden files. */
  public List<String> dumpLines() {
    return entries.stream().map(entry -> entry.withValue(plainValue(entry)).line()).toList();
  }

  List<String> findings() {
    return findings;
  }

  private void checkFilePages(PageSource pages, Findings found) {
    Map<Long, Integer> owners = new HashMap<>();
    manifest
        .mapping()
        .forEach(
            (page, filePage) -> {
              Integer other = owners.put(filePage, page);
              if (other != null) {
                found.add("pages %d and %d share file page %d", other, page, filePage);
              }
              livePagesOfFiles.merge(pages.fileId(filePage), 1, Integer::sum);
            });
  }

  /** The TTL tree holds exactly (expiry, key) of the entries that expire, and nothing else. */
  private void checkTtl(Findings found) {
    List<byte[]> expected = new ArrayList<>();
    for (ReferenceEntry entry : entries) {
      if (entry.expireTs() != 0) {
        int length = 8 + entry.key().length;
        expected.add(
            ByteBuffer.allocate(length).putLong(entry.expireTs()).put(entry.key()).array());
      }
    }
    expected.sort(Arrays::compareUnsigned);
    int at = 0;
    for (ReferenceEntry entry : ttlEntries) {
      if (entry.value().length != 0 || entry.flags() != 0 || entry.timestamp() != 0) {
        found.add("ttl tree: entry %s has more than a key", entry.line());
      }
      while (at < expected.size() && Arrays.compareUnsigned(expected.get(at), entry.key()) < 0) {
        found.add("ttl tree: no entry for %s", hex(expected.get(at++)));
      }
      if (at < expected.size() && Arrays.equals(expected.get(at), entry.key())) {
        at++;
      } else {
        found.add("ttl tree: %s belongs to no entry", hex(entry.key()));
      }
    }
    while (at < expected.size()) {
      found.add("ttl tree: no entry for %s", hex(expected.get(at++)));
    }
  }

  private void checkCompressed(Findings found) {
    for (ReferenceEntry entry : entries) {
      try {
        plainValue(entry);
      } catch (DecodeException e) {
        found.add("entry %s: compressed value: %s", hex(entry.key()), e.getMessage());
      }
    }
    for (ReferenceEntry entry : ttlEntries) {
      if (entry.compressed()) {
        found.add("ttl tree: entry %s is compressed", hex(entry.key()));
      }
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
