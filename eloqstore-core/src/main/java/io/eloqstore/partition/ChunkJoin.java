/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.LeafPage;
import io.eloqstore.tree.TreeScan;
import java.util.Arrays;

/**
 * Joins a list chunk that a flush brings with the chunk before it in the tree, up to a page
 * (architecture D2): the joined value takes the key of the older one.
 *
 * <p>Worker only. Reads one leaf for each chunk, the one that the merge is about to read anyway.
 */
final class ChunkJoin implements AutoCloseable {
  private static final int COMPRESSED = LeafPage.COMPRESSED_DICTIONARY | LeafPage.COMPRESSED_ALONE;

  private final PartitionContext context;
  private final Root base;
  private final TreeScan scan;
  private final TreeScan between;
  private final Arena arena;
  // The older chunk as the leaf holds it, if it is compressed, and as it was put.
  private final ValueBuffer stored = new ValueBuffer();
  private final ValueBuffer older = new ValueBuffer();
  // The joined value; a leaf takes value bytes from the arena.
  private long scratch = MemoryBudget.NONE;
  private int valueLength;

  /**
   * @param base tree before the merge; it is not changed by it
   */
  ChunkJoin(PartitionContext context, Root base) {
    this.context = context;
    this.base = base;
    this.arena = context.arena();
    this.scan = new TreeScan(context.source());
    this.between = new TreeScan(context.source());
  }

  /**
   * Looks for the chunk before a new one.
   *
   * @param key of the new chunk
   * @param bytes length of the new chunk's value
   * @return whether there is one in the tree that has room for it; {@link #key} is its key then
   */
  boolean find(byte[] key, int keyLength, int bytes) {
    scan.open(base.treePage(), base.pages());
    int listKeyLength = keyLength - Long.BYTES;
    boolean found =
        scan.seekFloor(key, 0, keyLength, false)
            && scan.keyLength() == keyLength
            && Arrays.equals(scan.key(), 0, listKeyLength, key, 0, listKeyLength)
            && ListChunks.getLong(scan.key(), listKeyLength) != 0
            && (scan.flags() & ~COMPRESSED) == 0
            && (long) olderBytes() + 1 + bytes <= RowWriter.chunkBytesMax(context, keyLength);
    if (!found) {
      scan.close();
    }
    return found;
  }

  /** Whether the tree has a row above one key and below another one. */
  boolean hasRowBetween(byte[] low, int lowLength, byte[] high, int highLength) {
    between.open(base.treePage(), base.pages());
    try {
      return between.seekFloor(high, 0, highLength, false)
          && Arrays.compareUnsigned(between.key(), 0, between.keyLength(), low, 0, lowLength) > 0;
    } finally {
      between.close();
    }
  }

  /** Puts both values together. */
  void join(long newerAt, int bytes) {
    takeScratch();
    valueLength = copyOlder();
    append(newerAt, bytes);
  }

  /** Begins a joined value with a chunk that has none before it in the tree. */
  void begin(long chunkAt, int bytes) {
    takeScratch();
    arena.copy(chunkAt, scratch, bytes);
    valueLength = bytes;
  }

  /** Whether one more chunk of the list has room behind those that are joined. */
  boolean hasRoom(int keyLength, int bytes) {
    return (long) valueLength + 1 + bytes <= RowWriter.chunkBytesMax(context, keyLength);
  }

  void append(long newerAt, int bytes) {
    arena.putByte(scratch + valueLength, OwnedPartition.LIST_DELIMITER);
    arena.copy(newerAt, scratch + valueLength + 1, bytes);
    valueLength += 1 + bytes;
  }

  private void takeScratch() {
    if (scratch == MemoryBudget.NONE) {
      scratch = context.budget().allocate(context.options().pageBytes(), MemoryUse.IO);
      if (scratch == MemoryBudget.NONE) {
        throw new StoreException(
            StoreErrorCode.OUT_OF_MEMORY,
            "no page to join a list in: budget " + context.budget().budgetBytes() + " bytes");
      }
    }
  }

  /** Length of the older chunk as it was put. */
  private int olderBytes() {
    int length = scan.valueLength();
    if ((scan.flags() & COMPRESSED) == 0) {
      return length;
    }
    arena.get(scan.valueAt(), stored.setLength(length), 0, length);
    return context.compression().valueLength(stored.bytes(), length);
  }

  private int copyOlder() {
    if ((scan.flags() & COMPRESSED) == 0) {
      arena.copy(scan.valueAt(), scratch, scan.valueLength());
      return scan.valueLength();
    }
    context.compression().decompress(stored.bytes(), stored.length(), older);
    arena.put(scratch, older.bytes(), 0, older.length());
    return older.length();
  }

  /** Key of the chunk found last, in its first {@link #keyLength} bytes. */
  byte[] key() {
    return scan.key();
  }

  int keyLength() {
    return scan.keyLength();
  }

  /** Arena offset of the joined value. */
  long valueAt() {
    return scratch;
  }

  int valueLength() {
    return valueLength;
  }

  /** Lets the chunk found last go. */
  void release() {
    scan.close();
  }

  @Override
  public void close() {
    scan.close();
    if (scratch != MemoryBudget.NONE) {
      context.budget().free(scratch, context.options().pageBytes(), MemoryUse.IO);
      scratch = MemoryBudget.NONE;
    }
  }
}
