/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

/**
 * How the engine keeps a list, for those who see its entries in a scan: chunks under {@code [list
 * key][8-byte big-endian number]}. Number 0 is the head; its value is {@code [first live number, 8
 * bytes big endian][elements]}. Chunks below the first live number are not part of the list.
 */
public final class ListChunks {
  public static final int NUMBER_BYTES = Long.BYTES;

  private ListChunks() {}

  /** Number of the chunk with this stored key. */
  public static long number(byte[] bytes, int keyOffset, int keyLength) {
    return readLong(bytes, keyOffset + keyLength - NUMBER_BYTES);
  }

  /** First live number that a head names. */
  public static long firstLive(byte[] bytes, int valueOffset) {
    return readLong(bytes, valueOffset);
  }

  /** Length of the list key in a stored key. */
  public static int listKeyLength(int keyLength) {
    return keyLength - NUMBER_BYTES;
  }

  private static long readLong(byte[] bytes, int offset) {
    long number = 0;
    for (int i = 0; i < Long.BYTES; i++) {
      number = number << 8 | bytes[offset + i] & 0xff;
    }
    return number;
  }
}
