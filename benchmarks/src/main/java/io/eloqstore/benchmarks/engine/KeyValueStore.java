/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import java.io.IOException;

/**
 * An ordered map of byte keys to byte values, in the words that all that are compared understand.
 *
 * <p>Used by one thread, which also closes it. Keys have {@link Entries#KEY_BYTES}, values {@link
 * Entries#VALUE_BYTES}; the caller may change the arrays it gave as soon as a call is over.
 */
interface KeyValueStore extends AutoCloseable {
  /** What {@link #get} and {@link #floor} answer when there is nothing. */
  int ABSENT = -1;

  /** Length of a value, bytes; the value itself is where the caller could read it. */
  int get(byte[] key);

  void put(byte[] key, byte[] value);

  /** Appends to a list, which may be new. */
  void append(byte[] key, byte[] element);

  /** Reads all keys and values; the number of rows. */
  long scan();

  /** Reads the rows whose keys begin with these bytes; their number. */
  int scanPrefix(byte[] prefix);

  /** Length of the value of the greatest key that is not above a key, bytes. */
  int floor(byte[] key);

  /** Returns when all that was written is on the disk, as far as the store has one. */
  void commit();

  /** Moves all that was put to a layer. Nothing is put afterwards but over what is there. */
  void settle(Layer layer);

  /** Releases everything and deletes the files. */
  @Override
  void close() throws IOException;
}
