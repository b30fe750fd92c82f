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
import io.eloqstore.page.SegmentChange;
import java.util.function.Consumer;

/**
 * The changes of a frozen generation in key order, without what its own range deletes hide, large
 * values as lists of page ids.
 *
 * <p>Worker only.
 */
final class BufferSource implements ChangeSource {
  private static final int LARGE_HEAD = BufferRecords.LARGE | BufferRecords.LIST_HEAD;

  private final Generation generation;
  private final MemoryBudget budget;
  private final BufferRecords records;
  private final BufferCursor cursor;
  private final long maxSequence;
  private final Consumer<LargeRun> usedRuns;
  private final ValueBuffer descriptorBytes = new ValueBuffer();
  // Pointer list of the present large value; a page takes value bytes from the arena.
  private long scratch = MemoryBudget.NONE;
  private int pointerBytes;
  private int flags;
  private int largeFlags;
  private boolean started;

  /**
   * @param maxSequence newest operation to take: all of them, or those an iterator sees
   * @param usedRuns told each run of overflow pages whose value is part of the changes
   */
  BufferSource(
      Generation generation, MemoryBudget budget, long maxSequence, Consumer<LargeRun> usedRuns) {
    this.generation = generation;
    this.budget = budget;
    this.records = generation.buffer().records();
    this.maxSequence = maxSequence;
    this.usedRuns = usedRuns;
    this.cursor = generation.buffer().cursor();
    cursor.setMaxSequence(maxSequence);
  }

  @Override
  public boolean next() {
    boolean there = started ? cursor.next() : cursor.first();
    started = true;
    while (there && isHidden()) {
      there = cursor.next();
    }
    if (there) {
      flags = records.flags(cursor.record());
    }
    return there;
  }

  @Override
  public void take() {
    largeFlags = 0;
    if ((flags & BufferRecords.LARGE) != 0) {
      takeLarge();
    }
  }

  /** Runs that nobody used are given back when the flush is done. */
  @Override
  public void skip() {}

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
    return cursor.key();
  }

  @Override
  public int keyLength() {
    return cursor.keyLength();
  }

  @Override
  public int change() {
    return bit(BufferRecords.DELETE, SegmentChange.DELETE)
        | (isOnPages() ? SegmentChange.LARGE : 0)
        | (SegmentChange.NO_TIMESTAMP
            ^ bit(BufferRecords.HAS_TIMESTAMP, SegmentChange.NO_TIMESTAMP))
        | bit(BufferRecords.LIST_HEAD, SegmentChange.LIST_HEAD)
        | ((flags & LARGE_HEAD) == LARGE_HEAD ? SegmentChange.FIRST_LIVE : 0)
        | bit(BufferRecords.LIST_CHUNK, SegmentChange.LIST_CHUNK);
  }

  @Override
  public boolean isSmallChunk() {
    return (flags & (BufferRecords.LIST_CHUNK | BufferRecords.LARGE | BufferRecords.DELETE))
        == BufferRecords.LIST_CHUNK;
  }

  private int bit(int flag, int change) {
    return (flags & flag) != 0 ? change : 0;
  }

  /** A large head is not extended, so its own number is still that of its operation. */
  @Override
  public long firstLive() {
    return sequence();
  }

  /** Number of the operation that made the change. */
  long sequence() {
    return records.sequence(cursor.record());
  }

  @Override
  public int flags() {
    return largeFlags & ~LeafPage.OVERFLOW;
  }

  @Override
  public long valueAt() {
    if ((flags & BufferRecords.LARGE) == 0) {
      return records.valueAt(cursor.record());
    }
    return isOnPages() ? scratch : records.valueAt(cursor.record()) + LargeDescriptor.COMPRESSED_AT;
  }

  @Override
  public int valueLength() {
    if ((flags & BufferRecords.DELETE) != 0) {
      return 0;
    }
    int length = records.valueLength(cursor.record());
    if ((flags & BufferRecords.LARGE) == 0) {
      return length;
    }
    return isOnPages() ? pointerBytes : length - LargeDescriptor.COMPRESSED_AT;
  }

  @Override
  public long timestamp() {
    return (flags & BufferRecords.HAS_TIMESTAMP) != 0 ? records.timestamp(cursor.record()) : 0;
  }

  @Override
  public long expireTs() {
    return records.expireTs(cursor.record());
  }

  @Override
  public boolean isCut(byte[] key, int keyLength) {
    return generation.coveringCut(key, 0, keyLength, maxSequence) != 0;
  }

  @Override
  public void close() {
    if (scratch != MemoryBudget.NONE) {
      budget.free(scratch, MemoryBudget.SLOT_BYTES, MemoryUse.IO);
      scratch = MemoryBudget.NONE;
    }
  }
}
