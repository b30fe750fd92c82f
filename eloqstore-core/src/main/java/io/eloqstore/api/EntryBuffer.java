/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.Arrays;

/**
 * Takes the entry that a search finds: key, value and times. Kept and used again, so a search
 * allocates nothing for its answer once the buffer has grown.
 *
 * <p>Belongs to one thread at a time. The bytes are valid until the next search into this buffer.
 */
public final class EntryBuffer {
  private byte[] key = new byte[64];
  private int keyLength;
  private final ValueBuffer value = new ValueBuffer();

  /** The array that holds the key in its first {@link #keyLength()} bytes. */
  public byte[] key() {
    return key;
  }

  /** Length of the key, bytes. */
  public int keyLength() {
    return keyLength;
  }

  /** A copy of the key. */
  public byte[] keyToByteArray() {
    return Arrays.copyOf(key, keyLength);
  }

  /** Value, timestamp and expiry of the entry. */
  public ValueBuffer value() {
    return value;
  }

  /** Takes a copy of an entry. */
  public void set(byte[] newKey, int newKeyLength, ValueBuffer newValue) {
    if (key.length < newKeyLength) {
      key =
          new byte[(int) Math.min(Integer.MAX_VALUE - 64, Math.max(newKeyLength, 2L * key.length))];
    }
    System.arraycopy(newKey, 0, key, 0, newKeyLength);
    keyLength = newKeyLength;
    int length = newValue.length();
    System.arraycopy(newValue.bytes(), 0, value.setLength(length), 0, length);
    value.setTimes(newValue.timestamp(), newValue.expireTs());
  }
}
