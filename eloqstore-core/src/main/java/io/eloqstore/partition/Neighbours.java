/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.EntryBuffer;
import io.eloqstore.api.KeyRange;

/**
 * The entries next to a key: a scan that ends with its first entry, so it sees what a scan sees.
 * Owner only.
 */
final class Neighbours {
  private final LongKeys keys;

  Neighbours(LongKeys keys) {
    this.keys = keys;
  }

  /**
   * Finds the last entry below a key, or at it if that is allowed.
   *
   * @return whether there is one; {@code target} is undefined when there is none
   */
  boolean below(byte[] key, int offset, int length, boolean inclusive, EntryBuffer target) {
    return first(new KeyRange(null, bound(key, offset, length, inclusive)), true, target);
  }

  /**
   * Finds the first entry above a key, or at it if that is allowed.
   *
   * @return whether there is one; {@code target} is undefined when there is none
   */
  boolean above(byte[] key, int offset, int length, boolean inclusive, EntryBuffer target) {
    return first(new KeyRange(bound(key, offset, length, !inclusive), null), false, target);
  }

  /** The key itself, or the smallest key above it: the key and one zero byte. */
  private static byte[] bound(byte[] key, int offset, int length, boolean behind) {
    byte[] bound = new byte[behind ? length + 1 : length];
    System.arraycopy(key, offset, bound, 0, length);
    return bound;
  }

  private boolean first(KeyRange range, boolean reverse, EntryBuffer target) {
    return keys.scan(
        range,
        reverse,
        (key, keyLength, value) -> {
          target.set(key, keyLength, value);
          return false;
        });
  }
}
