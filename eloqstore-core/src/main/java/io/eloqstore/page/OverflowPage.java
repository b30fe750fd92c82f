/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.memory.Arena;

/**
 * A part of a value that fits no leaf.
 *
 * <p>Offsets from the start of the page: header 0 (the length is that of the value bytes here),
 * value from 11; at the end of the page the ids of the next group's pages (4 bytes each) and in the
 * very last byte their number, which is 0 in all but the end page of a full group. What lies
 * between is zero.
 */
public final class OverflowPage {
  static final int VALUE = 11;
  private static final int COUNT_BYTES = 1;

  private OverflowPage() {}

  /** Value bytes that a page without pointers holds. */
  public static int capacity(int pageBytes) {
    return pageBytes - VALUE - COUNT_BYTES;
  }

  /** Value bytes that the end page of a full group holds. */
  public static int endCapacity(int pageBytes, int pointersMax) {
    return capacity(pageBytes) - Integer.BYTES * pointersMax;
  }

  /** Pages of the group that begins with this many value bytes to go. */
  public static int groupPages(int pageBytes, int pointersMax, long rest) {
    long pages = (rest + capacity(pageBytes) - 1) / capacity(pageBytes);
    return (int) Math.min(pointersMax, Math.max(1, pages));
  }

  /**
   * Writes a page; it still wants its checksum.
   *
   * @param pointers ids of the next group's pages are {@code pointers[firstPointer ... ]}
   * @param pointerCount 0 unless this is the end page of a full group
   */
  public static void write(
      Arena arena,
      long at,
      int pageBytes,
      byte[] value,
      int offset,
      int length,
      int[] pointers,
      int firstPointer,
      int pointerCount) {
    PageHeader.write(arena, at, PageType.OVERFLOW, length);
    arena.put(at + VALUE, value, offset, length);
    arena.zero(at + VALUE + length, pageBytes - VALUE - length);
    long pointerAt = at + pageBytes - COUNT_BYTES - (long) Integer.BYTES * pointerCount;
    for (int i = 0; i < pointerCount; i++) {
      arena.putInt(pointerAt + (long) Integer.BYTES * i, pointers[firstPointer + i]);
    }
    arena.putByte(at + pageBytes - COUNT_BYTES, (byte) pointerCount);
  }

  public static int valueLength(Arena arena, long at) {
    return PageHeader.contentLength(arena, at);
  }

  /** Arena offset of the value bytes. */
  public static long valueAt(long at) {
    return at + VALUE;
  }

  /** Number of pages in the next group; 0 on the last page and inside a group. */
  public static int pointerCount(Arena arena, long at, int pageBytes) {
    return arena.getUnsignedByte(at + pageBytes - COUNT_BYTES);
  }

  /** Page id of a page of the next group. */
  public static int pointer(Arena arena, long at, int pageBytes, int index) {
    int count = pointerCount(arena, at, pageBytes);
    return arena.getInt(at + pageBytes - COUNT_BYTES - (long) Integer.BYTES * (count - index));
  }

  static String check(Arena arena, long at, int pageBytes) {
    int room = pageBytes - VALUE - COUNT_BYTES - Integer.BYTES * pointerCount(arena, at, pageBytes);
    int length = valueLength(arena, at);
    return length <= room
        ? null
        : length + " value bytes in an overflow page with room for " + room;
  }
}
