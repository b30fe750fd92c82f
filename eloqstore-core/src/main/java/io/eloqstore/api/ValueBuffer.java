/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.Arrays;

/**
 * Takes the result of a read; the caller keeps one and uses it again and again, so a read allocates
 * nothing once the buffer has grown to the largest value.
 *
 * <p>Belongs to one thread at a time. The bytes are valid until the next read into this buffer.
 */
public final class ValueBuffer {
  private static final int INITIAL_BYTES = 256;

  private byte[] bytes = new byte[INITIAL_BYTES];
  private int length;
  private long timestamp;
  private long expireTs;

  /** The array that holds the value in its first {@link #length()} bytes. */
  public byte[] bytes() {
    return bytes;
  }

  /** Length of the value, bytes. */
  public int length() {
    return length;
  }

  /** Timestamp stored with the entry; 0 when it was put without one. */
  public long timestamp() {
    return timestamp;
  }

  /** Expiry, milliseconds since the epoch; 0 means never. */
  public long expireTs() {
    return expireTs;
  }

  /** A copy of the value. */
  public byte[] toByteArray() {
    return Arrays.copyOf(bytes, length);
  }

  /**
   * Makes room for a value and sets its length; the first bytes up to the old length stay.
   *
   * @return the array to fill
   */
  public byte[] setLength(int length) {
    if (length > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(length, (int) Math.min(bytes.length * 2L, 1 << 30)));
    }
    this.length = length;
    return bytes;
  }

  public void setTimes(long timestamp, long expireTs) {
    this.timestamp = timestamp;
    this.expireTs = expireTs;
  }
}
