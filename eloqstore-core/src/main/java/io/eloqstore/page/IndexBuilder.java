/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.codec.Varints;
import io.eloqstore.memory.Arena;
import java.util.Arrays;

/** Writes an index page, child by child in key order. One thread; used again for the next page. */
public final class IndexBuilder {
  private Arena arena;
  private long at;
  private int pageBytes;
  private int type;
  private int restartInterval;
  private int position;
  private int children;
  private int sinceRestart;
  private int leftmost;
  private int lastChild;
  private byte[] lastKey = new byte[64];
  private int lastKeyLength;
  private int[] restarts = new int[64];
  private int restartCount;

  /**
   * @param type {@link PageType#INDEX} or {@link PageType#LEAF_INDEX}
   * @param restartInterval entries from one restart point to the next, at least 1
   */
  public void open(Arena arena, long at, int pageBytes, int type, int restartInterval) {
    this.arena = arena;
    this.at = at;
    this.pageBytes = pageBytes;
    this.type = type;
    this.restartInterval = restartInterval;
    position = IndexPage.ENTRIES;
    children = 0;
    sinceRestart = 0;
    lastKeyLength = 0;
    restartCount = 0;
  }

  /** The next entry becomes a restart point, whatever the interval says. */
  public void startRestart() {
    sinceRestart = restartInterval;
  }

  /** The first child, whose separator is below every key. */
  public void setLeftmost(int child) {
    leftmost = child;
    children = 1;
  }

  /**
   * Adds a child behind the last one.
   *
   * @param key its separator, above the last one
   * @return whether it fitted; nothing changed if not
   * @throws IllegalStateException before the leftmost child is set
   */
  public boolean add(byte[] key, int keyOffset, int keyLength, int child) {
    if (children == 0) {
      throw new IllegalStateException("the leftmost child comes first");
    }
    boolean restart = restartCount == 0 || sinceRestart >= restartInterval;
    int shared = 0;
    if (!restart) {
      int mismatch =
          Arrays.mismatch(lastKey, 0, lastKeyLength, key, keyOffset, keyOffset + keyLength);
      shared = mismatch < 0 ? lastKeyLength : mismatch;
    }
    int nonShared = keyLength - shared;
    long code = Varints.encodeDelta((long) child - (restart ? 0 : lastChild));
    int bytes =
        Varints.size32(shared) + Varints.size32(nonShared) + nonShared + Varints.size64(code);
    int arrayBytes = Short.BYTES * (restartCount + (restart ? 1 : 0)) + Short.BYTES;
    if ((long) position + bytes + arrayBytes > pageBytes) {
      return false;
    }
    if (restart) {
      if (restartCount == restarts.length) {
        restarts = Arrays.copyOf(restarts, restartCount * 2);
      }
      restarts[restartCount++] = position;
      sinceRestart = 0;
    }
    long next = Varints.put(arena, at + position, shared);
    next = Varints.put(arena, next, nonShared);
    arena.put(next, key, keyOffset + shared, nonShared);
    next = Varints.put(arena, next + nonShared, code);
    position = (int) (next - at);
    sinceRestart++;
    children++;
    lastChild = child;
    if (lastKey.length < keyLength) {
      lastKey = new byte[Math.max(keyLength, lastKey.length * 2)];
    }
    System.arraycopy(key, keyOffset, lastKey, 0, keyLength);
    lastKeyLength = keyLength;
    return true;
  }

  /** Bytes of the finished content so far. */
  public int bytesUsed() {
    return position + Short.BYTES * restartCount + Short.BYTES;
  }

  /** The leftmost one included. */
  public int childCount() {
    return children;
  }

  /** Writes header, restart array and zero padding; the page still wants its checksum. */
  public void finish() {
    if (children == 0) {
      throw new IllegalStateException("an index page has at least its leftmost child");
    }
    int next = position;
    for (int i = 0; i < restartCount; i++) {
      arena.putShort(at + next, restarts[i]);
      next += Short.BYTES;
    }
    arena.putShort(at + next, restartCount);
    next += Short.BYTES;
    PageHeader.write(arena, at, type, next);
    arena.putInt(at + IndexPage.LEFTMOST, leftmost);
    arena.zero(at + next, pageBytes - next);
  }
}
