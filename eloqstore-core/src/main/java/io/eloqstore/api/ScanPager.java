/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Gives the entries of an iterator page by page: all pages are of the one snapshot that the
 * iterator sees.
 *
 * <p>Owns the iterator, which nobody else may move, and belongs to one thread at a time.
 */
public final class ScanPager implements AutoCloseable {
  /** What an entry counts beside key and value, bytes. */
  public static final int ENTRY_BYTES = 16;

  private final EntryIterator iterator;
  private boolean started;
  // Whether the iterator stands on an entry that no page has yet.
  private boolean waiting;

  /**
   * @param iterator stands before the first entry to give; closed with the pager
   */
  public ScanPager(EntryIterator iterator) {
    this.iterator = iterator;
  }

  /**
   * Gives the next entries.
   *
   * @param entriesMax at least 1
   * @param bytesMax bytes of keys and values, and {@link #ENTRY_BYTES} for each entry; at least 1.
   *     The first entry is given whatever its size
   * @return without entries at the end of the scan
   */
  public ScanPage next(int entriesMax, long bytesMax) {
    checkLimits(entriesMax, bytesMax);
    List<StoredEntry> entries = new ArrayList<>();
    if (!started) {
      started = true;
      waiting = iterator.next();
    }
    long bytes = 0;
    while (waiting && entries.size() < entriesMax) {
      bytes += (long) iterator.keyLength() + iterator.value().length() + ENTRY_BYTES;
      if (bytes > bytesMax && !entries.isEmpty()) {
        break;
      }
      entries.add(entry());
      waiting = iterator.next();
    }
    return new ScanPage(entries, waiting);
  }

  /**
   * @throws StoreException {@link StoreErrorCode#INVALID_ARGUMENT} when a limit lets nothing
   *     through
   */
  public static void checkLimits(int entriesMax, long bytesMax) {
    if (entriesMax < 1 || bytesMax < 1) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT,
          "a page takes at least one entry and one byte, found " + entriesMax + " and " + bytesMax);
    }
  }

  private StoredEntry entry() {
    ValueBuffer value = iterator.value();
    return new StoredEntry(
        Arrays.copyOf(iterator.key(), iterator.keyLength()),
        value.toByteArray(),
        value.timestamp(),
        value.expireTs());
  }

  @Override
  public void close() {
    iterator.close();
  }
}
