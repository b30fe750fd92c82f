/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

/** The restart array at the end of a page's content; walks along with the decoding of entries. */
final class Restarts {
  private final int[] offsets;
  private final int start;
  private int passed;

  private Restarts(int[] offsets, int start) {
    this.offsets = offsets;
    this.start = start;
  }

  static Restarts decode(byte[] page, int bodyOffset, int contentBytes) {
    if (contentBytes < bodyOffset + 2 || contentBytes > page.length) {
      throw new DecodeException(
          "content length " + contentBytes + " in a page of " + page.length + " bytes");
    }
    int count = new ByteCursor(page, contentBytes - 2, contentBytes).u16();
    int start = contentBytes - 2 - 2 * count;
    if (start < bodyOffset) {
      throw new DecodeException(count + " restarts do not fit the content of " + contentBytes);
    }
    ByteCursor cursor = new ByteCursor(page, start, contentBytes - 2);
    int[] offsets = new int[count];
    for (int i = 0; i < count; i++) {
      offsets[i] = cursor.u16();
    }
    if (count > 0 && offsets[0] != bodyOffset) {
      throw new DecodeException("first restart at " + offsets[0] + ", expected " + bodyOffset);
    }
    if ((count == 0) != (start == bodyOffset)) {
      throw new DecodeException(count + " restarts for " + (start - bodyOffset) + " entry bytes");
    }
    return new Restarts(offsets, start);
  }

  /** Offset of the array: the end of the entries. */
  int start() {
    return start;
  }

  /** Whether the entry at this offset is a restart; offsets are asked for in ascending order. */
  boolean accept(int offset) {
    if (passed == offsets.length || offsets[passed] > offset) {
      return false;
    }
    if (offsets[passed] < offset) {
      throw new DecodeException("restart offset " + offsets[passed] + " is inside an entry");
    }
    passed++;
    return true;
  }

  void finish() {
    if (passed != offsets.length) {
      throw new DecodeException("restart offset " + offsets[passed] + " is not an entry");
    }
  }
}
