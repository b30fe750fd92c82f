/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.codec.ValueCompression;
import io.eloqstore.file.FileSet;
import io.eloqstore.manifest.EntryCounts;
import io.eloqstore.manifest.ManifestExtension;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.page.LeafPage;
import io.eloqstore.pagestore.PageReader;
import io.eloqstore.tree.OverflowReader;
import io.eloqstore.tree.TreeReader;
import io.eloqstore.tree.TreeScan;
import io.eloqstore.tree.TreeVerifier;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Walks both trees of one manifest and compares what two places both know: expiring entries and the
 * TTL tree, entries and recorded counts, long keys and their buckets. Decompresses what is
 * compressed.
 *
 * <p>One thread, one use. The caller holds the state's mapping. Reads every page from its file:
 * frames of an open partition are not used.
 */
final class ContentVerifier {
  /** More findings of one kind say nothing new. */
  private static final int FINDINGS_MAX = 100;

  private static final int COMPRESSED = LeafPage.COMPRESSED_DICTIONARY | LeafPage.COMPRESSED_ALONE;

  private final PartitionResources resources;
  private final Path directory;
  private final StoreOptions options;
  private final ManifestState state;
  private final MappingSnapshot mapping;
  private final List<String> findings = new ArrayList<>();
  private final List<byte[]> bucketRows = new ArrayList<>();
  private final ValueBuffer value = new ValueBuffer();
  private final ValueCompression compression;
  private PageReader source;
  private TreeReader reader;
  private long entries;
  private long overflowEntries;
  private long expiringEntries;
  private long compressedEntries;
  private long ttlEntries;

  ContentVerifier(
      PartitionResources resources, Path directory, StoreOptions options, ManifestState state) {
    this.resources = resources;
    this.directory = directory;
    this.options = options;
    this.state = state;
    this.mapping = state.mapping();
    this.compression =
        new ValueCompression(resources.budget(), state.dictionary(), directory.toString());
  }

  /** Entries of the main tree. */
  long entries() {
    return entries;
  }

  /** All findings. */
  List<String> run() {
    try (FileSet files =
        FileSet.open(
            resources.io(),
            directory,
            options.pageBytes(),
            options.pagesPerFileShift(),
            state.terms())) {
      source =
          new PageReader(
              resources.budget().arena(),
              resources.cache(),
              files,
              options.pageBytes(),
              resources.counters());
      try {
        reader = new TreeReader(source);
        findings.addAll(walkTrees());
        if (findings.isEmpty()) {
          // Only of trees that hold together can be asked what is in them.
          checkTtlTree();
          checkCounts();
          checkCompressed();
          checkBuckets();
        }
      } finally {
        compression.close();
        source.close();
      }
    }
    return findings;
  }

  private void find(String format, Object... details) {
    if (findings.size() < FINDINGS_MAX) {
      findings.add(String.format(format, details));
    }
  }

  private static String hex(byte[] key) {
    return HexFormat.of().formatHex(key);
  }

  private List<String> walkTrees() {
    TreeVerifier verifier = new TreeVerifier(source, mapping::filePage, mapping.pageCount());
    if (hasBuckets()) {
      verifier.watchKeys(this::noteLongRow);
    }
    verifier.tree(state.rootPage());
    verifier.watchKeys(key -> {});
    entries = verifier.entries();
    overflowEntries = verifier.overflowEntries();
    expiringEntries = verifier.expiringEntries();
    compressedEntries = verifier.compressedEntries();
    verifier.tree(state.ttlRootPage());
    ttlEntries = verifier.entries() - entries;
    if (state.extension() != null) {
      verifier.pending(state.extension().pendingCuts());
      Segment[] segments = Segment.of(state.extension().segments(), mapping.pagesPerFileShift());
      findings.addAll(new SegmentVerifier(source, verifier).verify(segments));
    }
    return verifier.finish();
  }

  /** Where long keys are in buckets, no row but a bucket has a long key. */
  private void noteLongRow(byte[] key) {
    if (key.length == options.bucketPrefixBytes() + Long.BYTES) {
      bucketRows.add(key);
    } else if (key.length >= options.bucketPrefixBytes()) {
      find("row %s has a long key of %d bytes and is no bucket", hex(key), key.length);
    }
  }

  private boolean hasBuckets() {
    return state.extension() != null
        && (state.extension().features() & ManifestExtension.FEATURE_BUCKET_KEYS) != 0;
  }

  private boolean hasPendingCuts() {
    return state.extension() != null && state.extension().pendingCuts().length > 0;
  }

  // ---- expiry -----------------------------------------------------------------------------------

  /**
   * TTL keys are distinct, so if each belongs to an entry and there are as many as expiring
   * entries, none is missing. While cuts are pending, the TTL keys of what was cut off are still
   * there: the sweep takes them out.
   */
  private void checkTtlTree() {
    try (TreeScan scan = new TreeScan(source)) {
      scan.open(state.ttlRootPage(), mapping::filePage);
      for (boolean more = scan.first(); more; more = scan.next()) {
        checkTtlEntry(scan);
      }
    }
    if (ttlEntries == expiringEntries && findings.isEmpty()) {
      return;
    }
    try (TreeScan scan = new TreeScan(source)) {
      scan.open(state.rootPage(), mapping::filePage);
      for (boolean more = scan.first(); more; more = scan.next()) {
        if (scan.expireTs() != 0) {
          checkHasTtlEntry(scan);
        }
      }
    }
  }

  private void checkTtlEntry(TreeScan scan) {
    byte[] key = Arrays.copyOf(scan.key(), scan.keyLength());
    if (key.length <= Long.BYTES
        || scan.valueLength() != 0
        || scan.flags() != 0
        || scan.timestamp() != 0) {
      find("TTL tree: entry %s is more or less than time and key", hex(key));
      return;
    }
    long expireTs = ByteBuffer.wrap(key).getLong();
    boolean belongs =
        read(state.rootPage(), key, Long.BYTES) && value.expireTs() == expireTs || hasPendingCuts();
    if (!belongs) {
      find("TTL tree: entry %s belongs to no entry that expires then", hex(key));
    }
  }

  private void checkHasTtlEntry(TreeScan scan) {
    int length = scan.keyLength();
    byte[] key =
        ByteBuffer.allocate(Long.BYTES + length)
            .putLong(scan.expireTs())
            .put(scan.key(), 0, length)
            .array();
    if (!read(state.ttlRootPage(), key, 0)) {
      find("TTL tree: no entry for %s", hex(key));
    }
  }

  private boolean read(int root, byte[] key, int offset) {
    return reader.read(root, mapping::filePage, key, offset, key.length - offset, value);
  }

  // ---- counts and buckets -----------------------------------------------------------------------

  private void checkCounts() {
    if (state.extension() == null || !state.extension().counts().exact()) {
      return;
    }
    EntryCounts recorded = state.extension().counts();
    check("entries", recorded.entries(), entries);
    if (hasPendingCuts()) {
      // These two count what the sweep has not seen yet.
      return;
    }
    check("overflow entries", recorded.overflowEntries(), overflowEntries);
    check("expiring entries", recorded.ttlEntries(), expiringEntries);
  }

  private void check(String what, long recorded, long found) {
    if (recorded != found) {
      find("counts: %d %s are recorded, %d are there", recorded, what, found);
    }
  }

  private void checkCompressed() {
    if (compressedEntries == 0) {
      return;
    }
    try (TreeScan scan = new TreeScan(source)) {
      scan.open(state.rootPage(), mapping::filePage);
      for (boolean more = scan.first(); more; more = scan.next()) {
        if ((scan.flags() & COMPRESSED) != 0) {
          checkValue(scan);
        }
      }
    }
  }

  private void checkValue(TreeScan scan) {
    int length = scan.valueLength();
    source.arena().get(scan.valueAt(), value.setLength(length), 0, length);
    try {
      resolve(scan.flags());
    } catch (StoreException e) {
      if (e.code() != StoreErrorCode.CORRUPTED) {
        throw e;
      }
      find("entry %s: %s", hex(Arrays.copyOf(scan.key(), scan.keyLength())), e.getMessage());
    }
  }

  /** Makes of what an entry holds the value it stands for. */
  private void resolve(int flags) {
    if ((flags & LeafPage.OVERFLOW) != 0) {
      byte[] pointers = value.toByteArray();
      new OverflowReader(source).read(mapping::filePage, pointers, pointers.length, value);
    }
    if ((flags & COMPRESSED) != 0) {
      byte[] stored = value.toByteArray();
      compression.decompress(stored, stored.length, value);
    }
  }

  /** Buckets of one prefix follow each other, and so must the keys in them. */
  private void checkBuckets() {
    if (state.extension() != null && !state.extension().segments().isEmpty()) {
      // A bucket that was split may be merged by half: the tree alone is not the content.
      return;
    }
    byte[] previous = null;
    for (byte[] row : bucketRows) {
      try {
        for (KeyBucket.Entry entry : bucket(row).entries()) {
          byte[] key = Arrays.copyOf(row, options.bucketPrefixBytes() + entry.rest().length);
          System.arraycopy(entry.rest(), 0, key, options.bucketPrefixBytes(), entry.rest().length);
          if (previous != null && Arrays.compareUnsigned(previous, key) >= 0) {
            find("bucket %s: key %s after %s", hex(row), hex(key), hex(previous));
          }
          previous = key;
        }
      } catch (CorruptionException e) {
        find("bucket %s: %s", hex(row), e.getMessage());
      }
    }
  }

  private KeyBucket bucket(byte[] row) {
    if (!read(state.rootPage(), row, 0)) {
      throw new CorruptionException(directory.toString(), -1, "bucket row", "found", "not found");
    }
    resolve(reader.flags());
    return KeyBucket.decode(value.bytes(), value.length(), directory.toString());
  }
}
