/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import io.eloqstore.memory.Arena;

/**
 * Numbers of variable length: LEB128, seven bits a byte, least significant group first, the high
 * bit says that more follow; and differences with the sign in bit 0.
 *
 * <p>Readers look at no byte beyond the longest legal encoding and throw {@link
 * IndexOutOfBoundsException} when it does not end there, so bytes that were reused under an
 * optimistic reader cannot lead it astray.
 */
public final class Varints {
  public static final int BYTES_MAX_32 = 5;
  public static final int BYTES_MAX_64 = 10;

  private Varints() {}

  /** Bytes that a number takes; an int is read as unsigned. */
  public static int size32(int value) {
    return size64(value & 0xffffffffL);
  }

  public static int size64(long value) {
    return (Long.SIZE - Long.numberOfLeadingZeros(value | 1) + 6) / 7;
  }

  /** Writes a number and returns the offset behind it. */
  public static long put(Arena arena, long at, long value) {
    long rest = value;
    long next = at;
    while ((rest & ~0x7fL) != 0) {
      arena.putByte(next++, (byte) (rest | 0x80));
      rest >>>= 7;
    }
    arena.putByte(next++, (byte) rest);
    return next;
  }

  /** Writes a number and returns the index behind it. */
  public static int put(byte[] target, int offset, long value) {
    long rest = value;
    int next = offset;
    while ((rest & ~0x7fL) != 0) {
      target[next++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    target[next++] = (byte) rest;
    return next;
  }

  /** Reads a number of up to 32 bits. */
  public static int get32(Arena arena, long at) {
    int first = arena.getByte(at);
    if (first >= 0) {
      return first;
    }
    int value = first & 0x7f;
    for (int i = 1; i < BYTES_MAX_32 - 1; i++) {
      int group = arena.getByte(at + i);
      value |= (group & 0x7f) << 7 * i;
      if (group >= 0) {
        return value;
      }
    }
    // Four bits are left for the last byte.
    int last = arena.getUnsignedByte(at + BYTES_MAX_32 - 1);
    if (last > 0x0f) {
      throw tooLong(at, BYTES_MAX_32);
    }
    return value | last << 28;
  }

  /**
   * Reads a number of up to 32 bits.
   *
   * @param end where the bytes that may be looked at end
   * @return the number, read as unsigned; -1 when it does not end there or has more bits
   */
  public static long get32(byte[] source, int offset, int end) {
    long value = 0;
    for (int i = 0; i < BYTES_MAX_32 && offset + i < end; i++) {
      long group = source[offset + i];
      value |= (group & 0x7f) << 7 * i;
      if (group >= 0) {
        return value > 0xffffffffL ? -1 : value;
      }
    }
    return -1;
  }

  /** Bytes of the number that stands at an offset and was read before, however it was padded. */
  public static int length(byte[] source, int offset) {
    int next = offset;
    while (source[next] < 0) {
      next++;
    }
    return next + 1 - offset;
  }

  /** Reads a number of up to 64 bits. */
  public static long get64(Arena arena, long at) {
    long value = 0;
    for (int i = 0; i < BYTES_MAX_64 - 1; i++) {
      long group = arena.getByte(at + i);
      value |= (group & 0x7f) << 7 * i;
      if (group >= 0) {
        return value;
      }
    }
    // One bit is left for the last byte.
    long last = arena.getUnsignedByte(at + BYTES_MAX_64 - 1);
    if (last > 1) {
      throw tooLong(at, BYTES_MAX_64);
    }
    return value | last << 63;
  }

  /** Bytes of the number that stands at an offset, however it was padded. */
  public static int length(Arena arena, long at) {
    for (int i = 0; i < BYTES_MAX_64; i++) {
      if (arena.getByte(at + i) >= 0) {
        return i + 1;
      }
    }
    throw tooLong(at, BYTES_MAX_64);
  }

  private static IndexOutOfBoundsException tooLong(long at, int bytes) {
    return new IndexOutOfBoundsException("number at " + at + " does not fit " + bytes + " bytes");
  }

  /** The code of a difference: magnitude above, sign in bit 0. */
  public static long encodeDelta(long delta) {
    return delta >= 0 ? delta << 1 : -delta << 1 | 1;
  }

  public static long decodeDelta(long code) {
    long magnitude = code >>> 1;
    return (code & 1) == 0 ? magnitude : -magnitude;
  }
}
