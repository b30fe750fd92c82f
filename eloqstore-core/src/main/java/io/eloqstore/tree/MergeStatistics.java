/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/** What merges, cuts and sweeps did; counts go up until {@link #clear()}. One thread. */
public final class MergeStatistics {
  long entriesAdded;
  long entriesRemoved;
  long overflowEntriesAdded;
  long overflowEntriesRemoved;
  long expiringEntriesAdded;
  long expiringEntriesRemoved;
  long pagesRead;
  long pagesWritten;
  long pagesFreed;

  /** Keys that were new. */
  public long entriesAdded() {
    return entriesAdded;
  }

  /** Keys that are gone, as far as their leaves were read. */
  public long entriesRemoved() {
    return entriesRemoved;
  }

  /** Entries written whose value lies on overflow pages. */
  public long overflowEntriesAdded() {
    return overflowEntriesAdded;
  }

  /** Entries replaced or removed whose value lay on overflow pages. */
  public long overflowEntriesRemoved() {
    return overflowEntriesRemoved;
  }

  /** Entries written that expire. */
  public long expiringEntriesAdded() {
    return expiringEntriesAdded;
  }

  /** Entries replaced or removed that expired. */
  public long expiringEntriesRemoved() {
    return expiringEntriesRemoved;
  }

  /** Pages pinned, whether they were cached or not. */
  public long pagesRead() {
    return pagesRead;
  }

  /** Pages appended to the sink. */
  public long pagesWritten() {
    return pagesWritten;
  }

  /** Logical pages given back. */
  public long pagesFreed() {
    return pagesFreed;
  }

  public void clear() {
    entriesAdded = 0;
    entriesRemoved = 0;
    overflowEntriesAdded = 0;
    overflowEntriesRemoved = 0;
    expiringEntriesAdded = 0;
    expiringEntriesRemoved = 0;
    pagesRead = 0;
    pagesWritten = 0;
    pagesFreed = 0;
  }
}
