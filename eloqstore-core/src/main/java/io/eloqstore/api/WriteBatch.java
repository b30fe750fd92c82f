/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Puts and deletes of one partition that take effect together: in any order, a key more than once
 * if need be.
 *
 * <p>Last writer wins by timestamp, and the entry wins a tie: of the entries of one key the one
 * with the highest timestamp counts, of equals the one added last; it replaces or deletes what is
 * stored unless that has a higher timestamp. A delete leaves nothing behind that an older put,
 * coming later, could lose to. A put that has expired when the batch is written is a delete.
 *
 * <p>Keeps copies of what it is given. Belongs to one thread at a time; may be cleared and filled
 * again once it was written or handed over.
 */
public final class WriteBatch {

  /**
   * One put or delete.
   *
   * @param key not to be changed
   * @param value not to be changed; {@code null} for a delete
   * @param timestamp at least 0
   * @param expireTs milliseconds since the epoch from which on reads do not see the entry; 0 never
   */
  public record Entry(byte[] key, byte[] value, long timestamp, long expireTs) {
    public boolean isDelete() {
      return value == null;
    }
  }

  private final List<Entry> entries;

  public WriteBatch() {
    this(new ArrayList<>());
  }

  private WriteBatch(List<Entry> entries) {
    this.entries = entries;
  }

  /** Adds a put that never expires; see {@link #put(byte[], byte[], long, long)}. */
  public WriteBatch put(byte[] key, byte[] value, long timestamp) {
    return put(key, value, timestamp, 0);
  }

  /**
   * Adds a put.
   *
   * @param key at least one byte
   * @param value may be empty
   * @param timestamp at least 0
   * @param expireTs milliseconds since the epoch, 0 for never
   * @throws StoreException {@link StoreErrorCode#INVALID_ARGUMENT} naming the index that the entry
   *     would have had; nothing is added then
   */
  public WriteBatch put(byte[] key, byte[] value, long timestamp, long expireTs) {
    checkKey(key);
    check(value != null, "the value must not be null");
    check(
        value.length <= OwnedPartition.VALUE_BYTES_MAX,
        "the value holds more than " + OwnedPartition.VALUE_BYTES_MAX + " bytes");
    checkTimestamp(timestamp);
    check(expireTs >= 0, "the expiry must be at least 0, found " + expireTs);
    entries.add(new Entry(key.clone(), value.clone(), timestamp, expireTs));
    return this;
  }

  /** Adds a delete; arguments and failure are those of a put. */
  public WriteBatch delete(byte[] key, long timestamp) {
    checkKey(key);
    checkTimestamp(timestamp);
    entries.add(new Entry(key.clone(), null, timestamp, 0));
    return this;
  }

  /** Entries that were added. */
  public int size() {
    return entries.size();
  }

  public boolean isEmpty() {
    return entries.isEmpty();
  }

  /** Takes all entries away. */
  public void clear() {
    entries.clear();
  }

  /** What the batch comes to: each key once, in ascending order. */
  public List<Entry> resolved() {
    List<Entry> sorted = new ArrayList<>(entries);
    // Stable: entries of one key stay in the order in which they were added.
    sorted.sort((left, right) -> Arrays.compareUnsigned(left.key, right.key));
    int count = 0;
    for (Entry entry : sorted) {
      if (count == 0 || !Arrays.equals(sorted.get(count - 1).key, entry.key)) {
        sorted.set(count++, entry);
      } else if (entry.timestamp >= sorted.get(count - 1).timestamp) {
        sorted.set(count - 1, entry);
      }
    }
    return sorted.subList(0, count);
  }

  /** A batch of its own that has the same effect. */
  public WriteBatch resolvedCopy() {
    return new WriteBatch(new ArrayList<>(resolved()));
  }

  private void checkKey(byte[] key) {
    check(key != null, "the key must not be null");
    check(key.length > 0, "a key holds at least one byte");
  }

  private void checkTimestamp(long timestamp) {
    check(timestamp >= 0, "the timestamp must be at least 0, found " + timestamp);
  }

  private void check(boolean holds, String rule) {
    if (!holds) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT, "entry " + entries.size() + " of a batch: " + rule);
    }
  }
}
