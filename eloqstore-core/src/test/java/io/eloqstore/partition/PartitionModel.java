/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * What a partition must hold, on the heap. Plain keys and list keys are kept apart: a test gives
 * lists keys that begin with {@link #LIST_PREFIX} and plain keys that do not.
 */
final class PartitionModel {
  /** First byte of every list key and of no plain key. */
  static final byte LIST_PREFIX = (byte) 0xfe;

  /**
   * @param timestamp what last writer wins compares with
   * @param timed whether the entry was put with its times, so that reads must show the timestamp
   */
  record Entry(byte[] value, long timestamp, long expireTs, boolean timed) {
    boolean isVisible(long nowMs) {
      return expireTs == 0 || expireTs > nowMs;
    }
  }

  private final TreeMap<byte[], Entry> entries;
  private final TreeMap<byte[], byte[]> lists;

  PartitionModel() {
    this(new TreeMap<>(Arrays::compareUnsigned), new TreeMap<>(Arrays::compareUnsigned));
  }

  private PartitionModel(TreeMap<byte[], Entry> entries, TreeMap<byte[], byte[]> lists) {
    this.entries = entries;
    this.lists = lists;
  }

  PartitionModel copy() {
    return new PartitionModel(new TreeMap<>(entries), new TreeMap<>(lists));
  }

  void put(byte[] key, byte[] value) {
    Entry old = entries.get(key);
    entries.put(key, new Entry(value, old == null ? 0 : old.timestamp, 0, false));
  }

  /** What has expired by then counts as absent. */
  void put(byte[] key, byte[] value, long timestamp, long expireTs, long nowMs) {
    Entry old = entries.get(key);
    if (old == null || !old.isVisible(nowMs) || old.timestamp <= timestamp) {
      entries.put(key, new Entry(value, timestamp, expireTs, true));
    }
  }

  void delete(byte[] key) {
    entries.remove(key);
  }

  void delete(byte[] key, long timestamp, long nowMs) {
    Entry old = entries.get(key);
    if (old != null && (!old.isVisible(nowMs) || old.timestamp <= timestamp)) {
      entries.remove(key);
    }
  }

  /** Lists must lie in the range with all their chunks or with none. */
  void deleteRange(KeyRange range) {
    sub(entries, range).clear();
    lists
        .keySet()
        .removeIf(key -> range.contains(Arrays.copyOf(key, key.length + 8), 0, key.length + 8));
  }

  void append(byte[] key, byte[] elements) {
    byte[] old = lists.get(key);
    if (old == null) {
      lists.put(key, elements);
    } else {
      byte[] joined = Arrays.copyOf(old, old.length + 1 + elements.length);
      joined[old.length] = OwnedPartition.LIST_DELIMITER;
      System.arraycopy(elements, 0, joined, old.length + 1, elements.length);
      lists.put(key, joined);
    }
  }

  void putList(byte[] key, byte[] elements) {
    if (elements.length == 0) {
      lists.remove(key);
    } else {
      lists.put(key, elements);
    }
  }

  byte[] list(byte[] key) {
    return lists.get(key);
  }

  Map<byte[], byte[]> lists() {
    return lists;
  }

  /** The entry as stored, expired or not; {@code null} for none. */
  Entry stored(byte[] key) {
    return entries.get(key);
  }

  NavigableMap<byte[], Entry> range(KeyRange range, boolean reverse) {
    NavigableMap<byte[], Entry> part = sub(entries, range);
    return reverse ? part.descendingMap() : part;
  }

  int size() {
    return entries.size();
  }

  private static NavigableMap<byte[], Entry> sub(TreeMap<byte[], Entry> map, KeyRange range) {
    if (range.isEmpty()) {
      return new TreeMap<>(Collections.emptyMap());
    }
    NavigableMap<byte[], Entry> part = map;
    if (range.from() != null) {
      part = part.tailMap(range.from(), true);
    }
    return range.to() == null ? part : part.headMap(range.to(), false);
  }
}
