/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

/**
 * Which bytes of a manifest file count, and what identifies them.
 *
 * @param length bytes from the start of the file to where the next record goes; a multiple of 4096
 * @param records number of records in them
 * @param checksum of these records, one chained to the other
 * @param snapshotBytes bytes of the first record with its padding
 * @param incarnation highest one that a record of the file names; 0 if only C++ wrote it
 * @param tornBytes bytes of the file behind {@code length} that are no record and were ignored
 * @param marked whether the first record carries the mark of a store with change segments
 * @param rollFirst whether nothing may be appended: the file belongs to an image, or valid records
 *     of another history may lie behind the length
 */
public record ManifestExtent(
    long length,
    int records,
    long checksum,
    long snapshotBytes,
    long incarnation,
    long tornBytes,
    boolean marked,
    boolean rollFirst) {

  /** Bytes of the log records. */
  public long logBytes() {
    return length - snapshotBytes;
  }

  /** After an append at {@code length}. */
  ManifestExtent appended(long bytes, long recordChecksum) {
    return new ManifestExtent(
        length + bytes,
        records + 1,
        ManifestFormat.chain(checksum, recordChecksum),
        snapshotBytes,
        incarnation,
        0,
        marked,
        false);
  }
}
