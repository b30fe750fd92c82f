/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

/**
 * Sorted changes that are on their way to a change segment or to the tree, each key once. One
 * thread; what the methods return belongs to the change it stands on.
 */
interface ChangeSource extends AutoCloseable {

  /**
   * Steps to the next change; to the first one at the first call.
   *
   * @return whether there is one
   */
  boolean next();

  /** The present change is used: its value may be asked for from now on. */
  void take();

  /** The present change is not used, nor will it be: what its value takes goes. */
  void skip();

  /** The array that holds the key in its first {@link #keyLength()} bytes. */
  byte[] key();

  int keyLength();

  /** Bits of {@link io.eloqstore.page.SegmentChange}. */
  int change();

  /**
   * Whether it is a chunk of a list whose raw value stands where it was put; before {@link #take}.
   */
  boolean isSmallChunk();

  /** Number of the first live chunk, of a large head of a list. */
  long firstLive();

  /** Compression bits of {@link io.eloqstore.page.LeafPage}. */
  int flags();

  /** Arena offset of the value bytes, or of the page ids of a large value. */
  long valueAt();

  int valueLength();

  /** 0 when it has none of its own. */
  long timestamp();

  /** Expiry, milliseconds since the epoch; 0 means never. */
  long expireTs();

  /** Whether a range delete that belongs to these changes covers a key. */
  boolean isCut(byte[] key, int keyLength);

  @Override
  void close();
}
