/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.LeafPage;
import java.util.Arrays;

/** Merges sorted changes into a tree. */
final class MergeRun extends TreeRewrite {
  private final ChangeCursor changes;
  private final EntryRemoval removal;
  private final MergeListener listener;
  private final BaseFilter filter;
  private final LeafCursor base = new LeafCursor();
  private final int keyBytesMax;
  private boolean hasChange;

  MergeRun(
      RewriteContext context,
      ChangeCursor changes,
      BaseFilter filter,
      MergeListener listener,
      MergeStatistics statistics) {
    super(context, statistics, false);
    this.filter = filter;
    this.changes = changes;
    this.listener = listener;
    this.removal = new EntryRemoval(pages, listener);
    this.keyBytesMax = pages.pageBytes() / 2;
  }

  @Override
  void fillEmpty() {
    nextChange();
    while (hasChange) {
      insert(true);
    }
  }

  int merge(int root) {
    if (root == NONE) {
      return run(root);
    }
    nextChange();
    return hasChange ? run(root) : root;
  }

  private void nextChange() {
    hasChange = changes.next();
    if (hasChange && (changes.keyLength() < 1 || changes.keyLength() > keyBytesMax)) {
      throw new IllegalArgumentException(
          "a key in the tree has 1 to " + keyBytesMax + " bytes, found " + changes.keyLength());
    }
  }

  private boolean hasChangeBelow(byte[] bound, int boundLength) {
    return hasChange && (bound == null || compareChange(bound, boundLength) < 0);
  }

  private int compareChange(byte[] key, int length) {
    return Arrays.compareUnsigned(changes.key(), 0, changes.keyLength(), key, 0, length);
  }

  @Override
  void rewriteChildren(IndexLevel level) {
    byte[] bound = level.bound();
    int boundLength = level.boundLength();
    while (level.hasChild() && hasChangeBelow(bound, boundLength)) {
      while (!hasChangeBelow(level.childBound(), level.childBoundLength())) {
        level.seek(changes.key(), changes.keyLength());
      }
      rewriteChild(level);
    }
  }

  @Override
  void rewriteLeaf(IndexLevel level) {
    byte[] bound = level.childBound();
    int boundLength = level.childBoundLength();
    long at = openLeaf(level, base);
    boolean more = true;
    boolean change = hasChangeBelow(bound, boundLength);
    while (more || change) {
      int order = !change ? 1 : !more ? -1 : compareChange(base.key(), base.keyLength());
      if (order > 0) {
        keepOrDrop();
        more = base.next();
        continue;
      }
      if (order < 0) {
        insert(!more);
      } else {
        replace();
        more = base.next();
      }
      change = hasChangeBelow(bound, boundLength);
    }
    pages.unpin(at);
  }

  private void keepOrDrop() {
    if (filter.drops(base)) {
      leaves.markChanged();
      removal.remove(base);
    } else {
      leaves.add(base);
    }
  }

  /** The change has a key that is not in the tree. */
  private void insert(boolean behindBase) {
    if (!changes.isDelete()) {
      put(changes.hasTimestamp() ? changes.timestamp() : 0);
      leaves.noteAdded(!behindBase);
      leaves.markChanged();
      statistics.entriesAdded++;
      if (changes.expireTs() != 0) {
        listener.expiryChanged(changes.key(), changes.keyLength(), 0, changes.expireTs());
      }
    }
    nextChange();
  }

  /** The change has the key of the base entry. */
  private void replace() {
    leaves.markChanged();
    if (changes.isDelete()) {
      removal.remove(base);
    } else {
      put(changes.hasTimestamp() ? changes.timestamp() : base.timestamp());
      leaves.noteAdded(true);
      removal.replace(base, changes.expireTs());
    }
    nextChange();
  }

  private void put(long timestamp) {
    int flags = changes.flags() & ~LeafPage.EXPIRE;
    if (changes.expireTs() != 0) {
      flags |= LeafPage.EXPIRE;
      statistics.expiringEntriesAdded++;
    }
    if ((flags & LeafPage.OVERFLOW) != 0) {
      statistics.overflowEntriesAdded++;
    }
    leaves.add(
        changes.key(),
        changes.keyLength(),
        flags,
        changes.valueAt(),
        changes.valueLength(),
        timestamp,
        changes.expireTs());
  }
}
