/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * Walks entries in key order, one at a time. Belongs to one thread at a time.
 *
 * <p>Fails with {@link StoreErrorCode#CLOSED} once its partition is closed.
 */
public interface EntryIterator extends AutoCloseable {

  /**
   * Moves to the next entry.
   *
   * @return whether there is one
   */
  boolean next();

  /** Holds the key in its first {@link #keyLength()} bytes; valid until the next move. */
  byte[] key();

  int keyLength();

  /** Value and times of the present entry; valid until the next move. */
  ValueBuffer value();

  /** Releases what the iterator pins. Does nothing the second time. */
  @Override
  void close();
}
