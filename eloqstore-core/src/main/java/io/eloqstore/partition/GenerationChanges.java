/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.buffer.BufferCursor;
import io.eloqstore.buffer.BufferRecords;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.LeafPage;
import io.eloqstore.tree.ChangeCursor;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * The changes of a frozen generation as the merge wants them: in key order, without what its own
 * range deletes hide, large values as pointer lists, small ones compressed if they are to be.
 *
 * <p>Worker only.
 */
final class GenerationChanges implements ChangeCursor, AutoCloseable {
  private final Generation generation;
  private final MemoryBudget budget;
  private final DeadChunks deadChunks;
  private final ChunkJoin chunkJoin;
  private final LeafCompression compression;
  private final BufferRecords records;
  private final BufferCursor cursor;
  private final long maxSequence;
  private final Consumer<LargeRun> usedRuns;
  private final ValueBuffer descriptorBytes = new ValueBuffer();
  // Pointer list of the present large value; a leaf takes value bytes from the arena.
  private long scratch = MemoryBudget.NONE;
  private int pointerBytes;
  private int largeFlags;
  private int flags;
  private boolean started;
  private boolean hasRecord;
  private boolean isDeadRow;
  private boolean isEmptyHead;
  private boolean isJoined;
  private boolean isCompressed;
  // Key of the change given out before: a joined chunk must not go behind it.
  private byte[] lastKey = new byte[64];
  private int lastKeyLength;

  /**
   * @param deadChunks finds what the heads of lists killed in the tree; closed by the caller
   * @param chunkJoin finds the chunk that a new one is joined with; closed by the caller
   * @param compression compresses small values; {@code null} to keep them raw; closed by the caller
   * @param maxSequence newest operation to take: all of them, or those an iterator sees
   * @param usedRuns told each run of overflow pages whose value is part of the changes
   */
  GenerationChanges(
      Generation generation,
      MemoryBudget budget,
      DeadChunks deadChunks,
      ChunkJoin chunkJoin,
      LeafCompression compression,
      long maxSequence,
      Consumer<LargeRun> usedRuns) {
    this.generation = generation;
    this.deadChunks = deadChunks;
    this.chunkJoin = chunkJoin;
    this.compression = compression;
    this.budget = budget;
    this.records = generation.buffer().records();
    this.maxSequence = maxSequence;
    this.usedRuns = usedRuns;
    this.cursor = generation.buffer().cursor();
    cursor.setMaxSequence(maxSequence);
  }

  @Override
  public boolean next() {
    if (started) {
      rememberKey();
    }
    isCompressed = false;
    if (isJoined) {
      isJoined = false;
      chunkJoin.release();
    }
    if (!isDeadRow) {
      moveRecord();
    }
    while (true) {
      isDeadRow =
          deadChunks.hasRow()
              && (!hasRecord || deadChunks.isNotBehind(cursor.key(), cursor.keyLength()));
      if (isDeadRow) {
        deadChunks.take();
        return true;
      }
      if (!hasRecord) {
        return false;
      }
      if (!deadChunks.covers(cursor.key(), cursor.keyLength())) {
        takeRecord();
        return true;
      }
      moveRecord();
    }
  }

  private void rememberKey() {
    lastKeyLength = keyLength();
    if (lastKey.length < lastKeyLength) {
      lastKey = new byte[Math.max(lastKeyLength, 2 * lastKey.length)];
    }
    System.arraycopy(key(), 0, lastKey, 0, lastKeyLength);
  }

  /** Goes to the next record that no range delete hides. */
  private void moveRecord() {
    hasRecord = started ? cursor.next() : cursor.first();
    started = true;
    while (hasRecord && isHidden()) {
      hasRecord = cursor.next();
    }
  }

  private void takeRecord() {
    flags = records.flags(cursor.record());
    isEmptyHead = false;
    if ((flags & BufferRecords.LIST_HEAD) != 0) {
      takeHead();
    }
    if ((flags & BufferRecords.LARGE) != 0) {
      takeLarge();
      return;
    }
    if ((flags & BufferRecords.LIST_CHUNK) != 0) {
      joinChunk();
    }
    if (compression != null && !isDelete()) {
      isCompressed = compression.compress(valueAt(), valueLength());
    }
  }

  /** A chunk with room behind the one before it in the tree becomes a part of that. */
  private void joinChunk() {
    int record = cursor.record();
    int bytes = records.valueLength(record);
    if (!chunkJoin.find(cursor.key(), cursor.keyLength(), bytes)) {
      return;
    }
    byte[] older = chunkJoin.key();
    int length = chunkJoin.keyLength();
    isJoined =
        Arrays.compareUnsigned(older, 0, length, lastKey, 0, lastKeyLength) > 0
            && !deadChunks.isDead(older, length)
            && generation.coveringCut(older, 0, length, maxSequence) == 0;
    if (isJoined) {
      chunkJoin.join(records.valueAt(record), bytes);
    } else {
      chunkJoin.release();
    }
  }

  /** Every chunk below the head goes, and the head itself if it has nothing to say but that. */
  private void takeHead() {
    int record = cursor.record();
    boolean isLarge = (flags & BufferRecords.LARGE) != 0;
    // A large head is not extended, so its own number is still that of its operation.
    long firstLive =
        isLarge
            ? records.sequence(record)
            : budget.arena().getLongBigEndian(records.valueAt(record));
    isEmptyHead = !isLarge && records.valueLength(record) == Long.BYTES;
    deadChunks.begin(cursor.key(), cursor.keyLength(), firstLive);
  }

  private boolean isHidden() {
    return generation.hasCuts()
        && generation.coveringCut(cursor.key(), 0, cursor.keyLength(), maxSequence)
            > records.sequence(cursor.record());
  }

  private void takeLarge() {
    if (!records.copyTo(cursor.record(), descriptorBytes)) {
      throw new IllegalStateException("a frozen buffer was written");
    }
    LargeDescriptor descriptor =
        LargeDescriptor.decode(descriptorBytes.bytes(), descriptorBytes.length());
    largeFlags = descriptor.flags();
    if (isOnPages()) {
      descriptor.runs().forEach(usedRuns);
      takePointers(descriptor.pointerList());
    }
  }

  /** Of a large value: whether it was not made small enough for a leaf. */
  private boolean isOnPages() {
    return (largeFlags & LeafPage.OVERFLOW) != 0;
  }

  private void takePointers(byte[] list) {
    if (scratch == MemoryBudget.NONE) {
      scratch = budget.allocate(MemoryBudget.SLOT_BYTES, MemoryUse.IO);
      if (scratch == MemoryBudget.NONE) {
        throw new StoreException(
            StoreErrorCode.OUT_OF_MEMORY,
            "no slot for a pointer list: budget " + budget.budgetBytes() + " bytes");
      }
    }
    pointerBytes = list.length;
    budget.arena().put(scratch, list, 0, list.length);
  }

  @Override
  public byte[] key() {
    if (isJoined) {
      return chunkJoin.key();
    }
    return isDeadRow ? deadChunks.key() : cursor.key();
  }

  @Override
  public int keyLength() {
    if (isJoined) {
      return chunkJoin.keyLength();
    }
    return isDeadRow ? deadChunks.keyLength() : cursor.keyLength();
  }

  @Override
  public boolean isDelete() {
    return isDeadRow || isEmptyHead || (flags & BufferRecords.DELETE) != 0;
  }

  @Override
  public int flags() {
    return ((flags & BufferRecords.LARGE) != 0 ? largeFlags : 0)
        | (isCompressed ? LeafPage.COMPRESSED_DICTIONARY : 0)
        | ((flags & BufferRecords.HAS_EXPIRE) != 0 ? LeafPage.EXPIRE : 0);
  }

  @Override
  public long valueAt() {
    if (isCompressed) {
      return compression.valueAt();
    }
    if (isJoined) {
      return chunkJoin.valueAt();
    }
    if ((flags & BufferRecords.LARGE) == 0) {
      return records.valueAt(cursor.record());
    }
    return isOnPages() ? scratch : records.valueAt(cursor.record()) + LargeDescriptor.COMPRESSED_AT;
  }

  @Override
  public int valueLength() {
    if (isCompressed) {
      return compression.valueLength();
    }
    if (isJoined) {
      return chunkJoin.valueLength();
    }
    int length = records.valueLength(cursor.record());
    if ((flags & BufferRecords.LARGE) == 0) {
      return length;
    }
    return isOnPages() ? pointerBytes : length - LargeDescriptor.COMPRESSED_AT;
  }

  @Override
  public boolean hasTimestamp() {
    return (flags & BufferRecords.HAS_TIMESTAMP) != 0;
  }

  @Override
  public long timestamp() {
    return records.timestamp(cursor.record());
  }

  @Override
  public long expireTs() {
    return records.expireTs(cursor.record());
  }

  @Override
  public void close() {
    if (scratch != MemoryBudget.NONE) {
      budget.free(scratch, MemoryBudget.SLOT_BYTES, MemoryUse.IO);
      scratch = MemoryBudget.NONE;
    }
  }
}
