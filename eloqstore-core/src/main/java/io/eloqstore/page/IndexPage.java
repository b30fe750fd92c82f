/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.codec.Varints;
import io.eloqstore.memory.Arena;

/**
 * Index pages: separators in key order, each with the child whose keys are not below it.
 *
 * <p>Offsets from the start of the page: header 0, leftmost child 11 (page id, 4 bytes; its
 * separator is below every key), entries from 15, restart array. An entry: {@code varint shared,
 * varint nonShared, key bytes, varint child difference}; at a restart point nothing is shared and
 * the child before counts as 0.
 *
 * <p>Any thread. {@link #childFor} allocates nothing and may be let loose on bytes that are being
 * reused.
 */
public final class IndexPage {
  static final int LEFTMOST = 11;
  static final int ENTRIES = 15;

  private IndexPage() {}

  public static int leftmost(Arena arena, long at) {
    return arena.getInt(at + LEFTMOST);
  }

  /** Page id of the child whose range holds a key. */
  public static int childFor(Arena arena, long at, byte[] key, int offset, int length) {
    int restartsAt = Restarts.start(arena, at);
    int count = Restarts.count(arena, at);
    int low = -1;
    int high = count - 1;
    // The last restart point whose separator is not above the key; -1 is the leftmost child.
    while (low < high) {
      int middle = low + high + 1 >> 1;
      long entry = at + Restarts.offset(arena, at, restartsAt, middle);
      long position = entry + Varints.length(arena, entry);
      int keyLength = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      if (arena.compare(position, keyLength, key, offset, length) > 0) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    if (low < 0) {
      return leftmost(arena, at);
    }
    int end = low + 1 < count ? Restarts.offset(arena, at, restartsAt, low + 1) : restartsAt;
    long start = at + Restarts.offset(arena, at, restartsAt, low);
    return walk(arena, start, at + end, key, offset, length);
  }

  private static int walk(Arena arena, long start, long end, byte[] key, int offset, int length) {
    long position = start;
    int common = 0;
    long child = 0;
    while (position < end) {
      int shared = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      int nonShared = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      long keyAt = position;
      position += nonShared;
      if (nonShared < 0 || position > end) {
        throw new IndexOutOfBoundsException("entry ends at " + position + ", content at " + end);
      }
      if (shared < common) {
        break;
      }
      if (shared == common) {
        int more = arena.commonPrefix(keyAt, nonShared, key, offset + common, length - common);
        if (more < nonShared
            && (common + more == length
                || arena.getUnsignedByte(keyAt + more) > (key[offset + common + more] & 0xff))) {
          break;
        }
        common += more;
      }
      child += Varints.decodeDelta(Varints.get64(arena, position));
      position += Varints.length(arena, position);
    }
    return (int) child;
  }

  /**
   * Walks every entry of a page that came from the disk.
   *
   * @return what is wrong, or {@code null}
   */
  static String check(Arena arena, long at, int pageBytes) {
    String problem = Restarts.check(arena, at, pageBytes, ENTRIES);
    if (problem != null) {
      return problem;
    }
    if (leftmost(arena, at) < 0) {
      return "leftmost child " + Integer.toUnsignedString(leftmost(arena, at));
    }
    int end = Restarts.start(arena, at);
    int restarts = Restarts.count(arena, at);
    int restart = 0;
    int keyLength = 0;
    long child = 0;
    long position = at + ENTRIES;
    while (position < at + end) {
      long entry = position - at;
      boolean alone = restart < restarts && Restarts.offset(arena, at, end, restart) == entry;
      int shared = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      int nonShared = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      problem = Restarts.checkKey(entry, ENTRIES, alone, shared, nonShared, keyLength, pageBytes);
      if (problem != null) {
        return problem;
      }
      keyLength = shared + nonShared;
      position += nonShared;
      child = (alone ? 0 : child) + Varints.decodeDelta(Varints.get64(arena, position));
      position += Varints.length(arena, position);
      if (child < 0 || child > Integer.MAX_VALUE || position > at + end) {
        return "entry at " + entry + " names child " + child + " and ends at " + (position - at);
      }
      restart += alone ? 1 : 0;
    }
    return restart == restarts && (restarts > 0 || end == ENTRIES)
        ? null
        : "only " + restart + " of " + restarts + " restart points stand on an entry";
  }
}
