/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.codec.Varints;
import io.eloqstore.memory.Arena;
import java.util.Arrays;

/**
 * Walks the entries of one leaf in both directions, with the whole key at hand.
 *
 * <p>One thread; used again for the next page; allocates nothing once its key has grown. The page
 * must be pinned and checked.
 */
public final class LeafCursor {
  private Arena arena;
  private long at;
  private int entriesAt;
  private int entriesEnd;
  private int restarts;
  private byte[] key = new byte[64];
  private int keyLength;
  // Page offsets of the entry, -1 before the first move, and of what follows it.
  private int entry;
  private int following;
  // The last restart point that is not behind the entry; -1 before the first move.
  private int region;
  private int flags;
  private long valueAt;
  private int valueLength;
  private long timestamp;
  private long expireTs;
  private boolean exact;

  /** Stands nowhere until it is moved. */
  public void open(Arena arena, long at) {
    this.arena = arena;
    this.at = at;
    this.restarts = Restarts.count(arena, at);
    this.entriesEnd = Restarts.start(arena, at);
    this.entry = -1;
    this.entriesAt = LeafPage.entriesAt(arena, at);
    this.following = entriesAt;
    this.region = -1;
    this.exact = false;
  }

  /** Moves to the first entry; {@code false} on an empty page. */
  public boolean first() {
    if (restarts == 0) {
      return false;
    }
    startRegion(0);
    return true;
  }

  /** Moves to the last entry; {@code false} on an empty page. */
  public boolean last() {
    if (restarts == 0) {
      return false;
    }
    startRegion(restarts - 1);
    while (following < entriesEnd) {
      parse(following);
    }
    return true;
  }

  /** Moves on; {@code false} at the end, and the cursor stays where it is. */
  public boolean next() {
    if (following >= entriesEnd) {
      return false;
    }
    if (region + 1 < restarts && restart(region + 1) == following) {
      startRegion(region + 1);
    } else {
      parse(following);
    }
    return true;
  }

  /** Moves back; {@code false} at the first entry, and the cursor stays there. */
  public boolean previous() {
    if (entry <= entriesAt) {
      return false;
    }
    int target = entry;
    startRegion(restart(region) == target ? region - 1 : region);
    while (following < target) {
      parse(following);
    }
    return true;
  }

  /**
   * Moves to the first entry whose key is not below the given one.
   *
   * @return whether there is one; else the cursor stands on the last entry
   */
  public boolean seek(byte[] target, int offset, int length) {
    exact = false;
    if (restarts == 0) {
      return false;
    }
    int low = 0;
    int high = restarts - 1;
    while (low < high) {
      int middle = low + high + 1 >>> 1;
      startRegion(middle);
      if (compare(target, offset, length) > 0) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    startRegion(low);
    while (true) {
      int order = compare(target, offset, length);
      if (order >= 0) {
        exact = order == 0;
        return true;
      }
      if (!next()) {
        return false;
      }
    }
  }

  /**
   * Moves to the last entry whose key is below the given one, or equal if that is allowed.
   *
   * @return whether there is one
   */
  public boolean seekFloor(byte[] target, int offset, int length, boolean inclusive) {
    if (!seek(target, offset, length)) {
      // It stands on the last entry already.
      return restarts > 0;
    }
    return exact && inclusive || previous();
  }

  /** Whether the last {@link #seek} found the key itself. */
  public boolean exact() {
    return exact;
  }

  private int compare(byte[] target, int offset, int length) {
    return Arrays.compareUnsigned(key, 0, keyLength, target, offset, offset + length);
  }

  private int restart(int index) {
    return Restarts.offset(arena, at, entriesEnd, index);
  }

  private void startRegion(int index) {
    region = index;
    keyLength = 0;
    timestamp = 0;
    parse(restart(index));
  }

  private void parse(int offset) {
    long position = at + offset;
    int shared = Varints.get32(arena, position);
    position += Varints.length(arena, position);
    int nonShared = Varints.get32(arena, position);
    position += Varints.length(arena, position);
    int lengthFlags = Varints.get32(arena, position);
    position += Varints.length(arena, position);
    keyLength = shared + nonShared;
    if (key.length < keyLength) {
      key = Arrays.copyOf(key, Math.max(keyLength, key.length * 2));
    }
    arena.get(position, key, shared, nonShared);
    valueAt = position + nonShared;
    valueLength = lengthFlags >>> LeafPage.FLAG_BITS;
    flags = lengthFlags & LeafPage.FLAG_MASK;
    position = valueAt + valueLength;
    expireTs = 0;
    if ((flags & LeafPage.EXPIRE) != 0) {
      expireTs = Varints.get64(arena, position);
      position += Varints.length(arena, position);
    }
    timestamp += Varints.decodeDelta(Varints.get64(arena, position));
    position += Varints.length(arena, position);
    entry = offset;
    following = (int) (position - at);
  }

  /** Holds the key in its first {@link #keyLength} bytes; valid until the next move. */
  public byte[] key() {
    return key;
  }

  public int keyLength() {
    return keyLength;
  }

  /** Bits of {@link LeafPage}. */
  public int flags() {
    return flags;
  }

  /** Arena offset of the stored value bytes. */
  public long valueAt() {
    return valueAt;
  }

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

  /** Whether the entry the cursor stands on is a restart point. */
  public boolean isRestart() {
    return region >= 0 && restart(region) == entry;
  }
}
