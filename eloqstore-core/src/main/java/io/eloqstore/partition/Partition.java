/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.EntryBuffer;
import io.eloqstore.api.EntryFilter;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.PartitionStatistics;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.api.ValueConsumer;
import io.eloqstore.api.WriteBatch;
import io.eloqstore.mapping.MappingSnapshot;
import java.util.List;
import java.util.Map;

/**
 * The aggregate behind {@link OwnedPartition}: checks arguments and ties rows, long keys, lists and
 * commits together.
 */
public final class Partition implements OwnedPartition {
  private final PartitionContext context;
  private final Rows rows;
  private final LongKeys keys;
  private final ListChunks lists;
  private final Neighbours neighbours;
  private final BatchWrite batches;
  private final Committer committer;
  private final AutoCloseable directory;
  private final boolean readOnly;
  private Runnable afterClose = () -> {};
  private volatile boolean closed;

  Partition(
      PartitionContext context,
      Rows rows,
      LongKeys keys,
      Committer committer,
      AutoCloseable directory,
      boolean readOnly) {
    this.context = context;
    this.rows = rows;
    this.keys = keys;
    this.lists = new ListChunks(keys);
    this.neighbours = new Neighbours(keys);
    this.batches = new BatchWrite(context, rows, keys);
    this.committer = committer;
    this.directory = directory;
    this.readOnly = readOnly;
  }

  @Override
  public PartitionId id() {
    return context.id();
  }

  @Override
  public StoreOptions options() {
    return context.options();
  }

  // ---- point operations -------------------------------------------------------------------------

  @Override
  public boolean get(byte[] key, int offset, int length, ValueBuffer target) {
    checkKey(key, offset, length);
    checkTarget(target);
    return keys.get(key, offset, length, target);
  }

  @Override
  public boolean contains(byte[] key, int offset, int length) {
    checkKey(key, offset, length);
    return keys.get(key, offset, length, null);
  }

  @Override
  public void multiGet(byte[][] wanted, ValueBuffer target, ValueConsumer consumer) {
    if (wanted == null || consumer == null) {
      throw invalid("keys and consumer of a read must not be null");
    }
    checkTarget(target);
    for (int i = 0; i < wanted.length; i++) {
      if (wanted[i] == null || wanted[i].length == 0) {
        throw invalid("key " + i + " of a read must hold at least one byte");
      }
    }
    for (int i = 0; i < wanted.length; i++) {
      boolean found = keys.get(wanted[i], 0, wanted[i].length, target);
      consumer.accept(i, found ? target : null);
    }
  }

  @Override
  public void put(
      byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int valueLength) {
    checkWrite(key, keyOffset, keyLength);
    checkValue(value, valueOffset, valueLength);
    keys.put(key, keyOffset, keyLength, value, valueOffset, valueLength);
  }

  @Override
  public void put(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int valueLength,
      long timestamp,
      long expireTs) {
    checkWrite(key, keyOffset, keyLength);
    checkValue(value, valueOffset, valueLength);
    if (timestamp < 0 || expireTs < 0) {
      throw invalid(
          "timestamp and expiry must be at least 0, found " + timestamp + " and " + expireTs);
    }
    keys.put(key, keyOffset, keyLength, value, valueOffset, valueLength, timestamp, expireTs);
  }

  @Override
  public boolean putIfAbsent(
      byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int valueLength) {
    checkWrite(key, keyOffset, keyLength);
    checkValue(value, valueOffset, valueLength);
    if (keys.get(key, keyOffset, keyLength, null)) {
      return false;
    }
    keys.put(key, keyOffset, keyLength, value, valueOffset, valueLength);
    return true;
  }

  @Override
  public void delete(byte[] key, int offset, int length) {
    checkWrite(key, offset, length);
    keys.delete(key, offset, length);
  }

  @Override
  public void delete(byte[] key, int offset, int length, long timestamp) {
    checkWrite(key, offset, length);
    keys.delete(key, offset, length, timestamp);
  }

  @Override
  public void deleteRange(KeyRange range) {
    checkWritable();
    if (range == null) {
      throw invalid("the range to delete must not be null");
    }
    keys.deleteRange(range);
  }

  @Override
  public void deleteFrom(byte[] position) {
    if (position == null) {
      throw invalid("the position to delete from must not be null");
    }
    deleteRange(position.length == 0 ? KeyRange.ALL : new KeyRange(position, null));
  }

  @Override
  public void write(WriteBatch batch) {
    checkWritable();
    if (batch == null) {
      throw invalid("the batch to write must not be null");
    }
    rows.checkOpen();
    batches.apply(batch.resolved());
  }

  // ---- lists ------------------------------------------------------------------------------------

  @Override
  public void appendToList(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] elements,
      int elementsOffset,
      int elementsLength) {
    checkWrite(key, keyOffset, keyLength);
    checkValue(elements, elementsOffset, elementsLength);
    lists.append(key, keyOffset, keyLength, elements, elementsOffset, elementsLength);
  }

  @Override
  public void putList(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] elements,
      int elementsOffset,
      int elementsLength) {
    checkWrite(key, keyOffset, keyLength);
    checkValue(elements, elementsOffset, elementsLength);
    lists.put(key, keyOffset, keyLength, elements, elementsOffset, elementsLength);
  }

  @Override
  public void clearList(byte[] key, int offset, int length) {
    checkWrite(key, offset, length);
    lists.clear(key, offset, length);
  }

  @Override
  public boolean getList(byte[] key, int offset, int length, ValueBuffer target) {
    checkKey(key, offset, length);
    checkTarget(target);
    return lists.get(key, offset, length, target);
  }

  // ---- neighbours -------------------------------------------------------------------------------

  @Override
  public boolean floor(byte[] key, int offset, int length, EntryBuffer target) {
    checkSearch(key, offset, length, target);
    return neighbours.below(key, offset, length, true, target);
  }

  @Override
  public boolean ceiling(byte[] key, int offset, int length, EntryBuffer target) {
    checkSearch(key, offset, length, target);
    return neighbours.above(key, offset, length, true, target);
  }

  @Override
  public boolean lower(byte[] key, int offset, int length, EntryBuffer target) {
    checkSearch(key, offset, length, target);
    return neighbours.below(key, offset, length, false, target);
  }

  @Override
  public boolean higher(byte[] key, int offset, int length, EntryBuffer target) {
    checkSearch(key, offset, length, target);
    return neighbours.above(key, offset, length, false, target);
  }

  // ---- scans ------------------------------------------------------------------------------------

  @Override
  public EntryIterator iterator(KeyRange range, boolean reverse) {
    if (range == null) {
      throw invalid("the range of an iterator must not be null");
    }
    return new KeyIterator(keys, rows.iterator(keys.rowRange(range), reverse), range, reverse);
  }

  @Override
  public boolean scan(KeyRange range, boolean reverse, EntryBatch batch) {
    if (range == null || batch == null) {
      throw invalid("range and batch of a scan must not be null");
    }
    batch.clear();
    boolean[] more = new boolean[1];
    keys.scan(
        range,
        reverse,
        (key, keyLength, value) -> {
          if (batch.isFull()) {
            more[0] = true;
            return false;
          }
          batch.add(key, keyLength, value.bytes(), value.length());
          return true;
        });
    return more[0];
  }

  // ---- background -------------------------------------------------------------------------------

  @Override
  public void setEntryFilter(EntryFilter filter) {
    checkWritable();
    rows.checkOpen();
    context.filtering().set(filter);
  }

  @Override
  public void allowConcurrentIterators() {
    checkWritable();
    rows.allowGuestIterators();
  }

  @Override
  public void requestSweep() {
    checkWritable();
    rows.checkOpen();
    context.filtering().askForSweep();
    context.background().request(rows);
  }

  @Override
  public void cleanExpired() {
    checkWritable();
    rows.maintenance().cleanExpired();
  }

  @Override
  public void compact() {
    checkWritable();
    context.requireAppendMode("compaction");
    rows.maintenance().compact();
  }

  // ---- commits ----------------------------------------------------------------------------------

  @Override
  public FreezePoint freeze() {
    checkWritable();
    long start = System.nanoTime();
    RowsPoint point = rows.freeze();
    context.counters().freeze().since(start);
    return new CommitPoint(context.pins(), committer, point, keys.isEnabled());
  }

  @Override
  public void commit(Map<String, byte[]> metadata) {
    try (FreezePoint point = freeze();
        PartitionImage image = point.commit(metadata)) {
      assert image != null;
    }
  }

  @Override
  public void seal() {
    checkWritable();
    rows.mergeAll();
    RowsPoint point = rows.freeze();
    try {
      Root root = point.await();
      try {
        committer.seal(root, point.sequence(), keys.isEnabled());
      } finally {
        root.release();
      }
    } finally {
      point.close();
    }
  }

  @Override
  public void archive(long timestamp) {
    checkWritable();
    checkTimestamp(timestamp);
    committer.archive(timestamp);
  }

  private void checkTimestamp(long timestamp) {
    if (timestamp < 0) {
      throw invalid("the timestamp of an archive must be at least 0, found " + timestamp);
    }
  }

  /**
   * Fixes the present content, to be committed with the metadata of the last commit and archived.
   * Owner only.
   */
  public ArchivePoint freezeForArchive(long timestamp) {
    checkWritable();
    checkTimestamp(timestamp);
    committer.checkNewArchive(timestamp);
    return new ArchivePoint(committer, rows.freeze(), keys.isEnabled(), timestamp);
  }

  @Override
  public List<Long> archives() {
    rows.checkOpen();
    return committer.archives();
  }

  @Override
  public void deleteArchive(long timestamp) {
    checkWritable();
    committer.deleteArchive(timestamp);
  }

  @Override
  public void flush() {
    checkWritable();
    rows.flush();
  }

  @Override
  public Map<String, byte[]> metadata() {
    rows.checkOpen();
    return committer.metadata();
  }

  @Override
  public boolean metadataValid() {
    rows.checkOpen();
    return committer.metadataValid();
  }

  @Override
  public long approximateEntryCount() {
    rows.checkOpen();
    View view = rows.view();
    long buffered = view.active().buffer().entryCount();
    for (Generation generation : view.frozen()) {
      buffered += generation.buffer().entryCount();
    }
    for (Segment segment : view.root().segments()) {
      buffered += segment.entries();
    }
    return view.root().counts().entries() + buffered;
  }

  /** What it has and has done. Any thread, also after close: then it has nothing. */
  public PartitionStatistics statistics() {
    View view = rows.view();
    long bufferBytes = 0;
    for (Generation generation : view.all()) {
      bufferBytes += generation.buffer().bytes();
    }
    MappingSnapshot mapping = view.root().mapping();
    long livePages = mapping.mappedCount();
    for (Segment segment : view.root().segments()) {
      livePages += segment.pages();
    }
    return new PartitionStatistics(
        id(),
        context.reads().counts(),
        bufferBytes,
        mapping.bytes(),
        livePages * options().pageBytes(),
        context.files().bytes(),
        context.pins().oldestMs());
  }

  /**
   * Whether it would be the same if it were closed and opened again: everything is committed,
   * nothing is left to do, nobody holds a part of it. The caller sees to it that it is not used.
   */
  boolean isIdle() {
    View view = rows.view();
    return view.active().isEmpty()
        && view.frozen().length == 0
        && view.root().pendingCuts().length == 0
        && rows.poisonOrNull() == null
        && context.pins().isEmpty()
        && committer.isCommitted(view.root(), rows.sequence());
  }

  /** What the worker runs for this partition. */
  public Background.Step backgroundStep() {
    return rows;
  }

  /** Asks for the background work that an earlier run left over. Once, when it is open. */
  public void resumeBackgroundWork() {
    if (!readOnly) {
      rows.resumeBackgroundWork();
    }
  }

  /** Called once, after everything was given back. */
  public void onClose(Runnable action) {
    afterClose = action;
  }

  public boolean isClosed() {
    return closed;
  }

  /** What its parts share, for checks. */
  PartitionContext context() {
    return context;
  }

  /** The rows below keys and lists, for tests of what may stand in them. */
  Rows rows() {
    return rows;
  }

  /** What the last commit published, for the checker. */
  Committer committer() {
    return committer;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    context.stopDeleting();
    StoreException first = null;
    for (AutoCloseable part : new AutoCloseable[] {rows::close, committer, context, directory}) {
      try {
        part.close();
      } catch (Exception e) {
        if (first == null) {
          first =
              e instanceof StoreException known
                  ? known
                  : new StoreException(
                      StoreErrorCode.IO_FAILED, "closing partition " + id() + " failed: " + e, e);
        } else {
          first.addSuppressed(e);
        }
      }
    }
    afterClose.run();
    if (first != null) {
      throw first;
    }
  }

  // ---- checks -----------------------------------------------------------------------------------

  private void checkWrite(byte[] key, int offset, int length) {
    checkWritable();
    checkKey(key, offset, length);
  }

  private void checkWritable() {
    if (readOnly) {
      throw new StoreException(
          StoreErrorCode.NO_PERMISSION, "partition " + id() + " is open for reading only");
    }
  }

  private void checkKey(byte[] key, int offset, int length) {
    if (key == null) {
      throw invalid("the key must not be null");
    }
    if (length < 1 || offset < 0 || offset > key.length - length) {
      throw invalid(
          "a key holds at least one byte of its array: offset "
              + offset
              + ", length "
              + length
              + ", array of "
              + key.length);
    }
  }

  private void checkTarget(Object target) {
    if (target == null) {
      throw invalid("the target of a read must not be null");
    }
  }

  private void checkSearch(byte[] key, int offset, int length, EntryBuffer target) {
    checkKey(key, offset, length);
    checkTarget(target);
  }

  private void checkValue(byte[] value, int offset, int length) {
    if (value == null) {
      throw invalid("the value must not be null");
    }
    if (length < 0 || offset < 0 || offset > value.length - length || length > VALUE_BYTES_MAX) {
      throw invalid(
          "a value lies inside its array: offset "
              + offset
              + ", length "
              + length
              + ", array of "
              + value.length);
    }
  }

  private StoreException invalid(String message) {
    return new StoreException(
        StoreErrorCode.INVALID_ARGUMENT, "partition " + id() + ": " + message);
  }
}
