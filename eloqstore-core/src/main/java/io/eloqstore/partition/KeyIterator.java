/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.ValueBuffer;
import java.util.Arrays;
import java.util.List;

/** A snapshot iterator over keys: rows as they are, buckets spread out into their long keys. */
final class KeyIterator implements EntryIterator {
  private final LongKeys keys;
  private final RowIterator rows;
  private final KeyRange range;
  private final boolean reverse;
  // As it was when this was opened: the first long key of a foreign store changes it.
  private final boolean bucketKeys;
  private final ValueBuffer longValue = new ValueBuffer();
  private List<KeyBucket.Entry> bucket = List.of();
  private int inBucket;
  private byte[] longKey;

  KeyIterator(LongKeys keys, RowIterator rows, KeyRange range, boolean reverse) {
    this.keys = keys;
    this.rows = rows;
    this.range = range;
    this.reverse = reverse;
    this.bucketKeys = keys.isEnabled();
  }

  @Override
  public boolean next() {
    while (true) {
      if (inBucket < bucket.size()) {
        rows.checkOpen();
        KeyBucket.Entry entry = bucket.get(inBucket++);
        longKey = keys.join(Arrays.copyOf(rows.key(), rows.keyLength()), entry.rest());
        LongKeys.copy(entry, longValue);
        return true;
      }
      longKey = null;
      if (!rows.next()) {
        return false;
      }
      if (!bucketKeys || !keys.isBucket(rows.keyLength())) {
        return true;
      }
      bucket = keys.expand(rows.key(), rows.value(), range, reverse);
      inBucket = 0;
    }
  }

  /** What it walks, for checks. */
  RowIterator rows() {
    return rows;
  }

  @Override
  public byte[] key() {
    return longKey != null ? longKey : rows.key();
  }

  @Override
  public int keyLength() {
    return longKey != null ? longKey.length : rows.keyLength();
  }

  @Override
  public ValueBuffer value() {
    return longKey != null ? longValue : rows.value();
  }

  @Override
  public void close() {
    rows.close();
  }
}
