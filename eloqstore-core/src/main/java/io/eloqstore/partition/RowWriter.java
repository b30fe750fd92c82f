/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.buffer.AppendOutcome;
import io.eloqstore.buffer.BufferRecords;
import io.eloqstore.page.LeafBuilder;
import java.util.Arrays;
import java.util.List;

/**
 * The owner's writes of rows: into the active buffer, large values into pages first. Owner only.
 */
final class RowWriter implements AutoCloseable {
  private static final List<LargeRun> NO_RUNS = List.of();

  private static final long NEVER = -1;

  private final PartitionContext context;
  private final Rows rows;
  private final RowReader reader;
  private final LargeValues largeValues;
  private byte[] chunkKey = new byte[64];

  RowWriter(PartitionContext context, Rows rows, RowReader reader) {
    this.context = context;
    this.rows = rows;
    this.reader = reader;
    this.largeValues = new LargeValues(context);
  }

  void put(byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int length) {
    write(key, keyOffset, keyLength, value, valueOffset, length, 0, 0, 0);
  }

  /** Stores a chunk of a list: the flush may join it with the one before. */
  void putListChunk(byte[] key, int keyLength, byte[] value, int valueOffset, int length) {
    write(key, 0, keyLength, value, valueOffset, length, BufferRecords.LIST_CHUNK, 0, 0);
  }

  /** Stores the head of a list: its dead chunks go with the flush. */
  void putListHead(byte[] key, int keyLength, byte[] value, int length) {
    write(key, 0, keyLength, value, 0, length, BufferRecords.LIST_HEAD, 0, 0);
  }

  /** Stores a row with its times unless the stored one has a higher timestamp. */
  void put(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int length,
      long timestamp,
      long expireTs) {
    if (storedTimestamp(key, keyOffset, keyLength) <= timestamp) {
      int flags = BufferRecords.HAS_TIMESTAMP | (expireTs == 0 ? 0 : BufferRecords.HAS_EXPIRE);
      write(key, keyOffset, keyLength, value, valueOffset, length, flags, timestamp, expireTs);
    }
  }

  void delete(byte[] key, int offset, int length) {
    write(key, offset, length, key, offset, 0, BufferRecords.DELETE, 0, 0);
  }

  void delete(byte[] key, int offset, int length, long timestamp) {
    if (storedTimestamp(key, offset, length) <= timestamp) {
      delete(key, offset, length);
    }
  }

  private long storedTimestamp(byte[] key, int offset, int length) {
    return rows.readStable(view -> reader.storedTimestamp(view, key, offset, length));
  }

  private void write(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int length,
      int flags,
      long timestamp,
      long expireTs) {
    rows.enter();
    try {
      if ((flags & BufferRecords.DELETE) == 0
          && !LeafBuilder.fitsAlone(
              context.options().pageBytes(), keyLength, length, Long.MAX_VALUE, expireTs)) {
        writeLarge(
            key, keyOffset, keyLength, value, valueOffset, length, flags, timestamp, expireTs);
      } else {
        store(
            key,
            keyOffset,
            keyLength,
            value,
            valueOffset,
            length,
            flags,
            timestamp,
            expireTs,
            NO_RUNS);
      }
    } finally {
      rows.leave();
    }
  }

  private void writeLarge(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int length,
      int flags,
      long timestamp,
      long expireTs) {
    LargeDescriptor descriptor;
    try {
      descriptor = largeValues.write(keyLength, expireTs, value, valueOffset, length);
    } catch (StoreException e) {
      // The memory for pages is taken before the first of them is written.
      throw e.code() == StoreErrorCode.OUT_OF_MEMORY ? e : rows.poison(e);
    }
    byte[] bytes = descriptor.encode();
    store(
        key,
        keyOffset,
        keyLength,
        bytes,
        0,
        bytes.length,
        flags | BufferRecords.LARGE,
        timestamp,
        expireTs,
        descriptor.runs());
    largeValues.handedOver();
  }

  private void store(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int length,
      int flags,
      long timestamp,
      long expireTs,
      List<LargeRun> runs) {
    long next = rows.nextSequence();
    long freedBefore = NEVER;
    int waits = 0;
    while (true) {
      Generation active = rows.view().active();
      // A value over one that a range delete hides is a new one: it takes no timestamp from it.
      int stored =
          (flags & (BufferRecords.DELETE | BufferRecords.HAS_TIMESTAMP)) == 0
                  && active.hasCuts()
                  && active.isHidden(key, keyOffset, keyLength)
              ? flags | BufferRecords.HAS_TIMESTAMP
              : flags;
      if (active
          .buffer()
          .put(
              key,
              keyOffset,
              keyLength,
              value,
              valueOffset,
              length,
              stored,
              timestamp,
              expireTs,
              next)) {
        // Before the buffer can be frozen: its flush must know them.
        for (int i = 0; i < runs.size(); i++) {
          active.addLargeRun(runs.get(i), next);
        }
        freezeIfFull(active);
        return;
      }
      long freed = context.budget().freedCount();
      if (freed == freedBefore) {
        rows.makeRoom(freed, waits++);
      }
      // What was freed since the attempt may be enough: it failed for certain only if nothing was.
      freedBefore = freed;
    }
  }

  /** What only pays while one large value follows the other goes. */
  void releaseNative() {
    largeValues.releaseNative();
  }

  private void freezeIfFull(Generation active) {
    if (rows.isGiveBackAsked()
        || active.hasManyCuts()
        || active.isFull()
            && !context.background().freezeLarger(rows, active.buffer().usedBytes())) {
      rows.freezeActive();
    }
  }

  /**
   * Extends the newest chunk of a list, if it lies in the active buffer and stays within a page.
   *
   * @param lastKey the list's key and the largest chunk number
   * @return whether that was possible; nothing changed otherwise
   */
  boolean extendList(byte[] lastKey, int keyLength, byte[] more, int moreOffset, int moreLength) {
    rows.enter();
    try {
      Generation active = rows.view().active();
      int record = active.buffer().floor(lastKey, 0, keyLength);
      if (record == 0 || !isLiveChunk(active, record, lastKey, keyLength)) {
        return false;
      }
      AppendOutcome outcome =
          active
              .buffer()
              .appendValue(
                  record,
                  OwnedPartition.LIST_DELIMITER,
                  more,
                  moreOffset,
                  moreLength,
                  chunkBytesMax(context, keyLength),
                  rows.nextSequence());
      if (outcome == AppendOutcome.EXTENDED) {
        freezeIfFull(active);
      }
      return outcome == AppendOutcome.EXTENDED;
    } finally {
      rows.leave();
    }
  }

  /**
   * Whether a record is a chunk of the list, not cut away, with an element a delimiter can follow.
   */
  private boolean isLiveChunk(Generation active, int record, byte[] lastKey, int keyLength) {
    BufferRecords records = active.buffer().records();
    int listKeyLength = keyLength - Long.BYTES;
    if (records.keyLength(record) != keyLength
        || context.arena().compare(records.keyAt(record), listKeyLength, lastKey, 0, listKeyLength)
            != 0
        || active.hasCuts() && isCut(active, record, keyLength)) {
      return false;
    }
    long number = context.arena().getLongBigEndian(records.keyAt(record) + listKeyLength);
    if (number == 0) {
      // The head of a cleared list is eight bytes with no element behind them.
      return records.valueLength(record) > Long.BYTES;
    }
    return number >= firstLiveNumber(active, lastKey, keyLength);
  }

  private boolean isCut(Generation active, int record, int keyLength) {
    BufferRecords records = active.buffer().records();
    records.copyKey(record, chunkKey(keyLength), 0);
    return active.coveringCut(chunkKey, 0, keyLength, Long.MAX_VALUE) > records.sequence(record);
  }

  private byte[] chunkKey(int keyLength) {
    if (chunkKey.length < keyLength) {
      chunkKey = new byte[Math.max(keyLength, 2 * chunkKey.length)];
    }
    return chunkKey;
  }

  /**
   * A chunk of this buffer can only be dead by a head of this buffer: older heads have lower
   * numbers.
   */
  private long firstLiveNumber(Generation active, byte[] lastKey, int keyLength) {
    int listKeyLength = keyLength - Long.BYTES;
    System.arraycopy(lastKey, 0, chunkKey(keyLength), 0, listKeyLength);
    Arrays.fill(chunkKey, listKeyLength, keyLength, (byte) 0);
    int head = active.buffer().find(chunkKey, 0, keyLength);
    BufferRecords records = active.buffer().records();
    if (head == 0 || records.isDelete(head)) {
      return 0;
    }
    // A large head lies in overflow pages; not worth a read: the append begins a chunk instead.
    return (records.flags(head) & BufferRecords.LARGE) != 0
        ? Long.MAX_VALUE
        : context.arena().getLongBigEndian(records.valueAt(head));
  }

  /** Bytes of a leaf page that a list chunk leaves alone: header, restart array, entry fields. */
  private static final int LIST_CHUNK_OVERHEAD = 64;

  /** Largest value of a list chunk: with its key it stays within a page. */
  static int chunkBytesMax(PartitionContext context, int keyLength) {
    return context.options().pageBytes() - keyLength - LIST_CHUNK_OVERHEAD;
  }

  @Override
  public void close() {
    largeValues.close();
  }
}
