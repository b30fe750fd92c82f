/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What this engine adds to a manifest record, behind the term section; the C++ engine ignores it.
 *
 * <p>Immutable, as long as nobody changes the arrays handed in and out.
 *
 * @param options what the store is written with
 * @param counts entries of the root of the record
 * @param sequence highest operation sequence number that the root contains, unsigned
 * @param metadata what guests store with a commit, by name: changelog offsets, state names
 * @param pendingCuts roots of dropped subtrees whose pages are still to be unmapped
 * @param incarnation tells apart manifests that had the same name; grows with each roll
 * @param features bits of {@link #FEATURE_BUCKET_KEYS}
 * @param segments change segments with something live, oldest first
 * @param opaque sections of a newer engine that may be carried along unread
 */
public record ManifestExtension(
    RecordedOptions options,
    EntryCounts counts,
    long sequence,
    SortedMap<String, byte[]> metadata,
    int[] pendingCuts,
    long incarnation,
    long features,
    List<ManifestSegment> segments,
    List<OpaqueSection> opaque) {

  /** The store has bucket entries (keys longer than half a page). */
  public static final long FEATURE_BUCKET_KEYS = 1;

  /** All features this engine knows; a store with another one is refused. */
  public static final long FEATURES_KNOWN = FEATURE_BUCKET_KEYS;

  /** A section this engine does not know and may ignore: bit 7 of its tag is set. */
  public record OpaqueSection(int tag, byte[] bytes) {}

  public ManifestExtension {
    metadata = Collections.unmodifiableSortedMap(new TreeMap<>(metadata));
    segments = List.copyOf(segments);
    opaque = List.copyOf(opaque);
  }

  /** Of a root without change segments. */
  public ManifestExtension(
      RecordedOptions options,
      EntryCounts counts,
      long sequence,
      SortedMap<String, byte[]> metadata,
      int[] pendingCuts,
      long incarnation,
      long features,
      List<OpaqueSection> opaque) {
    this(
        options, counts, sequence, metadata, pendingCuts, incarnation, features, List.of(), opaque);
  }

  /** An extension of an empty store. */
  public static ManifestExtension of(RecordedOptions options) {
    return new ManifestExtension(
        options, EntryCounts.NONE, 0, Collections.emptySortedMap(), new int[0], 0, 0, List.of());
  }

  public ManifestExtension withIncarnation(long value) {
    return new ManifestExtension(
        options, counts, sequence, metadata, pendingCuts, value, features, segments, opaque);
  }

  /** The bytes that follow the term section. */
  public byte[] encode() {
    return ExtensionCodec.encode(this);
  }

  /**
   * Reads what {@link #encode} made.
   *
   * @param bytes everything behind the term section
   * @param path of the manifest, for errors
   * @param recordOffset of the record in the manifest, for errors
   * @throws io.eloqstore.api.CorruptionException if a length or a value cannot be
   * @throws io.eloqstore.api.StoreException {@code UNSUPPORTED_FORMAT} for bytes of a newer engine
   *     or of another one
   */
  public static ManifestExtension decode(byte[] bytes, String path, long recordOffset) {
    return new ExtensionCodec(bytes, path, recordOffset).decode();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ManifestExtension that && Arrays.equals(encode(), that.encode());
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(encode());
  }
}
