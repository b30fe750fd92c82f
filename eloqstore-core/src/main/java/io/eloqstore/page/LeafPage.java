/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.codec.Varints;
import io.eloqstore.memory.Arena;

/**
 * Leaves: entries in key order with shared prefixes, and links to the leaves beside.
 *
 * <p>Offsets from the start of the page: header 0, previous leaf 11 (page id, 4 bytes), next leaf
 * 15, entries from 19, restart array. An entry: {@code varint shared, varint nonShared, varint
 * valueLength << 4 | flags, key bytes, value bytes, [varint expiry], varint timestamp difference};
 * at a restart point nothing is shared and the timestamp before counts as 0.
 *
 * <p>Any thread. {@link #find} allocates nothing, compares in place, and may be let loose on bytes
 * that are being reused: it ends after at most one step for each byte of the page.
 */
public final class LeafPage {
  /** The value is a list of overflow page ids, 4 bytes each. */
  public static final int OVERFLOW = 1;

  /** The entry has an expiry. */
  public static final int EXPIRE = 2;

  /** The value is compressed with the partition's dictionary. */
  public static final int COMPRESSED_DICTIONARY = 4;

  /** The value is compressed by itself. */
  public static final int COMPRESSED_ALONE = 8;

  /** No leaf beside. */
  public static final int NO_PAGE = -1;

  static final int PREVIOUS = 11;
  static final int NEXT = 15;
  static final int ENTRIES = 19;
  static final int SEGMENT_ENTRIES = 11;
  static final int FLAG_BITS = 4;
  static final int FLAG_MASK = 15;

  private LeafPage() {}

  /** Page offset of the first entry: a leaf of a segment has no links. */
  static int entriesAt(Arena arena, long at) {
    return entriesAt(PageHeader.type(arena, at));
  }

  static int entriesAt(int type) {
    return type == PageType.SEGMENT_LEAF ? SEGMENT_ENTRIES : ENTRIES;
  }

  /** Page id of the leaf before, {@link #NO_PAGE} for none. */
  public static int previous(Arena arena, long at) {
    return arena.getInt(at + PREVIOUS);
  }

  /** Page id of the leaf behind, {@link #NO_PAGE} for none. */
  public static int next(Arena arena, long at) {
    return arena.getInt(at + NEXT);
  }

  /** Changes a link of a page that is not sealed yet. */
  public static void setPrevious(Arena arena, long at, int page) {
    arena.putInt(at + PREVIOUS, page);
  }

  /** Changes a link of a page that is not sealed yet. */
  public static void setNext(Arena arena, long at, int page) {
    arena.putInt(at + NEXT, page);
  }

  /**
   * Searches one key.
   *
   * @param hit filled when the key is there
   * @return whether it is
   */
  public static boolean find(
      Arena arena, long at, int pageBytes, byte[] key, int offset, int length, LeafEntry hit) {
    int restartsAt = Restarts.start(arena, at);
    int low = 0;
    int high = Restarts.count(arena, at) - 1;
    // The last restart point whose key is not above the wanted one.
    while (low < high) {
      int middle = low + high + 1 >>> 1;
      if (compareRestart(
              arena, at + Restarts.offset(arena, at, restartsAt, middle), key, offset, length)
          > 0) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    if (high < 0) {
      return false;
    }
    int next =
        low + 1 < Restarts.count(arena, at)
            ? Restarts.offset(arena, at, restartsAt, low + 1)
            : restartsAt;
    long position = at + Restarts.offset(arena, at, restartsAt, low);
    return walk(arena, position, at + next, key, offset, length, hit);
  }

  private static int compareRestart(Arena arena, long entry, byte[] key, int offset, int length) {
    long position = entry + Varints.length(arena, entry);
    int keyLength = Varints.get32(arena, position);
    position += Varints.length(arena, position);
    position += Varints.length(arena, position);
    return arena.compare(position, keyLength, key, offset, length);
  }

  /**
   * Goes from a restart point towards the next one, to the entry with the wanted key. {@code
   * common} is the number of bytes in which the present entry's key agrees with the wanted one;
   * together with the shared prefix of the next entry it tells most comparisons without looking.
   */
  private static boolean walk(
      Arena arena, long start, long end, byte[] key, int offset, int length, LeafEntry hit) {
    long position = start;
    int common = 0;
    long timestamp = 0;
    while (position < end) {
      int shared = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      int nonShared = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      int lengthFlags = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      long keyAt = position;
      long valueAt = keyAt + nonShared;
      int valueLength = lengthFlags >>> FLAG_BITS;
      position = valueAt + valueLength;
      if (nonShared < 0 || position > end) {
        throw new IndexOutOfBoundsException("entry ends at " + position + ", content at " + end);
      }
      long expireTs = 0;
      if ((lengthFlags & EXPIRE) != 0) {
        expireTs = Varints.get64(arena, position);
        position += Varints.length(arena, position);
      }
      timestamp += Varints.decodeDelta(Varints.get64(arena, position));
      position += Varints.length(arena, position);
      if (shared < common) {
        return false;
      }
      if (shared == common) {
        int more = arena.commonPrefix(keyAt, nonShared, key, offset + common, length - common);
        common += more;
        if (more == nonShared && common == length) {
          hit.flags = lengthFlags & FLAG_MASK;
          hit.valueAt = valueAt;
          hit.valueLength = valueLength;
          hit.timestamp = timestamp;
          hit.expireTs = expireTs;
          return true;
        }
        if (common == length
            || more < nonShared
                && arena.getUnsignedByte(keyAt + more) > (key[offset + common] & 0xff)) {
          return false;
        }
      }
    }
    return false;
  }

  /**
   * Walks every entry of a page that came from the disk.
   *
   * @return what is wrong, or {@code null}
   */
  static String check(Arena arena, long at, int pageBytes) {
    boolean isSegment = PageHeader.type(arena, at) == PageType.SEGMENT_LEAF;
    int entriesAt = entriesAt(arena, at);
    String problem = Restarts.check(arena, at, pageBytes, entriesAt);
    if (problem != null) {
      return problem;
    }
    int end = Restarts.start(arena, at);
    int restarts = Restarts.count(arena, at);
    int restart = 0;
    int keyLength = 0;
    long position = at + entriesAt;
    while (position < at + end) {
      long entry = position - at;
      boolean alone = restart < restarts && Restarts.offset(arena, at, end, restart) == entry;
      int shared = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      int nonShared = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      int lengthFlags = Varints.get32(arena, position);
      position += Varints.length(arena, position);
      problem = Restarts.checkKey(entry, entriesAt, alone, shared, nonShared, keyLength, pageBytes);
      if (problem == null) {
        problem =
            isSegment
                ? checkChange(entry, lengthFlags, arena.getUnsignedByte(position + nonShared))
                : checkValue(entry, lengthFlags);
      }
      if (problem != null) {
        return problem;
      }
      keyLength = shared + nonShared;
      position += nonShared + (lengthFlags >>> FLAG_BITS);
      if ((lengthFlags & EXPIRE) != 0) {
        position += Varints.length(arena, position);
      }
      position += Varints.length(arena, position);
      if (position > at + end) {
        return "entry at " + entry + " ends at " + (position - at) + ", entries at " + end;
      }
      restart += alone ? 1 : 0;
    }
    return restart == restarts && restarts > 0
        ? null
        : "only " + restart + " of " + restarts + " restart points stand on an entry";
  }

  private static String checkChange(long entry, int lengthFlags, int change) {
    int bytes = (lengthFlags >>> FLAG_BITS) - SegmentChange.prefixBytes(change);
    boolean isDelete = (change & SegmentChange.DELETE) != 0;
    boolean isLarge = (change & SegmentChange.LARGE) != 0;
    boolean isSound =
        (change & ~SegmentChange.KNOWN) == 0
            && (lengthFlags & OVERFLOW) == 0
            && (isDelete
                ? bytes == 0 && !isLarge
                : bytes >= 0 && (!isLarge || bytes > 0 && bytes % Integer.BYTES == 0));
    return isSound
        ? null
        : "entry at " + entry + " is change " + change + " with " + bytes + " bytes of value";
  }

  private static String checkValue(long entry, int lengthFlags) {
    int bothCompressions = COMPRESSED_DICTIONARY | COMPRESSED_ALONE;
    if ((lengthFlags & bothCompressions) == bothCompressions) {
      return "entry at " + entry + " is compressed in two ways";
    }
    int valueLength = lengthFlags >>> FLAG_BITS;
    if ((lengthFlags & OVERFLOW) != 0 && (valueLength == 0 || valueLength % Integer.BYTES != 0)) {
      return "entry at " + entry + " has " + valueLength + " bytes of page ids";
    }
    return null;
  }
}
