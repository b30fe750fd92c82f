/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.tree.MergeStatistics;

/** Counts of the root under construction. */
final class CountsBuilder {
  private long entries;
  private long overflowEntries;
  private long ttlEntries;
  private boolean exact;

  CountsBuilder(Counts base) {
    entries = base.entries();
    overflowEntries = base.overflowEntries();
    ttlEntries = base.ttlEntries();
    exact = base.exact();
  }

  /** What a merge or the boundary of a cut did: entry by entry. */
  void add(MergeStatistics statistics) {
    entries = Math.max(0, entries + statistics.entriesAdded() - statistics.entriesRemoved());
    addSwept(statistics);
  }

  /** What a sweep found in leaves whose entries were counted off before. */
  void addSwept(MergeStatistics statistics) {
    overflowEntries =
        Math.max(
            0,
            overflowEntries
                + statistics.overflowEntriesAdded()
                - statistics.overflowEntriesRemoved());
    ttlEntries =
        Math.max(
            0,
            ttlEntries + statistics.expiringEntriesAdded() - statistics.expiringEntriesRemoved());
  }

  /** Whole subtrees were cut off unread: from now on the number of entries is an estimate. */
  void subtreesDropped() {
    exact = false;
  }

  /** Pages of cut-off subtrees were unmapped: take their share off the estimate. */
  void pagesSwept(long pages, long pagesBefore) {
    if (!exact && pagesBefore > 0) {
      entries = Math.max(0, entries - entries * Math.min(pages, pagesBefore) / pagesBefore);
    }
  }

  /**
   * Every entry is gone. Overflow and TTL counts stay until the sweep has seen the leaves, for it
   * must read them as long as there may be any.
   */
  void clear() {
    entries = 0;
    exact = true;
  }

  boolean leavesStandAlone() {
    return overflowEntries == 0 && ttlEntries == 0;
  }

  Counts build() {
    return new Counts(entries, overflowEntries, ttlEntries, exact);
  }
}
