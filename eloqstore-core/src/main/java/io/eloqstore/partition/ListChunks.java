/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ValueBuffer;
import java.util.Arrays;

/**
 * Lists as rows (architecture D2): chunks under {@code [list key][8-byte big-endian number]}, so
 * that appending reads nothing.
 *
 * <p>The number of a chunk is the operation sequence number at which it was begun. Number 0 is the
 * head: its value is {@code [8-byte big-endian first live number][elements]}; chunks below that
 * number are dead. A chunk belongs to a list if its key is exactly eight bytes longer than the
 * list's: other lists whose key begins with this one's are longer or differ.
 *
 * <p>A flush joins a chunk with the one before it in the tree as long as both fit a page ({@link
 * ChunkJoin}), so a list that grows by small steps is read in few rows. A flush that meets a head
 * deletes the chunks below its number from the tree, and the head too if it is empty ({@link
 * GenerationChanges}), so what a list once held does not stay.
 *
 * <p>Owner only.
 */
final class ListChunks {
  private final RowSpace rows;
  private byte[] chunkKey = new byte[64];
  private byte[] head = new byte[64];
  // The range of the list read last; its arrays are filled again for keys of the same length.
  private KeyRange range = new KeyRange(new byte[0], new byte[0]);
  private final Joiner joiner = new Joiner();

  ListChunks(RowSpace rows) {
    this.rows = rows;
  }

  void append(byte[] key, int keyOffset, int keyLength, byte[] elements, int offset, int length) {
    int chunkLength = setChunkKey(key, keyOffset, keyLength, Long.MAX_VALUE);
    if (rows.extendList(chunkKey, chunkLength, elements, offset, length)) {
      return;
    }
    putLong(chunkKey, keyLength, rows.sequence() + 1);
    rows.putListChunk(chunkKey, chunkLength, elements, offset, length);
  }

  void put(byte[] key, int keyOffset, int keyLength, byte[] elements, int offset, int length) {
    int chunkLength = setChunkKey(key, keyOffset, keyLength, 0);
    int headLength = Math.addExact(Long.BYTES, length);
    if (head.length < headLength) {
      head = new byte[headLength];
    }
    putLong(head, 0, rows.sequence() + 1);
    System.arraycopy(elements, offset, head, Long.BYTES, length);
    rows.putListHead(chunkKey, chunkLength, head, headLength);
  }

  void clear(byte[] key, int offset, int length) {
    put(key, offset, length, key, offset, 0);
  }

  /**
   * Reads the whole list.
   *
   * @return whether it has anything
   */
  boolean get(byte[] key, int offset, int length, ValueBuffer target) {
    int chunkLength = Math.addExact(length, Long.BYTES);
    if (range.from().length != chunkLength) {
      range = new KeyRange(new byte[chunkLength], new byte[chunkLength + 1]);
    }
    // From the head to behind the last number; the byte behind it stays 0.
    System.arraycopy(key, offset, range.from(), 0, length);
    System.arraycopy(key, offset, range.to(), 0, length);
    Arrays.fill(range.to(), length, chunkLength, (byte) 0xff);
    target.setLength(0);
    joiner.begin(chunkLength, target);
    try {
      rows.scanLength(range, chunkLength, joiner);
      return joiner.any;
    } finally {
      joiner.begin(0, null);
    }
  }

  private int setChunkKey(byte[] key, int offset, int length, long number) {
    int chunkLength = length + Long.BYTES;
    if (chunkKey.length < chunkLength) {
      chunkKey = new byte[Math.max(chunkLength, chunkKey.length * 2)];
    }
    System.arraycopy(key, offset, chunkKey, 0, length);
    putLong(chunkKey, length, number);
    return chunkLength;
  }

  static void putLong(byte[] target, int offset, long value) {
    for (int i = 0; i < Long.BYTES; i++) {
      target[offset + i] = (byte) (value >>> Long.SIZE - Byte.SIZE - i * Byte.SIZE);
    }
  }

  static long getLong(byte[] source, int offset) {
    long value = 0;
    for (int i = 0; i < Long.BYTES; i++) {
      value = value << Byte.SIZE | source[offset + i] & 0xff;
    }
    return value;
  }

  /** Joins the live chunks of one list in the order of their numbers. */
  private static final class Joiner implements RowConsumer {
    private int chunkKeyLength;
    private ValueBuffer target;
    private long firstLive;
    private boolean any;

    void begin(int chunkKeyLength, ValueBuffer target) {
      this.chunkKeyLength = chunkKeyLength;
      this.target = target;
      firstLive = 0;
      any = false;
    }

    @Override
    public boolean accept(byte[] key, int keyLength, ValueBuffer value) {
      if (keyLength != chunkKeyLength) {
        return true;
      }
      long number = getLong(key, keyLength - Long.BYTES);
      if (number == 0) {
        firstLive = getLong(value.bytes(), 0);
        if (value.length() > Long.BYTES) {
          join(value.bytes(), Long.BYTES, value.length() - Long.BYTES);
        }
      } else if (number >= firstLive) {
        join(value.bytes(), 0, value.length());
      }
      return true;
    }

    private void join(byte[] bytes, int offset, int length) {
      int old = target.length();
      int start = any ? old + 1 : old;
      byte[] into = target.setLength(Math.addExact(start, length));
      if (any) {
        into[old] = OwnedPartition.LIST_DELIMITER;
      }
      System.arraycopy(bytes, offset, into, start, length);
      any = true;
    }
  }
}
