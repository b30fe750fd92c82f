/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

/**
 * The fixed part of a manifest record that lies within its file.
 *
 * @param offset of the record in the file
 * @param marked whether the checksum holds with the mark of change segments only
 */
record RecordHeader(
    long offset, long checksum, int rootPage, int ttlRootPage, long payloadBytes, boolean marked) {

  long payloadAt() {
    return offset + ManifestFormat.PAYLOAD_AT;
  }

  long end() {
    return payloadAt() + payloadBytes;
  }

  /** Where the next record begins. */
  long next() {
    return ManifestFormat.aligned(end());
  }

  boolean isSnapshot() {
    return offset == 0;
  }

  RecordHeader withMark() {
    return new RecordHeader(offset, checksum, rootPage, ttlRootPage, payloadBytes, true);
  }
}
