/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.memory.Arena;

/**
 * The restart array of an index page or a leaf: at the end of the content, a 2-byte page offset for
 * each entry that stands without a shared prefix, then their number (2 bytes).
 */
final class Restarts {
  private Restarts() {}

  static int count(Arena arena, long at) {
    return arena.getUnsignedShort(at + PageHeader.contentLength(arena, at) - Short.BYTES);
  }

  /** Page offset of the array, which is where the entries end. */
  static int start(Arena arena, long at) {
    int end = PageHeader.contentLength(arena, at) - Short.BYTES;
    return end - Short.BYTES * arena.getUnsignedShort(at + end);
  }

  /** Page offset of an entry that stands alone. */
  static int offset(Arena arena, long at, int start, int index) {
    return arena.getUnsignedShort(at + start + (long) Short.BYTES * index);
  }

  /**
   * Checks lengths against the page.
   *
   * @return what is wrong, or {@code null}
   */
  static String check(Arena arena, long at, int pageBytes, int headerBytes) {
    int content = PageHeader.contentLength(arena, at);
    if (content < headerBytes + Short.BYTES || content > pageBytes) {
      return "content length " + content + " of a page of " + pageBytes;
    }
    if (start(arena, at) < headerBytes) {
      return count(arena, at) + " restart points in " + content + " bytes of content";
    }
    return null;
  }

  /**
   * Checks how an entry makes its key out of the key before.
   *
   * @param entry page offset of the entry
   * @param alone whether the entry is a restart point
   * @return what is wrong, or {@code null}
   */
  static String checkKey(
      long entry,
      int firstEntry,
      boolean alone,
      int shared,
      int nonShared,
      int previousLength,
      int pageBytes) {
    if (entry == firstEntry && !alone) {
      return "the first entry is no restart point";
    }
    // Keys ascend, so each has bytes that the one before has not.
    boolean sound =
        shared >= 0
            && shared <= previousLength
            && (shared == 0 || !alone)
            && nonShared > 0
            && nonShared <= pageBytes;
    return sound
        ? null
        : "entry at " + entry + " shares " + shared + " and adds " + nonShared + " key bytes";
  }
}
