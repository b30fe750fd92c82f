/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/**
 * Changes for one merge, in ascending key order, each key once.
 *
 * <p>Used by one thread. It stands before the first change until {@link #next()} is called; what
 * the other methods return belongs to the change it stands on and is valid until the next call.
 * Changes win unconditionally over what is in the tree.
 */
public interface ChangeCursor {

  /**
   * Steps to the next change.
   *
   * @return false when there is none
   */
  boolean next();

  /** The array that holds the key in its first {@link #keyLength()} bytes. */
  byte[] key();

  /** Length of the key, bytes: 1 to half a page. */
  int keyLength();

  /** Whether the key is removed; then nothing below is asked for. */
  boolean isDelete();

  /**
   * Flags of the leaf entry: overflow (the value is a list of overflow page ids), expiry, and the
   * compression bits, which are passed through.
   */
  int flags();

  /** Arena offset of the value bytes as they shall stand in the leaf. */
  long valueAt();

  /** Length of the value bytes. */
  int valueLength();

  /**
   * Whether {@link #timestamp()} shall be stored; if not, the timestamp of the entry it replaces is
   * kept, and a new key gets 0.
   */
  boolean hasTimestamp();

  long timestamp();

  /** Expiry, milliseconds since the epoch; 0 means never. */
  long expireTs();
}
