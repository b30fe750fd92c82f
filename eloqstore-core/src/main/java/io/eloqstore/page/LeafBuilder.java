/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.codec.Varints;
import io.eloqstore.memory.Arena;
import java.util.Arrays;

/**
 * Writes a leaf, entry by entry in key order. One thread; used again for the next page.
 *
 * <p>An entry fits if content, restart array and count stay within the page (format document 4.1).
 * The padding is zero.
 */
public final class LeafBuilder {
  private Arena arena;
  private long at;
  private int pageBytes;
  private int type;
  private int restartInterval;
  private int position;
  private int entries;
  private int sinceRestart;
  private long lastTimestamp;
  private byte[] lastKey = new byte[64];
  private int lastKeyLength;
  private int[] restarts = new int[64];
  private int restartCount;

  /**
   * Begins a leaf of a tree.
   *
   * @param at where the page is built
   * @param restartInterval entries from one restart point to the next, at least 1
   */
  public void open(Arena arena, long at, int pageBytes, int restartInterval) {
    open(arena, at, pageBytes, restartInterval, PageType.LEAF);
  }

  /** Begins a leaf of a type, {@link PageType#LEAF} or {@link PageType#SEGMENT_LEAF}. */
  public void open(Arena arena, long at, int pageBytes, int restartInterval, int type) {
    this.type = type;
    this.arena = arena;
    this.at = at;
    this.pageBytes = pageBytes;
    this.restartInterval = restartInterval;
    position = LeafPage.entriesAt(type);
    entries = 0;
    sinceRestart = 0;
    lastTimestamp = 0;
    lastKeyLength = 0;
    restartCount = 0;
  }

  /** The next entry becomes a restart point, whatever the interval says. */
  public void startRestart() {
    sinceRestart = restartInterval;
  }

  /**
   * Adds an entry behind the last one.
   *
   * @param key above the last key
   * @param valueAt arena offset of the value bytes, not inside this page
   * @param flags bits of {@link LeafPage}; the expiry bit goes with {@code expireTs}
   * @return whether it fitted; nothing changed if not
   */
  public boolean add(
      byte[] key,
      int keyOffset,
      int keyLength,
      long valueAt,
      int valueLength,
      int flags,
      long timestamp,
      long expireTs) {
    if (!begin(key, keyOffset, keyLength, valueLength, flags, timestamp, expireTs)) {
      return false;
    }
    arena.copy(valueAt, at + position, valueLength);
    end(key, keyOffset, keyLength, valueLength, timestamp, expireTs);
    return true;
  }

  /**
   * Adds a change to a leaf of a segment.
   *
   * @param change bits of {@link SegmentChange}
   * @param firstLive number of the first live chunk, of a large head of a list
   * @return whether it fitted; nothing changed if not
   */
  public boolean addChange(
      byte[] key,
      int keyLength,
      int change,
      long firstLive,
      long valueAt,
      int valueLength,
      int flags,
      long timestamp,
      long expireTs) {
    int prefix = SegmentChange.prefixBytes(change);
    int stored = prefix + valueLength;
    if (!begin(key, 0, keyLength, stored, flags, timestamp, expireTs)) {
      return false;
    }
    arena.putByte(at + position, (byte) change);
    if (prefix > 1) {
      arena.putLong(at + position + 1, firstLive);
    }
    if (valueLength > 0) {
      arena.copy(valueAt, at + position + prefix, valueLength);
    }
    end(key, 0, keyLength, stored, timestamp, expireTs);
    return true;
  }

  /** Adds an entry whose value is on the heap; see the other one. */
  public boolean add(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int flags,
      long timestamp,
      long expireTs) {
    if (!begin(key, keyOffset, keyLength, value.length, flags, timestamp, expireTs)) {
      return false;
    }
    arena.put(at + position, value, 0, value.length);
    end(key, keyOffset, keyLength, value.length, timestamp, expireTs);
    return true;
  }

  /** Writes everything before the value; {@code false} when the entry does not fit. */
  private boolean begin(
      byte[] key,
      int keyOffset,
      int keyLength,
      int valueLength,
      int flags,
      long timestamp,
      long expireTs) {
    boolean restart = entries == 0 || sinceRestart >= restartInterval;
    int shared = restart ? 0 : commonPrefix(lastKey, lastKeyLength, key, keyOffset, keyLength);
    int nonShared = keyLength - shared;
    int lengthFlags = lengthFlags(valueLength, flags, expireTs);
    int bytes =
        Varints.size32(shared)
            + Varints.size32(nonShared)
            + Varints.size32(lengthFlags)
            + nonShared
            + valueLength
            + (expireTs == 0 ? 0 : Varints.size64(expireTs))
            + Varints.size64(timestampCode(timestamp, restart));
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
      lastTimestamp = 0;
    }
    long next = Varints.put(arena, at + position, shared);
    next = Varints.put(arena, next, nonShared);
    next = Varints.put(arena, next, lengthFlags & 0xffffffffL);
    arena.put(next, key, keyOffset + shared, nonShared);
    position = (int) (next + nonShared - at);
    return true;
  }

  private void end(
      byte[] key, int keyOffset, int keyLength, int valueLength, long timestamp, long expireTs) {
    long next = at + position + valueLength;
    if (expireTs != 0) {
      next = Varints.put(arena, next, expireTs);
    }
    next = Varints.put(arena, next, timestampCode(timestamp, false));
    position = (int) (next - at);
    lastTimestamp = clamp(timestamp);
    sinceRestart++;
    entries++;
    if (lastKey.length < keyLength) {
      lastKey = new byte[Math.max(keyLength, lastKey.length * 2)];
    }
    System.arraycopy(key, keyOffset, lastKey, 0, keyLength);
    lastKeyLength = keyLength;
  }

  private long timestampCode(long timestamp, boolean restart) {
    return Varints.encodeDelta(clamp(timestamp) - (restart ? 0 : lastTimestamp));
  }

  private static long clamp(long timestamp) {
    return timestamp < 0 ? Long.MAX_VALUE : timestamp;
  }

  private static int lengthFlags(int valueLength, int flags, long expireTs) {
    int bits = expireTs == 0 ? flags & ~LeafPage.EXPIRE : flags | LeafPage.EXPIRE;
    return valueLength << LeafPage.FLAG_BITS | bits;
  }

  private static int commonPrefix(
      byte[] last, int lastLength, byte[] key, int keyOffset, int keyLength) {
    int mismatch = Arrays.mismatch(last, 0, lastLength, key, keyOffset, keyOffset + keyLength);
    return mismatch < 0 ? lastLength : mismatch;
  }

  /** Bytes of the finished content so far. */
  public int bytesUsed() {
    return position + Short.BYTES * restartCount + Short.BYTES;
  }

  public int entryCount() {
    return entries;
  }

  public boolean isEmpty() {
    return entries == 0;
  }

  /** Holds the key added last in its first {@link #lastKeyLength} bytes. */
  public byte[] lastKey() {
    return lastKey;
  }

  public int lastKeyLength() {
    return lastKeyLength;
  }

  /**
   * Writes header, restart array and zero padding; the page still wants its checksum.
   *
   * @param previousPage page id of the leaf before, or {@link LeafPage#NO_PAGE}
   * @param nextPage page id of the leaf behind, or {@link LeafPage#NO_PAGE}
   */
  public void finish(int previousPage, int nextPage) {
    int next = position;
    for (int i = 0; i < restartCount; i++) {
      arena.putShort(at + next, restarts[i]);
      next += Short.BYTES;
    }
    arena.putShort(at + next, restartCount);
    next += Short.BYTES;
    PageHeader.write(arena, at, type, next);
    if (type == PageType.LEAF) {
      LeafPage.setPrevious(arena, at, previousPage);
      LeafPage.setNext(arena, at, nextPage);
    }
    arena.zero(at + next, pageBytes - next);
  }

  /** Whether an entry fits an empty page; one that does not goes to overflow pages. */
  public static boolean fitsAlone(
      int pageBytes, int keyLength, long valueLength, long timestamp, long expireTs) {
    if (valueLength > pageBytes) {
      return false;
    }
    int lengthFlags = lengthFlags((int) valueLength, 0, expireTs);
    long bytes =
        1L
            + Varints.size32(keyLength)
            + Varints.size32(lengthFlags)
            + keyLength
            + valueLength
            + (expireTs == 0 ? 0 : Varints.size64(expireTs))
            + Varints.size64(Varints.encodeDelta(clamp(timestamp)));
    return LeafPage.ENTRIES + 2L * Short.BYTES + bytes <= pageBytes;
  }
}
