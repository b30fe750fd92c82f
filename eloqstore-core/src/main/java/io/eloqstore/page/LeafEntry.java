/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

/** What a point search found in a leaf; the caller keeps one and uses it again. One thread. */
public final class LeafEntry {
  int flags;
  long valueAt;
  int valueLength;
  long timestamp;
  long expireTs;

  /** Bits of {@link LeafPage}. */
  public int flags() {
    return flags;
  }

  /** Arena offset of the stored value bytes. */
  public long valueAt() {
    return valueAt;
  }

  /** Stored bytes of the value. */
  public int valueLength() {
    return valueLength;
  }

  public long timestamp() {
    return timestamp;
  }

  /** Milliseconds since the epoch; 0 means never. */
  public long expireTs() {
    return expireTs;
  }
}
