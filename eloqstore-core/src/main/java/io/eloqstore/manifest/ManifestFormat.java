/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

/**
 * Offsets and numbers of manifest records, in the order of {@code docs/format/manifest.md}.
 *
 * <p>All numbers are little-endian.
 */
public final class ManifestFormat {
  /** Records begin at multiples of this. */
  public static final int RECORD_ALIGNMENT = 4096;

  /** u64: checksum of the bytes from {@link #ROOT_AT} to the end of the payload. */
  static final int CHECKSUM_AT = 0;

  /** u32: root page, {@link #NO_PAGE} for an empty tree. */
  static final int ROOT_AT = 8;

  /** u32: root page of the TTL tree. */
  static final int TTL_ROOT_AT = 12;

  /** u32: bytes of the payload. */
  static final int PAYLOAD_BYTES_AT = 16;

  /** The payload. */
  static final int PAYLOAD_AT = 20;

  /** Largest payload, bytes. */
  static final long PAYLOAD_BYTES_MAX = 0xffff_ffffL;

  /** Root of an empty tree. */
  public static final int NO_PAGE = -1;

  /** Key of the term map that stands for the manifest itself: 2^64 - 2. */
  public static final long MANIFEST_FILE_ID = -2;

  /** Low bits of a mapping value: what it says. */
  static final int TYPE_MASK = 7;

  static final int TYPE_BITS = 3;
  static final int TYPE_MAPPED = 1;
  static final int TYPE_FREE = 2;

  /** Mapping value of a page that is not mapped. */
  static final long UNMAPPED_VALUE = 7;

  /**
   * The checksum of the first record of a store that may hold change segments is XORed with this
   * ("SEGMENTS"), so that an engine that does not know segments takes the manifest for corrupt.
   */
  static final long SEGMENT_MARK = 0x53544e454d474553L;

  private static final long PHI = 0x9E3779B97F4A7C15L;

  private ManifestFormat() {}

  static long aligned(long bytes) {
    return (bytes + RECORD_ALIGNMENT - 1) & -RECORD_ALIGNMENT;
  }

  /** Checksum of a manifest after one more record; that of no records is 0. */
  static long chain(long manifestChecksum, long recordChecksum) {
    return (Long.rotateLeft(manifestChecksum, 1) ^ recordChecksum) * PHI;
  }

  static long mappingValue(long filePage) {
    return filePage < 0 ? UNMAPPED_VALUE : filePage << TYPE_BITS | TYPE_MAPPED;
  }
}
