/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.OwnedPartition;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * The entries of a partition as a canonical savepoint holds them: keys without state id, and every
 * list as one value.
 *
 * <p>Belongs to one thread at a time; closing it closes the iterator it reads.
 */
public final class CanonicalEntries implements AutoCloseable {
  private final EntryIterator source;
  private final KeyLayout layout;
  private final IntPredicate isList;
  private final ByteArrayOutputStream elements = new ByteArrayOutputStream();
  private boolean ahead;
  private int stateId;
  private byte[] key;
  private byte[] value;

  /**
   * @param isList whether a state id is that of a list state
   */
  public CanonicalEntries(EntryIterator source, KeyLayout layout, IntPredicate isList) {
    this.source = source;
    this.layout = layout;
    this.isList = isList;
  }

  /**
   * Moves to the next entry.
   *
   * @return whether there is one
   */
  public boolean next() {
    while (ahead || source.next()) {
      ahead = false;
      stateId = layout.stateId(source.key(), 0);
      if (!isList.test(stateId)) {
        key = layout.canonicalKey(source.key(), 0, source.keyLength());
        value = source.value().toByteArray();
        return true;
      }
      if (readList()) {
        return true;
      }
    }
    return false;
  }

  public int stateId() {
    return stateId;
  }

  public int keyGroup() {
    return layout.keyGroup(key, 0);
  }

  /** The canonical key; belongs to the caller. */
  public byte[] key() {
    return key;
  }

  /** The canonical value; belongs to the caller. */
  public byte[] value() {
    return value;
  }

  /** Reads all chunks of the list at the source's position; leaves the source behind them. */
  private boolean readList() {
    byte[] listKey = Arrays.copyOf(source.key(), ListChunks.listKeyLength(source.keyLength()));
    elements.reset();
    long firstLive = 0;
    do {
      byte[] bytes = source.value().bytes();
      int length = source.value().length();
      int from = 0;
      long number = ListChunks.number(source.key(), 0, source.keyLength());
      if (number == 0) {
        firstLive = ListChunks.firstLive(bytes, 0);
        from = Long.BYTES;
      }
      if ((number == 0 || number >= firstLive) && length > from) {
        if (elements.size() > 0) {
          elements.write(OwnedPartition.LIST_DELIMITER);
        }
        elements.write(bytes, from, length - from);
      }
      ahead = source.next();
    } while (ahead && isChunkOf(listKey));
    if (elements.size() == 0) {
      return false;
    }
    key = layout.canonicalKey(listKey, 0, listKey.length);
    value = elements.toByteArray();
    return true;
  }

  private boolean isChunkOf(byte[] listKey) {
    int length = ListChunks.listKeyLength(source.keyLength());
    return length == listKey.length && Arrays.equals(source.key(), 0, length, listKey, 0, length);
  }

  @Override
  public void close() {
    source.close();
  }
}
