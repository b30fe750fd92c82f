/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cache;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.memory.Reclaimer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The pages that are in memory, found by the file page they were read from. One for each shard.
 *
 * <p>A frame is a block of the budget; its number is the slot it begins with, and all that is known
 * of it stands in flat arrays under that number: no object for each frame.
 *
 * <p>Two ways to read, any thread:
 *
 * <ul>
 *   <li><b>Optimistic</b>: {@link #lookup}, {@link #version}, read the bytes, {@link #isCurrent}.
 *       No lock, no write but a reference mark. The bytes may be reused meanwhile; then the last
 *       step says so and the reader starts again.
 *   <li><b>Pinned</b>: {@link #pin} and {@link #unpin} under the cache's lock; the frame stays.
 * </ul>
 *
 * <p>Invariants: an even version means that the frame holds the page of its key; eviction and reuse
 * make it odd before a byte changes; a pinned frame is never evicted; at most one frame has a given
 * key, and a detached frame, which holds what was there before, is found by nobody. Eviction is
 * CLOCK with a small count instead of a bit, so that index pages outlive a scan.
 */
public final class PageCache implements Reclaimer {
  /** Nothing is cached under the key. */
  public static final int ABSENT = -1;

  /** Reference count a touched leaf or overflow page gets. */
  public static final int WARM = 1;

  /** Reference count a touched index page gets: it survives that many rounds of the hand. */
  public static final int HOT = 4;

  private static final long NO_KEY = -1;

  /** In the key of a frame that nobody finds any more: it goes with its last pin. */
  private static final long DETACHED = Long.MIN_VALUE;

  private static final VarHandle VERSIONS = MethodHandles.arrayElementVarHandle(int[].class);

  private final MemoryBudget budget;
  // By slot.
  private final long[] keys;
  private final int[] versions;
  private final int[] pins;
  private final byte[] marks;
  private final byte[] frameSlots;
  // Open addressing, linear probing: slot + 1, 0 = empty.
  private final int[] table;
  private final int tableMask;
  private final Object lock = new Object();
  private int hand;
  private long hits;
  private long misses;
  private long evictions;

  /** Becomes the budget's reclaimer. */
  public PageCache(MemoryBudget budget) {
    this.budget = budget;
    int slots = budget.slots();
    keys = new long[slots];
    Arrays.fill(keys, NO_KEY);
    versions = new int[slots];
    Arrays.fill(versions, 1);
    pins = new int[slots];
    marks = new byte[slots];
    frameSlots = new byte[slots];
    int capacity = Integer.highestOneBit(slots * 2 - 1) << 1;
    table = new int[capacity];
    tableMask = capacity - 1;
    budget.setReclaimer(this);
  }

  // ---- optimistic reading -----------------------------------------------------------------------

  /**
   * The frame that holds a page.
   *
   * @return its slot, or {@link #ABSENT}; a racing change may hide a page that is there, so who
   *     needs it for certain pins it
   */
  public int lookup(long key) {
    int index = home(key);
    for (int probes = 0; probes <= tableMask; probes++) {
      int entry = table[index];
      if (entry == 0) {
        return ABSENT;
      }
      if (keys[entry - 1] == key) {
        return entry - 1;
      }
      index = index + 1 & tableMask;
    }
    return ABSENT;
  }

  /**
   * The version to validate against, taken before the first byte is read.
   *
   * @return an odd number when the frame does not hold the page of this key: treat it as absent
   */
  public int version(int slot, long key) {
    int version = (int) VERSIONS.getAcquire(versions, slot);
    return keys[slot] == key ? version : version | 1;
  }

  /** Whether everything read since {@link #version} gave this version is the page. */
  public boolean isCurrent(int slot, int version) {
    VarHandle.loadLoadFence();
    return versions[slot] == version;
  }

  /** Arena offset of a frame. */
  public static long frameAt(int slot) {
    return (long) slot * MemoryBudget.SLOT_BYTES;
  }

  /** Remembers that a frame was used; writes only when that changes something. */
  public void touch(int slot, int mark) {
    if (marks[slot] < mark) {
      marks[slot] = (byte) mark;
    }
  }

  // ---- pinned reading ---------------------------------------------------------------------------

  /**
   * The page, read by the loader if it is not here; it stays until it is unpinned as often.
   *
   * @param bytes size of the page
   * @return arena offset of the frame
   * @throws StoreException {@link StoreErrorCode#OUT_OF_MEMORY} when every frame is pinned;
   *     whatever the loader throws, and then the page is not cached
   */
  public long pin(long key, int bytes, FrameLoader loader) {
    return pin(key, bytes, loader, FrameCheck.NONE);
  }

  /** As above; what the loader read has to pass a check before it is cached. */
  public long pin(long key, int bytes, FrameLoader loader, FrameCheck check) {
    int slot;
    synchronized (lock) {
      slot = awaitLoaded(key);
      if (slot != ABSENT) {
        hits++;
        pins[slot]++;
        return frameAt(slot);
      }
      misses++;
      slot = insertLoading(key, bytes);
    }
    boolean loaded = false;
    try {
      loader.load(key, frameAt(slot));
      check.check(frameAt(slot));
      loaded = true;
    } finally {
      synchronized (lock) {
        if (loaded) {
          if (keys[slot] == key) {
            VERSIONS.setRelease(versions, slot, versions[slot] + 1);
          }
        } else {
          pins[slot] = 0;
          remove(slot);
        }
        lock.notifyAll();
      }
    }
    return frameAt(slot);
  }

  public void unpin(long at) {
    int slot = MemoryBudget.slotOf(at);
    synchronized (lock) {
      if (pins[slot] <= 0) {
        throw new IllegalStateException("frame " + slot + " is not pinned");
      }
      pins[slot]--;
      if (pins[slot] == 0 && isDetached(slot)) {
        remove(slot);
      }
    }
  }

  /**
   * Caches a page that was just written, in a free slot or in place of the coldest page; does
   * nothing when neither is to be had.
   *
   * @param from arena offset of the page's bytes
   */
  public void install(long key, long from, int bytes, int mark) {
    synchronized (lock) {
      int present = lookup(key);
      if (present != ABSENT) {
        if ((versions[present] & 1) == 0) {
          throw new IllegalStateException("page " + key + " was cached before it was written");
        }
        // A reader whose mapping was reused under it asks for a page that is not there yet.
        return;
      }
      insert(key, from, bytes, mark);
    }
  }

  /**
   * Other bytes were written to the place of a page: what is cached of it, or being read, is found
   * by nobody from now on. Who has a pin keeps the bytes it has.
   *
   * @param from arena offset of the new bytes
   * @param mark 0 to cache nothing, otherwise as {@link #install}
   */
  public void replace(long key, long from, int bytes, int mark) {
    synchronized (lock) {
      int present = lookup(key);
      if (present != ABSENT) {
        if (pins[present] == 0) {
          remove(present);
        } else {
          detach(present);
        }
      }
      if (mark > 0) {
        insert(key, from, bytes, mark);
      }
    }
  }

  private void insert(long key, long from, int bytes, int mark) {
    long at = budget.allocate(bytes, MemoryUse.FRAME);
    if (at == MemoryBudget.NONE) {
      return;
    }
    int slot = MemoryBudget.slotOf(at);
    budget.arena().copy(from, at, bytes);
    link(slot, key, bytes);
    marks[slot] = (byte) mark;
    VERSIONS.setRelease(versions, slot, versions[slot] + 1);
  }

  /** Whether a page is cached; for policy only, it may change at once. */
  public boolean contains(long key) {
    return lookup(key) != ABSENT;
  }

  /**
   * Drops every page whose key lies in {@code [from, to)}.
   *
   * @throws IllegalStateException when one of them is pinned: somebody leaks
   */
  public void removeRange(long from, long to) {
    synchronized (lock) {
      for (int slot = 0; slot < keys.length; slot++) {
        if (isIn(slot, from, to)) {
          if (pins[slot] != 0) {
            throw new IllegalStateException(
                "page " + (keys[slot] & ~DETACHED) + " is still pinned " + pins[slot] + " times");
          }
          remove(slot);
        }
      }
    }
  }

  /** Number of pins held on pages whose key lies in {@code [from, to)}. */
  public int pinnedIn(long from, long to) {
    synchronized (lock) {
      int count = 0;
      for (int slot = 0; slot < keys.length; slot++) {
        if (isIn(slot, from, to)) {
          count += pins[slot];
        }
      }
      return count;
    }
  }

  private boolean isIn(int slot, long from, long to) {
    long key = keys[slot] & ~DETACHED;
    return keys[slot] != NO_KEY && key >= from && key < to;
  }

  private boolean isDetached(int slot) {
    return keys[slot] < 0 && keys[slot] != NO_KEY;
  }

  /** Pinned reads that found their page. */
  public long hits() {
    synchronized (lock) {
      return hits;
    }
  }

  /** Pages that had to be read. */
  public long misses() {
    synchronized (lock) {
      return misses;
    }
  }

  public long evictions() {
    synchronized (lock) {
      return evictions;
    }
  }

  // ---- eviction ---------------------------------------------------------------------------------

  @Override
  public boolean reclaim(int slots) {
    synchronized (lock) {
      int runs = keys.length / slots;
      // Each full round takes one from every mark, so HOT + 1 rounds find any unpinned frame.
      for (int round = 0; round <= HOT; round++) {
        boolean any = false;
        for (int step = 0; step < runs; step++) {
          hand = hand + slots < runs * slots ? hand / slots * slots + slots : 0;
          Run run = reclaimRun(hand, slots);
          if (run == Run.FREED) {
            return true;
          }
          any |= run == Run.USED;
        }
        if (!any) {
          // Where every run has something that stays, further rounds find no other.
          return false;
        }
      }
      return false;
    }
  }

  private enum Run {
    FREED,
    /** Frames only, used of late: a later round frees it. */
    USED,
    /** It holds something that stays, or nothing. */
    KEPT
  }

  /** Frees an aligned run when it holds nothing but free slots and frames nobody uses. */
  private Run reclaimRun(int start, int slots) {
    boolean used = false;
    boolean pinned = false;
    boolean frames = false;
    for (int slot = start; slot < start + slots; ) {
      int first = frameStart(slot);
      if (first != ABSENT) {
        frames = true;
        if (pins[first] != 0) {
          pinned = true;
        } else if (marks[first] > 0) {
          marks[first]--;
          used = true;
        }
        slot = first + frameSlots[first];
      } else if (budget.isFree(slot)) {
        slot++;
      } else {
        return Run.KEPT;
      }
    }
    if (pinned || !frames) {
      return Run.KEPT;
    }
    if (used) {
      return Run.USED;
    }
    for (int slot = start; slot < start + slots; ) {
      int first = frameStart(slot);
      if (first == ABSENT) {
        slot++;
      } else {
        slot = first + frameSlots[first];
        evictions++;
        remove(first);
      }
    }
    return Run.FREED;
  }

  /** First slot of the frame that covers a slot. */
  private int frameStart(int slot) {
    for (int size = 1; size <= MemoryBudget.BLOCK_SLOTS_MAX; size <<= 1) {
      int first = slot & -size;
      if (keys[first] != NO_KEY && first + frameSlots[first] > slot) {
        return first;
      }
    }
    return ABSENT;
  }

  // ---- the table, under the lock ----------------------------------------------------------------

  private int awaitLoaded(long key) {
    boolean interrupted = false;
    try {
      while (true) {
        int slot = lookup(key);
        if (slot == ABSENT || (versions[slot] & 1) == 0) {
          return slot;
        }
        try {
          lock.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private int insertLoading(long key, int bytes) {
    long at = budget.allocate(bytes, MemoryUse.FRAME);
    if (at == MemoryBudget.NONE) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          "no frame of "
              + bytes
              + " bytes is free and none can be evicted: budget "
              + budget.budgetBytes()
              + " bytes, frames "
              + budget.used(MemoryUse.FRAME)
              + ", write buffers "
              + budget.used(MemoryUse.WRITE_BUFFER)
              + ", mappings "
              + budget.used(MemoryUse.MAPPING)
              + ", I/O "
              + budget.used(MemoryUse.IO));
    }
    int slot = MemoryBudget.slotOf(at);
    link(slot, key, bytes);
    pins[slot] = 1;
    marks[slot] = WARM;
    return slot;
  }

  /** Enters a frame; its version is odd and stays so until the bytes are there. */
  private void link(int slot, long key, int bytes) {
    frameSlots[slot] = (byte) MemoryBudget.blockSlots(bytes);
    keys[slot] = key;
    int index = home(key);
    while (table[index] != 0) {
      index = index + 1 & tableMask;
    }
    VarHandle.storeStoreFence();
    table[index] = slot + 1;
  }

  private void remove(int slot) {
    invalidate(slot);
    if (!isDetached(slot)) {
      unlink(slot);
    }
    int bytes = frameSlots[slot] * MemoryBudget.SLOT_BYTES;
    keys[slot] = NO_KEY;
    marks[slot] = 0;
    frameSlots[slot] = 0;
    budget.free(frameAt(slot), bytes, MemoryUse.FRAME);
  }

  private void invalidate(int slot) {
    if ((versions[slot] & 1) == 0) {
      versions[slot]++;
      // No byte of the frame may change before every reader can see the new version.
      VarHandle.fullFence();
    }
  }

  /** Takes a pinned frame out of the table; who waits for it to be read reads again. */
  private void detach(int slot) {
    invalidate(slot);
    unlink(slot);
    keys[slot] |= DETACHED;
    lock.notifyAll();
  }

  private void unlink(int slot) {
    int hole = home(keys[slot]);
    while (table[hole] != slot + 1) {
      hole = hole + 1 & tableMask;
    }
    // Shift back what probed past the hole, so that no chain is cut.
    int index = hole;
    while (true) {
      index = index + 1 & tableMask;
      int entry = table[index];
      if (entry == 0) {
        break;
      }
      int distance = index - home(keys[entry - 1]) & tableMask;
      if (distance >= (index - hole & tableMask)) {
        table[hole] = entry;
        hole = index;
      }
    }
    table[hole] = 0;
  }

  private int home(long key) {
    long mixed = key * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> 32) & tableMask;
  }
}
