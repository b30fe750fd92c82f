/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafBuilder;
import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.LeafPage;
import io.eloqstore.page.Separators;
import java.util.Arrays;

/** The new leaves. */
final class LeafOutput extends LevelOutput {
  private final LeafBuilder builder = new LeafBuilder();
  private final LeafCursor cursor = new LeafCursor();
  private final boolean chainsUnchanged;

  LeafOutput(TreeRewrite rewrite, LeafChain chain, boolean chainsUnchanged) {
    super(rewrite, chain);
    this.chainsUnchanged = chainsUnchanged;
  }

  /** The leaf a level stands on, pinned, whose entries come next. */
  void consumeLeaf(IndexLevel level, long at, boolean isCached) {
    consume(level.child(), level.childLow(), level.childLowLength(), contentBytes(at), isCached);
    consumeLinks(LeafPage.previous(pages.arena(), at), LeafPage.next(pages.arena(), at));
  }

  /** Adds an entry of a base page as it is. */
  void add(LeafCursor entry) {
    add(
        entry.key(),
        entry.keyLength(),
        entry.flags(),
        entry.valueAt(),
        entry.valueLength(),
        entry.timestamp(),
        entry.expireTs());
    noteAdded(true);
  }

  /** Adds an entry behind all before; {@link #noteAdded} must follow. */
  void add(
      byte[] key,
      int keyLength,
      int flags,
      long valueAt,
      int valueLength,
      long timestamp,
      long expireTs) {
    if (current != null
        && !builder.add(key, 0, keyLength, valueAt, valueLength, flags, timestamp, expireTs)) {
      rotate();
    }
    if (current == null) {
      openPage(isFirstPage() ? TreePages.NO_KEY : shortestAfterLast(key, keyLength));
      if (!builder.add(key, 0, keyLength, valueAt, valueLength, flags, timestamp, expireTs)) {
        throw new IllegalArgumentException(
            "an entry fits no page: key of "
                + keyLength
                + " bytes, value of "
                + valueLength
                + " bytes, page of "
                + pages.pageBytes());
      }
    }
  }

  /** Lower bound of a page that begins with a key, after the builder has ended the one before. */
  private byte[] shortestAfterLast(byte[] key, int keyLength) {
    return Arrays.copyOf(
        key, Separators.length(builder.lastKey(), builder.lastKeyLength(), key, keyLength));
  }

  @Override
  void openBuilder() {
    builder.open(
        pages.arena(), current.at, pages.pageBytes(), rewrite.options.leafRestartInterval());
  }

  @Override
  int builderBytes() {
    return builder.bytesUsed();
  }

  @Override
  void finishBuilder() {
    builder.finish(NONE, NONE);
  }

  @Override
  int types() {
    return TreePages.LEAF;
  }

  @Override
  int previousOf(long at) {
    return LeafPage.previous(pages.arena(), at);
  }

  @Override
  boolean chainsUnchanged() {
    return chainsUnchanged;
  }

  @Override
  boolean copyBalanced(OutputPage first, OutputPage second, int firstBytesMax) {
    OutputPage page = new OutputPage(pages.take(), first.separator);
    OutputPage left = null;
    openAt(page);
    for (OutputPage from = first; from != null; from = from == first ? second : null) {
      cursor.open(pages.arena(), from.at);
      for (boolean more = cursor.first(); more; more = cursor.next()) {
        boolean added =
            (left != null || builder.bytesUsed() < firstBytesMax) && addTo(builder, cursor);
        if (!added && left == null && firstBytesMax != Integer.MAX_VALUE) {
          end(page);
          left = page;
          page = new OutputPage(pages.take(), shortestAfterLast(cursor.key(), cursor.keyLength()));
          openAt(page);
          added = addTo(builder, cursor);
        }
        if (!added) {
          pages.release(page.at);
          if (left != null) {
            pages.release(left.at);
          }
          return false;
        }
      }
    }
    end(page);
    balancedFirst = left == null ? page : left;
    balancedSecond = left == null ? null : page;
    return true;
  }

  private void openAt(OutputPage page) {
    builder.open(pages.arena(), page.at, pages.pageBytes(), rewrite.options.leafRestartInterval());
  }

  private void end(OutputPage page) {
    builder.finish(NONE, NONE);
    page.usedBytes = builder.bytesUsed();
  }

  private static boolean addTo(LeafBuilder builder, LeafCursor entry) {
    return builder.add(
        entry.key(),
        0,
        entry.keyLength(),
        entry.valueAt(),
        entry.valueLength(),
        entry.flags(),
        entry.timestamp(),
        entry.expireTs());
  }
}
