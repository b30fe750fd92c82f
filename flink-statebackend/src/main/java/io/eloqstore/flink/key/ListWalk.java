/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import java.util.Arrays;

/**
 * Walks the keys of lists, also of those that were cleared, each once. Weakly consistent.
 *
 * <p>Belongs to the partition's owner.
 */
public final class ListWalk {
  private final PartitionCursor cursor;
  private byte[] listKey;

  /**
   * @param cursor at the start of a range of lists; used by this walk alone
   */
  public ListWalk(PartitionCursor cursor) {
    this.cursor = cursor;
  }

  /**
   * Moves to the next list.
   *
   * @return whether there is one
   */
  public boolean next() {
    if (listKey != null) {
      cursor.skipPrefix(listKey);
    }
    if (!cursor.next()) {
      return false;
    }
    int length = ListChunks.listKeyLength(cursor.keyLength());
    listKey = Arrays.copyOfRange(cursor.bytes(), cursor.keyOffset(), cursor.keyOffset() + length);
    return true;
  }

  /** Key of the list; belongs to the caller. */
  public byte[] listKey() {
    return listKey;
  }
}
