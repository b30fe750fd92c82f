/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.codec.Varints;
import io.eloqstore.memory.Arena;
import java.util.Arrays;

/**
 * Walks the children of one index page in both directions. The leftmost child comes first, with an
 * empty separator.
 *
 * <p>One thread; used again for the next page; allocates nothing once its key has grown. The page
 * must be pinned and checked.
 */
public final class IndexCursor {
  private static final int LEFTMOST = 0;

  private Arena arena;
  private long at;
  private int entriesEnd;
  private int restarts;
  private byte[] key = new byte[64];
  private int keyLength;
  // Page offset of the entry; LEFTMOST for the leftmost child, -1 before the first move.
  private int entry;
  private int following;
  // The last restart point that is not behind the entry; -1 at the leftmost child and before.
  private int region;
  private long child;

  /** Stands nowhere until it is moved. */
  public void open(Arena arena, long at) {
    this.arena = arena;
    this.at = at;
    this.restarts = Restarts.count(arena, at);
    this.entriesEnd = Restarts.start(arena, at);
    this.entry = -1;
    this.region = -1;
  }

  /** Moves to the leftmost child, which every page has. */
  public boolean first() {
    entry = LEFTMOST;
    following = IndexPage.ENTRIES;
    region = -1;
    keyLength = 0;
    child = IndexPage.leftmost(arena, at);
    return true;
  }

  /** Moves to the last child. */
  public boolean last() {
    if (restarts == 0) {
      return first();
    }
    startRegion(restarts - 1);
    while (following < entriesEnd) {
      parse(following);
    }
    return true;
  }

  /** Moves on; {@code false} at the last child, and the cursor stays there. */
  public boolean next() {
    if (entry < 0) {
      return first();
    }
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

  /** Moves back; {@code false} at the leftmost child, and the cursor stays there. */
  public boolean previous() {
    if (entry <= LEFTMOST) {
      return false;
    }
    if (entry == IndexPage.ENTRIES) {
      return first();
    }
    int target = entry;
    startRegion(restart(region) == target ? region - 1 : region);
    while (following < target) {
      parse(following);
    }
    return true;
  }

  /** Moves to the child whose range holds a key. */
  public void seek(byte[] target, int offset, int length) {
    int low = -1;
    int high = restarts - 1;
    while (low < high) {
      int middle = low + high + 1 >> 1;
      startRegion(middle);
      if (compare(target, offset, length) > 0) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    if (low < 0) {
      first();
      return;
    }
    startRegion(low);
    while (next()) {
      if (compare(target, offset, length) > 0) {
        previous();
        return;
      }
    }
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
    child = 0;
    parse(restart(index));
  }

  private void parse(int offset) {
    long position = at + offset;
    int shared = Varints.get32(arena, position);
    position += Varints.length(arena, position);
    int nonShared = Varints.get32(arena, position);
    position += Varints.length(arena, position);
    keyLength = shared + nonShared;
    if (key.length < keyLength) {
      key = Arrays.copyOf(key, Math.max(keyLength, key.length * 2));
    }
    arena.get(position, key, shared, nonShared);
    position += nonShared;
    child += Varints.decodeDelta(Varints.get64(arena, position));
    position += Varints.length(arena, position);
    entry = offset;
    following = (int) (position - at);
  }

  /** Holds the separator in its first {@link #keyLength} bytes; valid until the next move. */
  public byte[] key() {
    return key;
  }

  /** 0 at the leftmost child. */
  public int keyLength() {
    return keyLength;
  }

  /** Whether the child's entry is a restart point; the leftmost child has none. */
  boolean isRestart() {
    return region >= 0 && restart(region) == entry;
  }

  /** Page id. */
  public int child() {
    return (int) child;
  }
}
