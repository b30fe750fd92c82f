/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.ValueBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Keys of any length over rows whose keys fit a page (architecture D15).
 *
 * <p>A key of {@code prefixBytes} or more lives in a bucket: the row {@code [first prefixBytes
 * bytes] [8-byte big-endian number]}, whose value is a {@link KeyBucket}. The first bucket of a
 * prefix has number 0; one that grows over {@link KeyBucket#BYTES_MAX} is split and the upper half
 * gets the middle of the gap. Ordinary keys are shorter than {@code prefixBytes}, so the byte order
 * of rows is the order of the keys. Rare, so simple beats fast: a change, which may write several
 * rows, holds the gate of the iterators.
 *
 * <p>In a store that a C++ engine wrote, keys up to half a page are ordinary until the first longer
 * one comes; then those of {@code prefixBytes} or more are rewritten. Owner only but for reading.
 */
final class LongKeys implements RowSpace {
  private final Rows rows;
  private final StoreClock clock;
  private final String where;
  private final int prefixBytes;
  private final int pageKeyBytesMax;
  private volatile boolean enabled;

  /**
   * @param enabled whether keys of {@code prefixBytes} or more are in buckets in this store
   */
  LongKeys(PartitionContext context, Rows rows, boolean enabled) {
    this.rows = rows;
    this.clock = context.clock();
    this.where = context.files().directory().toString();
    this.prefixBytes = context.options().bucketPrefixBytes();
    this.pageKeyBytesMax = context.options().pageKeyBytesMax();
    this.enabled = enabled;
  }

  /** Whether the store holds its long keys in buckets; recorded with each commit. */
  boolean isEnabled() {
    return enabled;
  }

  private boolean isLong(int keyLength) {
    return keyLength >= prefixBytes && (enabled || keyLength > pageKeyBytesMax);
  }

  // ---- point operations -------------------------------------------------------------------------

  boolean get(byte[] key, int offset, int length, ValueBuffer target) {
    if (!isLong(length)) {
      return rows.get(key, offset, length, target);
    }
    if (!enabled) {
      return false;
    }
    Bucket bucket = findBucket(key, offset, length);
    int index = bucket == null ? -1 : bucket.content.find(rest(key, offset, length));
    if (index < 0 || isExpired(bucket.content.entries().get(index))) {
      return false;
    }
    if (target != null) {
      copy(bucket.content.entries().get(index), target);
    }
    return true;
  }

  @Override
  public void put(byte[] key, int keyOffset, int keyLength, byte[] value, int offset, int length) {
    if (isLong(keyLength)) {
      putLong(key, keyOffset, keyLength, value, offset, length, 0, 0, false);
    } else {
      rows.writer().put(key, keyOffset, keyLength, value, offset, length);
    }
  }

  void put(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int offset,
      int length,
      long timestamp,
      long expireTs) {
    if (isLong(keyLength)) {
      putLong(key, keyOffset, keyLength, value, offset, length, timestamp, expireTs, true);
    } else {
      rows.writer().put(key, keyOffset, keyLength, value, offset, length, timestamp, expireTs);
    }
  }

  void delete(byte[] key, int offset, int length) {
    if (isLong(length)) {
      deleteLong(key, offset, length, Long.MAX_VALUE);
    } else {
      rows.writer().delete(key, offset, length);
    }
  }

  void delete(byte[] key, int offset, int length, long timestamp) {
    if (isLong(length)) {
      deleteLong(key, offset, length, timestamp);
    } else {
      rows.writer().delete(key, offset, length, timestamp);
    }
  }

  private void putLong(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int offset,
      int length,
      long timestamp,
      long expireTs,
      boolean lastWriterWins) {
    synchronized (rows.gate()) {
      change(key, keyOffset, keyLength, value, offset, length, timestamp, expireTs, lastWriterWins);
    }
  }

  private void change(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int offset,
      int length,
      long timestamp,
      long expireTs,
      boolean lastWriterWins) {
    enable();
    byte[] rest = rest(key, keyOffset, keyLength);
    byte[] prefix = Arrays.copyOfRange(key, keyOffset, keyOffset + prefixBytes);
    Bucket bucket = findBucket(key, keyOffset, keyLength);
    if (bucket == null) {
      bucket = new Bucket(prefix, 0, new KeyBucket(List.of()));
    }
    int index = bucket.content.find(rest);
    long stored = timestamp;
    if (index >= 0 && !isExpired(bucket.content.entries().get(index))) {
      long present = bucket.content.entries().get(index).timestamp();
      if (lastWriterWins && present > timestamp) {
        return;
      }
      stored = lastWriterWins ? timestamp : present;
    }
    bucket.content.set(
        new KeyBucket.Entry(
            rest, Arrays.copyOfRange(value, offset, offset + length), stored, expireTs));
    store(bucket);
  }

  private void deleteLong(byte[] key, int offset, int length, long timestamp) {
    if (!enabled) {
      return;
    }
    synchronized (rows.gate()) {
      Bucket bucket = findBucket(key, offset, length);
      int index = bucket == null ? -1 : bucket.content.find(rest(key, offset, length));
      if (index >= 0 && bucket.content.entries().get(index).timestamp() <= timestamp) {
        bucket.content.entries().remove(index);
        store(bucket);
      }
    }
  }

  // ---- ranges -----------------------------------------------------------------------------------

  void deleteRange(KeyRange range) {
    boolean longFrom = enabled && isLongEnd(range.from());
    boolean longTo = enabled && isLongEnd(range.to());
    if (!longFrom && !longTo) {
      rows.deleteRange(range);
      return;
    }
    synchronized (rows.gate()) {
      if (longFrom) {
        trim(range.from(), range);
      }
      if (longTo) {
        trim(range.to(), range);
      }
      rows.deleteRange(
          new KeyRange(
              longFrom ? behindBuckets(range.from()) : range.from(),
              longTo ? bucketKey(range.to(), 0) : range.to()));
    }
  }

  private boolean isLongEnd(byte[] end) {
    return end != null && end.length >= prefixBytes;
  }

  /**
   * Removes what lies in the range from the buckets that share the first bytes of one of its ends.
   */
  private void trim(byte[] end, KeyRange range) {
    byte[] prefix = Arrays.copyOf(end, prefixBytes);
    for (Bucket bucket : buckets(prefix)) {
      boolean changed =
          bucket
              .content
              .entries()
              .removeIf(
                  entry -> {
                    byte[] key = join(prefix, entry.rest());
                    return range.contains(key, 0, key.length);
                  });
      if (changed) {
        store(bucket);
      }
    }
  }

  @Override
  public boolean scan(KeyRange range, boolean reverse, RowConsumer consumer) {
    if (!enabled) {
      return rows.scan(range, reverse, consumer);
    }
    ValueBuffer value = new ValueBuffer();
    return rows.scan(
        rowRange(range),
        reverse,
        (key, keyLength, row) -> {
          if (!isBucket(keyLength)) {
            return consumer.accept(key, keyLength, row);
          }
          for (KeyBucket.Entry entry : expand(key, row, range, reverse)) {
            byte[] whole = join(Arrays.copyOf(key, prefixBytes), entry.rest());
            copy(entry, value);
            if (!consumer.accept(whole, whole.length, value)) {
              return false;
            }
          }
          return true;
        });
  }

  @Override
  public boolean scanLength(KeyRange range, int keyLength, RowConsumer consumer) {
    // Bucket rows and what they hold are longer than any short key: they need no unpacking.
    return isLong(keyLength) ? scan(range, false, consumer) : rows.scan(range, false, consumer);
  }

  boolean isBucket(int keyLength) {
    return enabled && keyLength == prefixBytes + Long.BYTES;
  }

  /** The live entries of a bucket row that lie in a range, in the order of the walk. */
  List<KeyBucket.Entry> expand(byte[] rowKey, ValueBuffer row, KeyRange range, boolean reverse) {
    byte[] prefix = Arrays.copyOf(rowKey, prefixBytes);
    List<KeyBucket.Entry> found = new ArrayList<>();
    for (KeyBucket.Entry entry : KeyBucket.decode(row.bytes(), row.length(), where).entries()) {
      byte[] key = join(prefix, entry.rest());
      if (!isExpired(entry) && range.contains(key, 0, key.length)) {
        found.add(entry);
      }
    }
    if (reverse) {
      Collections.reverse(found);
    }
    return found;
  }

  /** The rows that may hold keys of a range. */
  KeyRange rowRange(KeyRange range) {
    if (!enabled) {
      return range;
    }
    return new KeyRange(
        isLongEnd(range.from()) ? bucketKey(range.from(), 0) : range.from(),
        isLongEnd(range.to()) ? behindBuckets(range.to()) : range.to());
  }

  @Override
  public void putListChunk(byte[] key, int keyLength, byte[] value, int offset, int length) {
    if (isLong(keyLength)) {
      putLong(key, 0, keyLength, value, offset, length, 0, 0, false);
    } else {
      rows.writer().putListChunk(key, keyLength, value, offset, length);
    }
  }

  @Override
  public void putListHead(byte[] key, int keyLength, byte[] value, int length) {
    if (isLong(keyLength)) {
      putLong(key, 0, keyLength, value, 0, length, 0, 0, false);
    } else {
      rows.writer().putListHead(key, keyLength, value, length);
    }
  }

  @Override
  public boolean extendList(
      byte[] lastKey, int keyLength, byte[] more, int moreOffset, int moreLength) {
    return !isLong(keyLength)
        && rows.writer().extendList(lastKey, keyLength, more, moreOffset, moreLength);
  }

  @Override
  public long sequence() {
    return rows.sequence();
  }

  // ---- buckets ----------------------------------------------------------------------------------

  /** A bucket and where it is stored. */
  private record Bucket(byte[] prefix, long number, KeyBucket content) {}

  /** The bucket that a long key belongs to: the last one whose first entry is not above it. */
  private Bucket findBucket(byte[] key, int offset, int length) {
    byte[] prefix = Arrays.copyOfRange(key, offset, offset + prefixBytes);
    byte[] rest = rest(key, offset, length);
    Bucket[] found = new Bucket[1];
    rows.scan(
        new KeyRange(bucketKey(prefix, 0), behindBuckets(prefix)),
        true,
        (rowKey, rowKeyLength, row) -> {
          KeyBucket content = KeyBucket.decode(row.bytes(), row.length(), where);
          found[0] = new Bucket(prefix, ListChunks.getLong(rowKey, prefixBytes), content);
          return found[0].number != 0
              && !content.entries().isEmpty()
              && Arrays.compareUnsigned(content.entries().get(0).rest(), rest) > 0;
        });
    return found[0];
  }

  /** All buckets of a prefix, ascending. */
  private List<Bucket> buckets(byte[] prefix) {
    List<Bucket> found = new ArrayList<>();
    rows.scan(
        new KeyRange(bucketKey(prefix, 0), behindBuckets(prefix)),
        false,
        (rowKey, rowKeyLength, row) ->
            found.add(
                new Bucket(
                    prefix,
                    ListChunks.getLong(rowKey, prefixBytes),
                    KeyBucket.decode(row.bytes(), row.length(), where))));
    return found;
  }

  private void store(Bucket bucket) {
    KeyBucket content = bucket.content;
    content.entries().removeIf(this::isExpired);
    if (content.entries().isEmpty()) {
      byte[] key = bucketKey(bucket.prefix, bucket.number);
      rows.writer().delete(key, 0, key.length);
      return;
    }
    if (content.encodedBytes() > KeyBucket.BYTES_MAX && content.entries().size() > 1) {
      long next = numberBehind(bucket);
      long gap = next - bucket.number;
      if (gap >>> 1 == 0) {
        renumber(bucket);
        return;
      }
      KeyBucket upper = content.split();
      // The upper half first: if the second write fails, keys are there twice and none is lost.
      store(new Bucket(bucket.prefix, bucket.number + (gap >>> 1), upper));
      write(bucket.prefix, bucket.number, content);
      return;
    }
    write(bucket.prefix, bucket.number, content);
  }

  private void write(byte[] prefix, long number, KeyBucket content) {
    byte[] key = bucketKey(prefix, number);
    byte[] value = content.encode();
    rows.writer().put(key, 0, key.length, value, 0, value.length);
  }

  /** Number of the bucket behind this one, unsigned; the largest number when it is the last. */
  private long numberBehind(Bucket bucket) {
    for (Bucket other : buckets(bucket.prefix)) {
      if (Long.compareUnsigned(other.number, bucket.number) > 0) {
        return other.number;
      }
    }
    return -1L;
  }

  /** Spreads the buckets of a prefix evenly over the numbers, the changed one in its place. */
  private void renumber(Bucket changed) {
    List<KeyBucket> contents = new ArrayList<>();
    for (Bucket bucket : buckets(changed.prefix)) {
      KeyBucket content = bucket.number == changed.number ? changed.content : bucket.content;
      if (bucket.number == changed.number) {
        KeyBucket upper = content.split();
        contents.add(content);
        contents.add(upper);
      } else {
        contents.add(content);
      }
      byte[] old = bucketKey(bucket.prefix, bucket.number);
      rows.writer().delete(old, 0, old.length);
    }
    long step = Long.divideUnsigned(-1L, contents.size() + 1L);
    for (int i = 0; i < contents.size(); i++) {
      write(changed.prefix, i * step, contents.get(i));
    }
  }

  /**
   * Moves ordinary keys of {@code prefixBytes} or more into buckets: once in the life of a store.
   */
  private void enable() {
    if (enabled) {
      return;
    }
    List<byte[]> ordinary = new ArrayList<>();
    rows.scan(
        KeyRange.ALL,
        false,
        (key, keyLength, row) -> {
          if (keyLength >= prefixBytes) {
            ordinary.add(Arrays.copyOf(key, keyLength));
          }
          return true;
        });
    List<KeyBucket.Entry> values = new ArrayList<>();
    ValueBuffer value = new ValueBuffer();
    for (byte[] key : ordinary) {
      if (rows.get(key, 0, key.length, value)) {
        values.add(
            new KeyBucket.Entry(key, value.toByteArray(), value.timestamp(), value.expireTs()));
      }
      rows.writer().delete(key, 0, key.length);
    }
    enabled = true;
    for (KeyBucket.Entry entry : values) {
      byte[] key = entry.rest();
      byte[] bytes = entry.value();
      putLong(
          key, 0, key.length, bytes, 0, bytes.length, entry.timestamp(), entry.expireTs(), true);
    }
  }

  private byte[] bucketKey(byte[] key, long number) {
    byte[] row = Arrays.copyOf(key, prefixBytes);
    row = Arrays.copyOf(row, prefixBytes + Long.BYTES);
    ListChunks.putLong(row, prefixBytes, number);
    return row;
  }

  /** The smallest row key above every bucket of the prefix that a key begins with. */
  private byte[] behindBuckets(byte[] key) {
    return Arrays.copyOf(bucketKey(key, -1L), prefixBytes + Long.BYTES + 1);
  }

  private byte[] rest(byte[] key, int offset, int length) {
    return Arrays.copyOfRange(key, offset + prefixBytes, offset + length);
  }

  byte[] join(byte[] prefix, byte[] rest) {
    byte[] key = Arrays.copyOf(prefix, prefixBytes + rest.length);
    System.arraycopy(rest, 0, key, prefixBytes, rest.length);
    return key;
  }

  private boolean isExpired(KeyBucket.Entry entry) {
    return entry.expireTs() != 0 && entry.expireTs() <= clock.nowMs();
  }

  static void copy(KeyBucket.Entry entry, ValueBuffer target) {
    byte[] value = entry.value();
    System.arraycopy(value, 0, target.setLength(value.length), 0, value.length);
    target.setTimes(entry.timestamp(), entry.expireTs());
  }
}
