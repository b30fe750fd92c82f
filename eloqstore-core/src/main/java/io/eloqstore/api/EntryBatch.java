/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.Arrays;

/**
 * Entries copied out of a partition in key order. Kept and used again, so a scan allocates nothing
 * once its arrays have grown.
 *
 * <p>Layout: all keys and values one behind the other in {@link #bytes()}; belongs to one thread.
 */
public final class EntryBatch {
  private static final int INTS_PER_ENTRY = 3;

  private final int entriesMax;
  private final int bytesMax;
  private byte[] bytes = new byte[1024];
  private int[] layout = new int[16 * INTS_PER_ENTRY];
  private int used;
  private int count;

  /**
   * @param entriesMax entries after which the batch is full, at least 1
   * @param bytesMax bytes of keys and values after which it is full; the first entry always fits
   */
  public EntryBatch(int entriesMax, int bytesMax) {
    if (entriesMax < 1 || bytesMax < 1) {
      throw new IllegalArgumentException(
          "a batch holds at least one entry and one byte: " + entriesMax + ", " + bytesMax);
    }
    this.entriesMax = entriesMax;
    this.bytesMax = bytesMax;
  }

  public void clear() {
    used = 0;
    count = 0;
  }

  /** Whether another entry should not be added. */
  public boolean isFull() {
    return count >= entriesMax || used >= bytesMax;
  }

  public void add(byte[] key, int keyLength, byte[] value, int valueLength) {
    long needed = (long) used + keyLength + valueLength;
    if (needed > bytes.length) {
      if (needed > Integer.MAX_VALUE - 64) {
        throw new IllegalArgumentException("a batch holds at most 2 GiB, needed " + needed);
      }
      bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 64, needed * 3 / 2));
    }
    if ((count + 1) * INTS_PER_ENTRY > layout.length) {
      layout = Arrays.copyOf(layout, layout.length * 2);
    }
    System.arraycopy(key, 0, bytes, used, keyLength);
    System.arraycopy(value, 0, bytes, used + keyLength, valueLength);
    layout[count * INTS_PER_ENTRY] = used;
    layout[count * INTS_PER_ENTRY + 1] = keyLength;
    layout[count * INTS_PER_ENTRY + 2] = valueLength;
    used += keyLength + valueLength;
    count++;
  }

  /** Number of entries. */
  public int count() {
    return count;
  }

  /** Holds every key and value; see the offsets below. */
  public byte[] bytes() {
    return bytes;
  }

  public int keyOffset(int index) {
    return layout[index * INTS_PER_ENTRY];
  }

  public int keyLength(int index) {
    return layout[index * INTS_PER_ENTRY + 1];
  }

  public int valueOffset(int index) {
    return keyOffset(index) + keyLength(index);
  }

  public int valueLength(int index) {
    return layout[index * INTS_PER_ENTRY + 2];
  }

  /** A copy of the key of an entry. */
  public byte[] key(int index) {
    return Arrays.copyOfRange(bytes, keyOffset(index), keyOffset(index) + keyLength(index));
  }
}
