/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.tree.ChangeCursor;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Keys without a value that come or go, as changes for a merge. One use. */
final class KeyChanges implements ChangeCursor {
  private final Iterator<Map.Entry<byte[], Boolean>> entries;
  private Map.Entry<byte[], Boolean> entry;

  /**
   * @param entries in ascending order of the keys; whether each comes, else it goes
   */
  KeyChanges(Iterator<Map.Entry<byte[], Boolean>> entries) {
    this.entries = entries;
  }

  /** Keys that go, in ascending order. */
  static KeyChanges drops(List<byte[]> keys) {
    return new KeyChanges(keys.stream().map(key -> Map.entry(key, false)).iterator());
  }

  @Override
  public boolean next() {
    if (!entries.hasNext()) {
      return false;
    }
    entry = entries.next();
    return true;
  }

  @Override
  public byte[] key() {
    return entry.getKey();
  }

  @Override
  public int keyLength() {
    return entry.getKey().length;
  }

  @Override
  public boolean isDelete() {
    return !entry.getValue();
  }

  @Override
  public int flags() {
    return 0;
  }

  @Override
  public long valueAt() {
    return 0;
  }

  @Override
  public int valueLength() {
    return 0;
  }

  @Override
  public boolean hasTimestamp() {
    return true;
  }

  @Override
  public long timestamp() {
    return 0;
  }

  @Override
  public long expireTs() {
    return 0;
  }
}
