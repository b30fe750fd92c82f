/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;

/** Rows with keys of any length: what lists are built on. Owner only. */
interface RowSpace {

  /** Number of the last operation. */
  long sequence();

  void put(byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int length);

  /** Stores a row as {@link #put} does, known as a chunk of a list. */
  void putListChunk(byte[] key, int keyLength, byte[] value, int valueOffset, int length);

  /** Stores a row as {@link #put} does, known as the head of a list. */
  void putListHead(byte[] key, int keyLength, byte[] value, int length);

  /** See {@link RowWriter#extendList}. */
  boolean extendList(byte[] lastKey, int keyLength, byte[] more, int moreOffset, int moreLength);

  /** See {@link Rows#scan}. */
  boolean scan(KeyRange range, boolean reverse, RowConsumer consumer);

  /**
   * Like {@link #scan} in key order, for a consumer that passes over every key that has not this
   * length: rows with other keys may come or not.
   */
  boolean scanLength(KeyRange range, int keyLength, RowConsumer consumer);
}
