/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.cache.FrameCheck;
import io.eloqstore.memory.Arena;
import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.PageHeader;
import io.eloqstore.page.PageType;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The keys that may stand below one place of a tree, held against a page that was read for it. The
 * page checksum covers bytes, not identity: this finds a page that belongs elsewhere.
 *
 * <p>Not found: a page without a key outside the bounds, such as a stale version of the same page,
 * another root, or an index page with a single child.
 *
 * <p>One thread; used again for the next page; allocates nothing once its arrays have grown.
 */
final class KeyBounds implements FrameCheck {
  private static final int SHOWN_BYTES_MAX = 16;

  private final Arena arena;
  private final LeafCursor leaf = new LeafCursor();
  private final IndexCursor index = new IndexCursor();
  private byte[] lower = new byte[64];
  private int lowerLength;
  private byte[] upper = new byte[64];
  private int upperLength;
  private boolean hasUpper;
  private int page;
  private int types;

  KeyBounds(Arena arena) {
    this.arena = arena;
  }

  /** Every key. */
  void clear() {
    lowerLength = 0;
    hasUpper = false;
  }

  /** No key below this one from now on. */
  void setLower(byte[] key, int length) {
    if (lower.length < length) {
      lower = new byte[Math.max(length, lower.length * 2)];
    }
    System.arraycopy(key, 0, lower, 0, length);
    lowerLength = length;
  }

  /** Only keys below this one from now on. */
  void setUpper(byte[] key, int length) {
    if (upper.length < length) {
      upper = new byte[Math.max(length, upper.length * 2)];
    }
    System.arraycopy(key, 0, upper, 0, length);
    upperLength = length;
    hasUpper = true;
  }

  /** Narrows to the child an index page's cursor stands on; the cursor comes back to it. */
  void narrow(IndexCursor cursor) {
    if (cursor.keyLength() > 0) {
      setLower(cursor.key(), cursor.keyLength());
    }
    if (cursor.next()) {
      setUpper(cursor.key(), cursor.keyLength());
      cursor.previous();
    }
  }

  /**
   * What is to be checked next.
   *
   * @param page logical page, for the error
   * @param types what the page may be; another type is left to whoever pins it
   */
  KeyBounds of(int page, int types) {
    this.page = page;
    this.types = types;
    return this;
  }

  @Override
  public void check(long at) {
    int type = PageHeader.type(arena, at);
    if (!TreePages.isOneOf(type, types)) {
      return;
    }
    if ((type & ~PageType.SEGMENT) == PageType.LEAF) {
      leaf.open(arena, at);
      if (leaf.first()) {
        require("first key", leaf.key(), leaf.keyLength());
        leaf.last();
        require("last key", leaf.key(), leaf.keyLength());
      }
    } else {
      index.open(arena, at);
      index.first();
      if (index.next()) {
        require("first separator", index.key(), index.keyLength());
        index.last();
        require("last separator", index.key(), index.keyLength());
      }
    }
  }

  private void require(String what, byte[] key, int length) {
    if (Arrays.compareUnsigned(key, 0, length, lower, 0, lowerLength) < 0
        || hasUpper && Arrays.compareUnsigned(key, 0, length, upper, 0, upperLength) >= 0) {
      throw TreePages.corrupt(
          page,
          what,
          "from "
              + hex(lower, lowerLength)
              + " to below "
              + (hasUpper ? hex(upper, upperLength) : "the end"),
          hex(key, length));
    }
  }

  private static String hex(byte[] key, int length) {
    String shown = HexFormat.of().formatHex(key, 0, Math.min(length, SHOWN_BYTES_MAX));
    return "0x" + shown + (length > SHOWN_BYTES_MAX ? "... of " + length + " bytes" : "");
  }
}
