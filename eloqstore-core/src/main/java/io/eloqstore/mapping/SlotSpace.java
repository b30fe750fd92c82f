/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.Arena;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Which file pages of a partition are in use, where their places ("slots") are written again.
 *
 * <p>A slot has as many users as there are mapping chunks that name it, and one more for each
 * writer or write buffer that holds it. Without a user it is free and may be handed out. A chunk
 * counts as long as any version of the mapping has it, so a slot is not overwritten while a root,
 * the manifest's last record (whose version its writer holds), or an iterator may read it; and a
 * version costs only the chunks in which it differs from others.
 *
 * <p>Any thread. Memory: nine bits on the heap for each file page below {@link #end}.
 */
public final class SlotSpace {
  /** File pages at most: their users stand in one array. */
  public static final int SLOTS_MAX = Integer.MAX_VALUE - 8;

  /** A count that stands in the map. */
  private static final int MANY = 255;

  /** Searches for a long run are given up until this many slots were freed, or one in 64. */
  private static final int FREED_MIN = 64;

  private final int pagesPerFileShift;
  private byte[] users = new byte[0];
  private final Map<Integer, Integer> many = new HashMap<>();
  // One bit for each slot below the end, 1 = free.
  private long[] free = new long[0];
  private int freeCount;
  private int end;
  // Where the next search begins.
  private int cursor;
  // No free run of this length was found, and how many slots became free since.
  private int absentRun = Integer.MAX_VALUE;
  private int freedSince;
  private boolean closed;

  /**
   * Some slots behind each other in one file.
   *
   * @param first file page
   * @param count at least 1
   * @param fresh whether they were never handed out before
   */
  public record Run(long first, int count, boolean fresh) {}

  private SlotSpace(int pagesPerFileShift) {
    this.pagesPerFileShift = pagesPerFileShift;
  }

  /**
   * The slots of a partition whose mapping has one version: what that does not name is free. From
   * now on every version that is made from it is counted.
   *
   * @param maxFilePage one more than the highest file page that was ever handed out
   */
  public static SlotSpace of(MappingSnapshot mapping, long maxFilePage) {
    SlotSpace slots = new SlotSpace(mapping.pagesPerFileShift());
    slots.extendTo(maxFilePage);
    slots.setFree(0, slots.end);
    mapping.family().countIn(slots, mapping.chunks());
    return slots;
  }

  /**
   * Takes slots, each with the caller as its user: free ones, or new ones behind the end when there
   * are none.
   *
   * @param wanted slots at most; at least 1
   * @param shortest free runs that are shorter than this, or than a file, are taken only when there
   *     is no other; at most {@code wanted}
   * @param mustBeLong whether new slots are taken rather than a shorter run
   * @throws StoreException {@link StoreErrorCode#OUT_OF_SPACE}
   */
  public synchronized Run lease(int wanted, int shortest, boolean mustBeLong) {
    int first = -1;
    if (freeCount > 0) {
      first = find(shortest);
      if (first < 0 && !mustBeLong) {
        first = find(1);
      }
    }
    int count;
    boolean fresh = first < 0;
    if (fresh) {
      first = end;
      count = Math.min(wanted, leftInFile(first));
      extendTo((long) first + count);
    } else {
      count = freeRun(first, Math.min(wanted, leftInFile(first)));
      clearFree(first, count);
    }
    for (int slot = first; slot < first + count; slot++) {
      addUser(slot);
    }
    cursor = first + count;
    return new Run(first, count, fresh);
  }

  private int leftInFile(int slot) {
    long fileEnd = ((long) slot >>> pagesPerFileShift) + 1 << pagesPerFileShift;
    return (int) Math.min(Integer.MAX_VALUE, fileEnd - slot);
  }

  /** The caller uses these slots too, which are in use. */
  public synchronized void hold(long first, int count) {
    for (int i = 0; i < count; i++) {
      addUser(slotOf(first + i));
    }
  }

  /** The caller uses these slots no more. */
  public synchronized void drop(long first, int count) {
    for (int i = 0; i < count; i++) {
      removeUser(slotOf(first + i));
    }
  }

  /**
   * Gives the last slots of a lease back, which nothing was written to.
   *
   * @param count how many; at least 1
   */
  public synchronized void giveBack(Run lease, int count) {
    long first = lease.first() + lease.count() - count;
    drop(first, count);
    if (lease.fresh() && !closed && first + count == end) {
      // As if they had never been handed out.
      clearFree((int) first, count);
      end = (int) first;
    }
  }

  /** Nothing becomes free any more: what is on the disk may be needed. */
  public synchronized void freezeUsers() {
    closed = true;
  }

  /** One more than the highest file page that was ever handed out. */
  public synchronized long end() {
    return end;
  }

  /** Slots below the end that nobody uses. */
  public synchronized int freeCount() {
    return freeCount;
  }

  public synchronized boolean isFree(long filePage) {
    return filePage < end && isFreeSlot((int) filePage);
  }

  // ---- chunks -----------------------------------------------------------------------------------

  /** A chunk has its first version: it uses the slots that it names. */
  synchronized void holdChunk(Arena arena, int place) {
    for (int i = 0; i < MappingSnapshot.CHUNK_PAGES; i++) {
      long filePage = MappingSnapshot.entry(arena, place, i);
      if (filePage != MappingSnapshot.UNMAPPED) {
        int slot = slotOf(filePage);
        if (isFreeSlot(slot)) {
          clearFree(slot, 1);
        }
        addUser(slot);
      }
    }
  }

  /** A chunk has lost its last version. */
  synchronized void dropChunk(Arena arena, int place) {
    for (int i = 0; i < MappingSnapshot.CHUNK_PAGES; i++) {
      long filePage = MappingSnapshot.entry(arena, place, i);
      if (filePage != MappingSnapshot.UNMAPPED) {
        removeUser(slotOf(filePage));
      }
    }
  }

  private int slotOf(long filePage) {
    if (filePage < 0 || filePage >= end) {
      throw new IllegalStateException(
          "file page " + filePage + " was never handed out, end is " + end);
    }
    return (int) filePage;
  }

  // ---- counts -----------------------------------------------------------------------------------

  private void addUser(int slot) {
    int count = users[slot] & 0xff;
    if (count < MANY - 1) {
      users[slot] = (byte) (count + 1);
    } else {
      users[slot] = (byte) MANY;
      many.merge(slot, MANY, (old, one) -> old + 1);
    }
  }

  private void removeUser(int slot) {
    int count = users[slot] & 0xff;
    if (count == 0) {
      throw new IllegalStateException("file page " + slot + " was let go more often than used");
    }
    if (count < MANY) {
      users[slot] = (byte) (count - 1);
      if (count == 1 && !closed) {
        setFree(slot, slot + 1);
      }
      return;
    }
    int left = many.get(slot) - 1;
    if (left < MANY) {
      many.remove(slot);
      users[slot] = (byte) left;
    } else {
      many.put(slot, left);
    }
  }

  // ---- the free slots ---------------------------------------------------------------------------

  private void extendTo(long newEnd) {
    if (newEnd > SLOTS_MAX) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_SPACE,
          "a partition without append mode has at most "
              + SLOTS_MAX
              + " file pages, asked for "
              + newEnd);
    }
    int slots = (int) newEnd;
    if (slots > users.length) {
      long grown = Math.min(SLOTS_MAX, Math.max(slots, users.length + users.length / 2L));
      users = Arrays.copyOf(users, (int) grown);
      free = Arrays.copyOf(free, (int) (grown + Long.SIZE - 1 >>> 6));
    }
    end = slots;
  }

  private boolean isFreeSlot(int slot) {
    return (free[slot >>> 6] & 1L << slot) != 0;
  }

  private void setFree(int from, int to) {
    for (int slot = from; slot < to; slot++) {
      free[slot >>> 6] |= 1L << slot;
    }
    freeCount += to - from;
    freedSince += to - from;
    if (freedSince >= Math.max(FREED_MIN, end >>> 6)) {
      absentRun = Integer.MAX_VALUE;
    }
  }

  private void clearFree(int first, int count) {
    for (int slot = first; slot < first + count; slot++) {
      free[slot >>> 6] &= ~(1L << slot);
    }
    freeCount -= count;
  }

  /**
   * First slot of a free run of at least this length within a file; -1 when there is none, or when
   * it is not long ago that there was none.
   */
  private int find(int shortest) {
    if (shortest >= absentRun) {
      return -1;
    }
    int found = find(shortest, cursor, end);
    if (found < 0) {
      found = find(shortest, 0, end);
    }
    if (found < 0) {
      absentRun = shortest;
      freedSince = 0;
    }
    return found;
  }

  private int find(int shortest, int from, int to) {
    int least = (int) Math.min(shortest, 1L << pagesPerFileShift);
    int slot = nextFree(from, to);
    while (slot >= 0) {
      int length = freeRun(slot, least);
      if (length == least) {
        return slot;
      }
      slot = nextFree(slot + length, to);
    }
    return -1;
  }

  /** Free slots from one on, at most this many, in the same file. */
  private int freeRun(int first, int most) {
    int limit = Math.min(end - first, Math.min(most, leftInFile(first)));
    int length = 0;
    while (length < limit && isFreeSlot(first + length)) {
      length++;
    }
    return length;
  }

  private int nextFree(int from, int to) {
    if (from >= to) {
      return -1;
    }
    int word = from >>> 6;
    long bits = free[word] & -1L << from;
    int last = to - 1 >>> 6;
    while (bits == 0) {
      if (++word > last) {
        return -1;
      }
      bits = free[word];
    }
    int slot = (word << 6) + Long.numberOfTrailingZeros(bits);
    return slot < to ? slot : -1;
  }
}
