/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.memory.Arena;
import io.eloqstore.page.OverflowPage;

/**
 * One group of a chain of overflow pages: the leaf entry names the first, the last page of each the
 * next. One thread.
 */
final class OverflowGroup {
  /** Most pages of one group. */
  static final int PAGES_MAX = 128;

  private final int[] pages = new int[PAGES_MAX];
  private int count;

  /** Number of pages; 0 behind the last group. */
  int count() {
    return count;
  }

  int page(int index) {
    return pages[index];
  }

  boolean isLast(int index) {
    return index == count - 1;
  }

  /** The first group, from the value bytes of a leaf entry in the arena. */
  void open(Arena arena, long pointersAt, int length) {
    count = checkedCount(length);
    for (int i = 0; i < count; i++) {
      pages[i] = arena.getInt(pointersAt + (long) i * Integer.BYTES);
    }
  }

  /** The first group, from the value bytes of a leaf entry on the heap. */
  void open(byte[] pointers, int length) {
    count = checkedCount(length);
    for (int i = 0; i < count; i++) {
      int at = i * Integer.BYTES;
      pages[i] =
          pointers[at] & 0xff
              | (pointers[at + 1] & 0xff) << 8
              | (pointers[at + 2] & 0xff) << 16
              | (pointers[at + 3] & 0xff) << 24;
    }
  }

  /** Stands on a group of which only the last page is known, to {@link #advance} from. */
  void openAtEnd(int lastPage) {
    pages[0] = lastPage;
    count = 1;
  }

  /** The next group, from the last page of this one. */
  void advance(Arena arena, long lastPageAt, int pageBytes) {
    count = nextCount(arena, lastPageAt, pageBytes);
    for (int i = 0; i < count; i++) {
      pages[i] = OverflowPage.pointer(arena, lastPageAt, pageBytes, i);
    }
  }

  /**
   * Checks how much of the value a page of this group holds: only the very last page of a chain may
   * hold less than it could.
   *
   * @throws CorruptionException otherwise
   */
  void check(Arena arena, long at, int pageBytes, int index) {
    int nextCount = nextCount(arena, at, pageBytes);
    if (nextCount != 0 && !isLast(index)) {
      throw TreePages.corrupt(page(index), "pointers inside an overflow group", 0, nextCount);
    }
    int bytes = OverflowPage.valueLength(arena, at);
    int most = OverflowPage.endCapacity(pageBytes, nextCount);
    int least = !isLast(index) ? most : 1;
    if (bytes < least || bytes > most) {
      throw TreePages.corrupt(page(index), "overflow value bytes", least + " to " + most, bytes);
    }
  }

  private int nextCount(Arena arena, long at, int pageBytes) {
    int next = OverflowPage.pointerCount(arena, at, pageBytes);
    if (next > PAGES_MAX) {
      throw TreePages.corrupt(
          page(count - 1), "pointers of an overflow page", "at most " + PAGES_MAX, next);
    }
    return next;
  }

  private static int checkedCount(int length) {
    int count = length / Integer.BYTES;
    if (count < 1 || count > PAGES_MAX || length % Integer.BYTES != 0) {
      throw new CorruptionException(
          "leaf entry", -1, "overflow pointer bytes", "1 to " + PAGES_MAX + " times 4", length);
    }
    return count;
  }
}
