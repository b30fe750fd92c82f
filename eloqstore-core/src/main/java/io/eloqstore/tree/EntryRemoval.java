/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.LeafPage;

/** What goes with an entry that leaves the tree: its overflow pages and its expiry. */
final class EntryRemoval {
  private final TreePages pages;
  private final MergeListener listener;
  private final MergeStatistics statistics;
  private final OverflowGroup group = new OverflowGroup();

  EntryRemoval(TreePages pages, MergeListener listener) {
    this.pages = pages;
    this.listener = listener;
    this.statistics = pages.statistics;
  }

  void remove(LeafCursor entry) {
    statistics.entriesRemoved++;
    replace(entry, 0);
  }

  /** The key stays, the value of this entry goes. */
  void replace(LeafCursor entry, long newExpireTs) {
    if ((entry.flags() & LeafPage.OVERFLOW) != 0) {
      statistics.overflowEntriesRemoved++;
      freeOverflow(entry.valueAt(), entry.valueLength());
    }
    if (entry.expireTs() != 0) {
      statistics.expiringEntriesRemoved++;
    }
    if (entry.expireTs() != newExpireTs) {
      listener.expiryChanged(entry.key(), entry.keyLength(), entry.expireTs(), newExpireTs);
    }
  }

  /** Frees a chain, group by group; only the last page of each is read. */
  void freeOverflow(long pointersAt, int pointersLength) {
    group.open(pages.arena(), pointersAt, pointersLength);
    while (group.count() > 0) {
      long at = pages.pin(group.page(group.count() - 1), TreePages.OVERFLOW);
      for (int i = 0; i < group.count(); i++) {
        pages.free(group.page(i));
      }
      group.advance(pages.arena(), at, pages.pageBytes());
      pages.unpin(at);
    }
  }
}
