/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.codec.Xxh3;
import io.eloqstore.memory.Arena;

/**
 * What every page begins with, little-endian: checksum (8 bytes, XXH3 over all that follows,
 * padding included), type (1), content length or, in an overflow page, value bytes (2).
 *
 * <p>Any thread. Not protected by the checksum: which page this is. A sound page read from the
 * wrong place is noticed by its type and by the keys its parent expects.
 */
public final class PageHeader {
  static final int CHECKSUM = 0;
  static final int TYPE = 8;
  static final int CONTENT_LENGTH = 9;

  private PageHeader() {}

  public static long checksum(Arena arena, long at) {
    return arena.getLong(at + CHECKSUM);
  }

  public static int type(Arena arena, long at) {
    return arena.getUnsignedByte(at + TYPE);
  }

  /** Offset of the end of the restart count; in an overflow page the number of value bytes. */
  public static int contentLength(Arena arena, long at) {
    return arena.getUnsignedShort(at + CONTENT_LENGTH);
  }

  public static long computeChecksum(Arena arena, long at, int pageBytes) {
    return Xxh3.hash(arena, at + TYPE, pageBytes - TYPE);
  }

  /** Stores the checksum of a finished page. */
  public static void seal(Arena arena, long at, int pageBytes) {
    arena.putLong(at + CHECKSUM, computeChecksum(arena, at, pageBytes));
  }

  /** Whether the bytes are those that were sealed. */
  public static boolean verify(Arena arena, long at, int pageBytes) {
    return checksum(arena, at) == computeChecksum(arena, at, pageBytes);
  }

  /**
   * Walks the whole page once, so that searches may trust its offsets afterwards.
   *
   * @return what is wrong, or {@code null}
   */
  public static String check(Arena arena, long at, int pageBytes) {
    try {
      return switch (type(arena, at)) {
        case PageType.INDEX,
            PageType.LEAF_INDEX,
            PageType.SEGMENT_INDEX,
            PageType.SEGMENT_LEAF_INDEX ->
            IndexPage.check(arena, at, pageBytes);
        case PageType.LEAF, PageType.SEGMENT_LEAF -> LeafPage.check(arena, at, pageBytes);
        case PageType.OVERFLOW -> OverflowPage.check(arena, at, pageBytes);
        default -> "page type " + type(arena, at);
      };
    } catch (IndexOutOfBoundsException e) {
      return e.getMessage();
    }
  }

  static void write(Arena arena, long at, int type, int contentLength) {
    arena.putLong(at + CHECKSUM, 0);
    arena.putByte(at + TYPE, (byte) type);
    arena.putShort(at + CONTENT_LENGTH, contentLength);
  }
}
