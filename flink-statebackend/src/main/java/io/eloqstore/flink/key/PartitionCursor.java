/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import java.util.Arrays;

/**
 * Walks a range of a partition, a batch at a time, pinning nothing in between. Weakly consistent:
 * entries written or removed behind the present batch are seen or not seen as they are then.
 *
 * <p>Belongs to the partition's owner. Needs no close.
 */
public final class PartitionCursor {
  private static final int FIRST_ENTRIES = 32;
  private static final int ENTRIES = 512;
  private static final int BYTES = 64 << 10;

  private final OwnedPartition partition;
  private KeyRange rest;
  private EntryBatch batch = new EntryBatch(FIRST_ENTRIES, BYTES);
  private int index;
  private boolean more = true;

  public PartitionCursor(OwnedPartition partition, KeyRange range) {
    this.partition = partition;
    this.rest = range;
  }

  /**
   * Moves to the next entry.
   *
   * @return whether there is one
   */
  public boolean next() {
    index++;
    while (index >= batch.count()) {
      if (!more) {
        return false;
      }
      if (batch.count() >= FIRST_ENTRIES) {
        // A range this long is worth larger steps.
        batch = new EntryBatch(ENTRIES, BYTES);
      }
      more = partition.scan(rest, false, batch);
      index = 0;
      if (batch.count() > 0) {
        rest = new KeyRange(successor(batch.key(batch.count() - 1)), rest.to());
      }
    }
    return true;
  }

  /** Continues at the first entry that does not begin with {@code prefix}. */
  public void skipPrefix(byte[] prefix) {
    byte[] from = KeyRange.successorOfPrefix(prefix);
    if (from == null) {
      more = false;
      index = batch.count();
      return;
    }
    while (index + 1 < batch.count()) {
      int offset = batch.keyOffset(index + 1);
      int end = offset + batch.keyLength(index + 1);
      if (Arrays.compareUnsigned(batch.bytes(), offset, end, from, 0, from.length) >= 0) {
        return;
      }
      index++;
    }
    if (more && (rest.from() == null || Arrays.compareUnsigned(rest.from(), from) < 0)) {
      rest = new KeyRange(from, rest.to());
      more = !rest.isEmpty();
    }
  }

  /** Holds key and value of the present entry; valid until the next move. */
  public byte[] bytes() {
    return batch.bytes();
  }

  public int keyOffset() {
    return batch.keyOffset(index);
  }

  public int keyLength() {
    return batch.keyLength(index);
  }

  public int valueOffset() {
    return batch.valueOffset(index);
  }

  public int valueLength() {
    return batch.valueLength(index);
  }

  private static byte[] successor(byte[] key) {
    return Arrays.copyOf(key, key.length + 1);
  }
}
