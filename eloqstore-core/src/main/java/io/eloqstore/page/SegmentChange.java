/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

/**
 * What stands in front of the value of an entry in a leaf of a change segment: one byte of the bits
 * below, and behind it, if it says so, the number of the first live chunk of a list (8 bytes,
 * little-endian). The flags of the entry itself say only whether it has an expiry and how its value
 * is compressed.
 *
 * <p>A leaf of a segment has no links, so it has eight bytes more for entries than a leaf of the
 * tree: every change whose value fits that one fits this one with the byte, and heads of lists have
 * no timestamp, which leaves room for their number.
 */
public final class SegmentChange {
  /** The key is removed; there is no value. */
  public static final int DELETE = 1;

  /** The value is a list of overflow page ids, 4 bytes each. */
  public static final int LARGE = 2;

  /** The entry has no timestamp of its own: that of the entry it replaces is kept. */
  public static final int NO_TIMESTAMP = 4;

  /** The entry is the head of a list: chunks with lower numbers are dead. */
  public static final int LIST_HEAD = 8;

  /** The entry is a chunk of a list and may be joined with the chunk before it. */
  public static final int LIST_CHUNK = 16;

  /** The number of the first live chunk stands in front of the value: it cannot be read there. */
  public static final int FIRST_LIVE = 32;

  /** Every bit that has a meaning. */
  public static final int KNOWN =
      DELETE | LARGE | NO_TIMESTAMP | LIST_HEAD | LIST_CHUNK | FIRST_LIVE;

  private SegmentChange() {}

  /** Bytes in front of the value. */
  public static int prefixBytes(int change) {
    return (change & FIRST_LIVE) != 0 ? 1 + Long.BYTES : 1;
  }
}
