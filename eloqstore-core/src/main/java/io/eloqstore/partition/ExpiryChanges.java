/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.tree.ChangeCursor;
import io.eloqstore.tree.MergeListener;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/**
 * What one flush changes in the TTL tree: a second tree with the key {@code [8-byte big-endian
 * expiry] [key]} and no value, as the format document says.
 *
 * <p>Worker only. Kept on the heap for the time of one flush: entries with an expiry are the plain
 * API's, the guests store their own times.
 */
final class ExpiryChanges implements MergeListener {
  private final TreeMap<byte[], Boolean> changes = new TreeMap<>(Arrays::compareUnsigned);

  @Override
  public void expiryChanged(byte[] key, int keyLength, long oldExpireTs, long newExpireTs) {
    if (oldExpireTs != 0) {
      changes.put(ttlKey(key, keyLength, oldExpireTs), false);
    }
    if (newExpireTs != 0) {
      changes.put(ttlKey(key, keyLength, newExpireTs), true);
    }
  }

  private static byte[] ttlKey(byte[] key, int keyLength, long expireTs) {
    return ByteBuffer.allocate(Long.BYTES + keyLength)
        .putLong(expireTs)
        .put(key, 0, keyLength)
        .array();
  }

  /** Takes an entry of the TTL tree out. */
  void remove(byte[] ttlKey) {
    changes.put(ttlKey, false);
  }

  /** When the first of the entries that come expires; {@link Long#MAX_VALUE} when none comes. */
  long firstAdded() {
    for (Map.Entry<byte[], Boolean> change : changes.entrySet()) {
      if (change.getValue()) {
        return ByteBuffer.wrap(change.getKey()).getLong();
      }
    }
    return Long.MAX_VALUE;
  }

  /** Takes back the removals of entries that the tree has again. */
  void keep(BiPredicate<byte[], Long> isThere) {
    changes
        .entrySet()
        .removeIf(
            change -> {
              byte[] key = change.getKey();
              byte[] userKey = Arrays.copyOfRange(key, Long.BYTES, key.length);
              return !change.getValue() && isThere.test(userKey, ByteBuffer.wrap(key).getLong());
            });
  }

  boolean isEmpty() {
    return changes.isEmpty();
  }

  ChangeCursor cursor() {
    return new KeyChanges(changes.entrySet().iterator());
  }
}
