/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.util.HexFormat;

/**
 * One entry of a tree.
 *
 * @param key user key; in the TTL tree 8 bytes of big-endian expiry, then the user key
 * @param value value bytes as stored: still compressed if {@link #compressed()}, overflow resolved
 * @param flags the four flag bits of the entry
 * @param timestamp as stored, unsigned
 * @param expireTs milliseconds since the epoch, 0 for never
 */
public record ReferenceEntry(byte[] key, byte[] value, int flags, long timestamp, long expireTs) {
  public static final int FLAG_OVERFLOW = 1;
  public static final int FLAG_EXPIRES = 2;
  public static final int FLAG_DICTIONARY = 4;
  public static final int FLAG_STANDALONE = 8;

  public boolean overflow() {
    return (flags & FLAG_OVERFLOW) != 0;
  }

  public boolean compressed() {
    return (flags & (FLAG_DICTIONARY | FLAG_STANDALONE)) != 0;
  }

  /** Hex key, hex value, timestamp, expiry, with tabs between: a line of the golden files. */
  public String line() {
    HexFormat hex = HexFormat.of();
    return hex.formatHex(key)
        + '\t'
        + hex.formatHex(value)
        + '\t'
        + Long.toUnsignedString(timestamp)
        + '\t'
        + Long.toUnsignedString(expireTs);
  }

  ReferenceEntry withValue(byte[] resolved) {
    return new ReferenceEntry(key, resolved, flags, timestamp, expireTs);
  }
}
