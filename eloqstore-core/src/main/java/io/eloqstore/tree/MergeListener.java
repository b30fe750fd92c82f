/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/** Hears what a merge, a cut or a sweep does to entries that expire. */
@FunctionalInterface
public interface MergeListener {
  /** Hears nothing. */
  MergeListener NONE = (key, keyLength, oldExpireTs, newExpireTs) -> {};

  /**
   * The expiry of a key changed.
   *
   * @param key holds the key in its first {@code keyLength} bytes, during the call only
   * @param oldExpireTs milliseconds since the epoch, 0 = the key was absent or never expired
   * @param newExpireTs milliseconds since the epoch, 0 = the key is gone or never expires
   */
  void expiryChanged(byte[] key, int keyLength, long oldExpireTs, long newExpireTs);
}
