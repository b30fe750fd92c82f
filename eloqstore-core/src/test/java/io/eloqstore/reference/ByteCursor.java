/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.util.Arrays;

/** Reads the primitive encodings of the format from a byte range; never reads past its end. */
final class ByteCursor {
  private final byte[] bytes;
  private final int end;
  private int position;

  ByteCursor(byte[] bytes, int start, int end) {
    if (start < 0 || end > bytes.length || start > end) {
      throw new DecodeException(
          "range [" + start + ", " + end + ") of " + bytes.length + " bytes is not valid");
    }
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  int position() {
    return position;
  }

  int remaining() {
    return end - position;
  }

  int u8() {
    need(1);
    return bytes[position++] & 0xFF;
  }

  int u16() {
    return u8() | u8() << 8;
  }

  /** A u32 as its bit pattern: 0xFFFFFFFF is -1. */
  int u32() {
    return u16() | u16() << 16;
  }

  /** A u32 that counts bytes still to come in this range. */
  int lengthU32() {
    int length = u32();
    if (length < 0 || length > remaining()) {
      throw new DecodeException(
          "length "
              + Integer.toUnsignedString(length)
              + " at "
              + (position - 4)
              + ", but only "
              + remaining()
              + " bytes follow");
    }
    return length;
  }

  long u64() {
    return (u32() & 0xFFFFFFFFL) | (long) u32() << 32;
  }

  long varint32() {
    int start = position;
    long value = varint(5);
    if (value >>> 32 != 0) {
      throw new DecodeException("varint32 at " + start + " is over 32 bits");
    }
    return value;
  }

  long varint64() {
    return varint(10);
  }

  private long varint(int bytesMax) {
    int start = position;
    long value = 0;
    for (int i = 0; i < bytesMax; i++) {
      int next = u8();
      if (i == 9 && next > 1) {
        break;
      }
      value |= (long) (next & 0x7F) << 7 * i;
      if (next < 0x80) {
        return value;
      }
    }
    throw new DecodeException("varint at " + start + " does not end in time");
  }

  byte[] take(long length) {
    if (length < 0 || length > remaining()) {
      throw new DecodeException(
          length + " bytes wanted at " + position + ", " + remaining() + " there");
    }
    byte[] taken = Arrays.copyOfRange(bytes, position, position + (int) length);
    position += (int) length;
    return taken;
  }

  /** The difference that a signed-delta code stands for: sign in bit 0, magnitude above it. */
  static long delta(long code) {
    return (code & 1) == 0 ? code >>> 1 : -(code >>> 1);
  }

  private void need(int length) {
    if (end - position < length) {
      throw new DecodeException("range ends at " + end + " inside a field at " + position);
    }
  }
}
