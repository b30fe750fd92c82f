/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.tree.ChangeCursor;
import java.util.Iterator;
import java.util.List;

/** Deletes of keys, in ascending order, as changes for a merge. One use. */
final class Drops implements ChangeCursor {
  private final Iterator<byte[]> keys;
  private byte[] key;

  Drops(List<byte[]> keys) {
    this.keys = keys.iterator();
  }

  @Override
  public boolean next() {
    if (!keys.hasNext()) {
      return false;
    }
    key = keys.next();
    return true;
  }

  @Override
  public byte[] key() {
    return key;
  }

  @Override
  public int keyLength() {
    return key.length;
  }

  @Override
  public boolean isDelete() {
    return true;
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
    return false;
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
