/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.CorruptionException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The value of a bucket row: a sorted list of what follows the first bytes of long keys, with
 * values.
 *
 * <p>Bytes, big-endian: {@code magic u64, count u32}, then for each entry {@code restLength u32,
 * valueLength u32, timestamp i64, expireTs u64, rest, value}. Covered by the page checksums.
 */
final class KeyBucket {
  /** A bucket above this size is split. */
  static final int BYTES_MAX = 64 << 10;

  private static final long MAGIC = 0x454c4f5142554b31L;
  private static final int HEADER_BYTES = 12;
  private static final int ENTRY_BYTES = 24;

  /** One long key: what follows the bucket's prefix, and its value. */
  record Entry(byte[] rest, byte[] value, long timestamp, long expireTs) {}

  private final List<Entry> entries;

  KeyBucket(List<Entry> entries) {
    this.entries = new ArrayList<>(entries);
  }

  static KeyBucket decode(byte[] source, int length, String where) {
    ByteBuffer bytes = ByteBuffer.wrap(source, 0, length);
    try {
      long magic = bytes.getLong();
      if (magic != MAGIC) {
        throw new CorruptionException(
            where, -1, "magic of a key bucket", Long.toHexString(MAGIC), Long.toHexString(magic));
      }
      int count = bytes.getInt();
      List<Entry> entries = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int restLength = bytes.getInt();
        int valueLength = bytes.getInt();
        long timestamp = bytes.getLong();
        long expireTs = bytes.getLong();
        if (restLength < 0
            || valueLength < 0
            || (long) restLength + valueLength > bytes.remaining()) {
          throw new BufferUnderflowException();
        }
        byte[] rest = new byte[restLength];
        byte[] value = new byte[valueLength];
        bytes.get(rest).get(value);
        entries.add(new Entry(rest, value, timestamp, expireTs));
      }
      return new KeyBucket(entries);
    } catch (BufferUnderflowException e) {
      throw new CorruptionException(
          where,
          -1,
          "key bucket",
          "entries inside its " + length + " bytes",
          "entries beyond them");
    }
  }

  byte[] encode() {
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(encodedBytes()));
    bytes.putLong(MAGIC).putInt(entries.size());
    for (Entry entry : entries) {
      bytes
          .putInt(entry.rest().length)
          .putInt(entry.value().length)
          .putLong(entry.timestamp())
          .putLong(entry.expireTs())
          .put(entry.rest())
          .put(entry.value());
    }
    return bytes.array();
  }

  long encodedBytes() {
    long total = HEADER_BYTES;
    for (Entry entry : entries) {
      total += ENTRY_BYTES + (long) entry.rest().length + entry.value().length;
    }
    return total;
  }

  /** Sorted by {@code rest}; the live list. */
  List<Entry> entries() {
    return entries;
  }

  /** Index of the entry, or {@code -(insertion point) - 1}. */
  int find(byte[] rest) {
    int low = 0;
    int high = entries.size() - 1;
    while (low <= high) {
      int middle = low + high >>> 1;
      int order = Arrays.compareUnsigned(entries.get(middle).rest(), rest);
      if (order == 0) {
        return middle;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -low - 1;
  }

  void set(Entry entry) {
    int index = find(entry.rest());
    if (index >= 0) {
      entries.set(index, entry);
    } else {
      entries.add(-index - 1, entry);
    }
  }

  /** Takes the upper half of the bytes away. */
  KeyBucket split() {
    long half = encodedBytes() / 2;
    long seen = HEADER_BYTES;
    int keep = 0;
    while (keep < entries.size() - 1 && (keep == 0 || seen < half)) {
      seen +=
          ENTRY_BYTES + (long) entries.get(keep).rest().length + entries.get(keep).value().length;
      keep++;
    }
    List<Entry> upper = entries.subList(keep, entries.size());
    KeyBucket other = new KeyBucket(upper);
    upper.clear();
    return other;
  }
}
