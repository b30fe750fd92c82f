/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.EntryFilter;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.codec.ValueCompression;
import io.eloqstore.memory.Arena;
import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.LeafPage;
import io.eloqstore.pagestore.PageSource;
import io.eloqstore.tree.OverflowReader;
import io.eloqstore.tree.TreeScan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToLongFunction;

/**
 * The guest's entry filter and how far a sweep with it has come.
 *
 * <p>Any thread sets and asks; the worker filters.
 */
final class EntryFiltering {
  /** Entries that one step of a sweep looks at, and that it drops, at most. */
  private static final int STEP_ENTRIES = 16_384;

  private static final int STEP_DROPS = 4096;

  private static final int COMPRESSED = LeafPage.COMPRESSED_DICTIONARY | LeafPage.COMPRESSED_ALONE;

  private final int prefixBytes;
  private final ValueCompression compression;
  private volatile EntryFilter filter;
  private volatile boolean asked;
  // Set by the worker. Where the next step begins, null between two sweeps; and where the one after
  // it will, once what this one dropped is out of the tree.
  private volatile byte[] position;
  private byte[] next;

  /**
   * @param prefixBytes keys of this length or more are not asked for
   */
  EntryFiltering(int prefixBytes, ValueCompression compression) {
    this.prefixBytes = prefixBytes;
    this.compression = compression;
  }

  void set(EntryFilter newFilter) {
    filter = newFilter;
  }

  /** Asks for a sweep, if there is a filter; one that is under way goes on, another follows. */
  void askForSweep() {
    asked = filter != null;
  }

  /** Whether a sweep is under way or asked for. */
  boolean wantsStep() {
    return filter != null && (position != null || asked);
  }

  /** The filter for one merge; {@code null} when there is none. */
  Filter forMerge(PageSource source, IntToLongFunction mapping) {
    EntryFilter present = filter;
    if (present == null) {
      return null;
    }
    present.begin();
    return new Filter(present, source, mapping);
  }

  /**
   * Looks at some more entries of a tree; at the same ones until {@link #stepDone}. Worker only.
   *
   * @return keys of those to drop, ascending
   */
  List<byte[]> step(PageSource source, Root root) {
    if (position == null) {
      asked = false;
      position = new byte[0];
    }
    List<byte[]> drops = new ArrayList<>();
    Filter present = forMerge(source, root.pages());
    next = null;
    try (TreeScan scan = new TreeScan(source)) {
      scan.open(root.treePage(), root.pages());
      boolean more = present != null && scan.seek(position, 0, position.length);
      for (int i = 0; more && i < STEP_ENTRIES && drops.size() < STEP_DROPS; i++) {
        if (present.drops(scan)) {
          drops.add(Arrays.copyOf(scan.key(), scan.keyLength()));
        }
        more = scan.next();
      }
      if (more) {
        next = Arrays.copyOf(scan.key(), scan.keyLength());
      }
    }
    return drops;
  }

  /** What the step dropped is out of the tree. */
  void stepDone() {
    position = next;
  }

  /** Shows entries of the tree to the guest. */
  final class Filter implements EntryFilter.Entry {
    private final EntryFilter guest;
    private final Arena arena;
    private final OverflowReader overflow;
    private final IntToLongFunction mapping;
    private final ValueBuffer whole = new ValueBuffer();
    private byte[] key;
    private int keyLength;
    private int flags;
    private long valueAt;
    private int storedLength;
    private boolean isRead;
    private RuntimeException ownFailure;

    Filter(EntryFilter guest, PageSource source, IntToLongFunction mapping) {
      this.guest = guest;
      this.arena = source.arena();
      this.overflow = new OverflowReader(source);
      this.mapping = mapping;
    }

    boolean drops(LeafCursor entry) {
      return drops(
          entry.key(), entry.keyLength(), entry.flags(), entry.valueAt(), entry.valueLength());
    }

    boolean drops(TreeScan entry) {
      return drops(
          entry.key(), entry.keyLength(), entry.flags(), entry.valueAt(), entry.valueLength());
    }

    private boolean drops(
        byte[] entryKey, int entryKeyLength, int entryFlags, long entryValueAt, int entryLength) {
      boolean readable = (entryFlags & COMPRESSED) == 0 || ValueCompression.isAvailable();
      if (entryKeyLength >= prefixBytes || !readable) {
        return false;
      }
      key = entryKey;
      keyLength = entryKeyLength;
      flags = entryFlags;
      valueAt = entryValueAt;
      storedLength = entryLength;
      isRead = false;
      try {
        return guest.drops(this);
      } catch (RuntimeException e) {
        if (e == ownFailure) {
          throw e;
        }
        throw new StoreException(
            StoreErrorCode.IO_FAILED, "the entry filter " + guest + " failed: " + e, e);
      }
    }

    @Override
    public byte[] key() {
      return key;
    }

    @Override
    public int keyLength() {
      return keyLength;
    }

    @Override
    public int valueLength() {
      return isInPlace() ? storedLength : whole().length();
    }

    @Override
    public void copyValue(int from, byte[] target, int offset, int length) {
      if (from < 0 || length < 0 || from > valueLength() - length) {
        throw new IndexOutOfBoundsException(
            "bytes " + from + " to " + (from + length) + " of a value of " + valueLength());
      }
      if (isInPlace()) {
        arena.get(valueAt + from, target, offset, length);
      } else {
        System.arraycopy(whole().bytes(), from, target, offset, length);
      }
    }

    private boolean isInPlace() {
      return (flags & (LeafPage.OVERFLOW | COMPRESSED)) == 0;
    }

    private ValueBuffer whole() {
      if (!isRead) {
        try {
          read();
        } catch (RuntimeException e) {
          ownFailure = e;
          throw e;
        }
        isRead = true;
      }
      return whole;
    }

    private void read() {
      byte[] stored = new byte[storedLength];
      arena.get(valueAt, stored, 0, storedLength);
      if ((flags & LeafPage.OVERFLOW) != 0) {
        overflow.read(mapping, stored, storedLength, whole);
      }
      if ((flags & COMPRESSED) != 0) {
        stored = (flags & LeafPage.OVERFLOW) != 0 ? whole.toByteArray() : stored;
        compression.decompress(stored, stored.length, whole);
      }
    }
  }
}
