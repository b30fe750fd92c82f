/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.Arrays;

/**
 * Keys from {@code from} (inclusive) to {@code to} (exclusive) in unsigned byte order.
 *
 * @param from first key; {@code null} means from the first key there is
 * @param to first key that is not in the range; {@code null} means to the last key there is
 */
public record KeyRange(byte[] from, byte[] to) {

  /** Every key. */
  public static final KeyRange ALL = new KeyRange(null, null);

  /** All keys that begin with {@code prefix}; an empty prefix means every key. */
  public static KeyRange prefix(byte[] prefix) {
    return new KeyRange(prefix.length == 0 ? null : prefix, successorOfPrefix(prefix));
  }

  /**
   * The smallest key above every key that begins with {@code prefix}.
   *
   * @return {@code null} when there is none: the prefix is empty or all 0xff
   */
  public static byte[] successorOfPrefix(byte[] prefix) {
    for (int i = prefix.length - 1; i >= 0; i--) {
      if (prefix[i] != (byte) 0xff) {
        byte[] next = Arrays.copyOf(prefix, i + 1);
        next[i]++;
        return next;
      }
    }
    return null;
  }

  /** Whether {@code key} lies in the range. */
  public boolean contains(byte[] key, int offset, int length) {
    return (from == null
            || Arrays.compareUnsigned(key, offset, offset + length, from, 0, from.length) >= 0)
        && (to == null
            || Arrays.compareUnsigned(key, offset, offset + length, to, 0, to.length) < 0);
  }

  /** Whether no key can lie in the range. */
  public boolean isEmpty() {
    return to != null
        && (to.length == 0 || (from != null && Arrays.compareUnsigned(from, to) >= 0));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof KeyRange range
        && Arrays.equals(from, range.from)
        && Arrays.equals(to, range.to);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(from) + Arrays.hashCode(to);
  }
}
