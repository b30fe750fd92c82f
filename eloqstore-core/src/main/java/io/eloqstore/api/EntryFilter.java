/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * Says which entries nobody needs any more. Asked by background work for entries of leaves that it
 * rewrites anyway, and for every entry by a sweep ({@link OwnedPartition#requestSweep}). An entry
 * may be asked for often, or never; one that is dropped is gone as if it had been deleted before
 * everything that is in a write buffer.
 *
 * <p>Called by the shard's background thread, for one entry after the other. Must not use the
 * partition. What it throws poisons the partition.
 */
@FunctionalInterface
public interface EntryFilter {

  /** Called before the first entry of a rewrite and of each step of a sweep. */
  default void begin() {}

  /**
   * Whether an entry goes. Not asked for keys so long that they share an entry with others
   * (architecture D15). Of a list, each chunk is an entry: its key is that of the list and eight
   * more bytes.
   *
   * @param entry valid during the call
   */
  boolean drops(Entry entry);

  /** The entry that is asked for. */
  interface Entry {
    /** Holds the key in its first {@link #keyLength} bytes; not to be changed. */
    byte[] key();

    int keyLength();

    int valueLength();

    /**
     * Copies bytes of the value.
     *
     * @param from first byte; {@code from + length} is at most {@link #valueLength}
     */
    void copyValue(int from, byte[] target, int offset, int length);
  }
}
