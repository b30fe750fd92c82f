/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.IndexBuilder;
import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.PageType;
import java.util.Arrays;

/** The new index pages of one level. */
final class IndexOutput extends LevelOutput {
  private final IndexBuilder builder = new IndexBuilder();
  private final IndexCursor cursor = new IndexCursor();
  private final boolean aboveLeaves;
  private int leftmost;

  IndexOutput(TreeRewrite rewrite, boolean aboveLeaves) {
    super(rewrite, new PageChain(rewrite.pages, TreePages.MARK_HOT));
    this.aboveLeaves = aboveLeaves;
  }

  /**
   * Adds a child behind all before.
   *
   * @param key its lower bound
   * @param base whether it was in a base page or lies before one that was
   */
  void add(byte[] key, int keyLength, int child, boolean base) {
    if (current != null && !builder.add(key, 0, keyLength, child)) {
      rotate();
    }
    if (current == null) {
      leftmost = child;
      openPage(isFirstPage() ? TreePages.NO_KEY : Arrays.copyOf(key, keyLength));
    }
    noteAdded(base);
  }

  @Override
  void openBuilder() {
    openAt(current, leftmost);
  }

  private void openAt(OutputPage page, int leftmostChild) {
    builder.open(
        pages.arena(),
        page.at,
        pages.pageBytes(),
        aboveLeaves ? PageType.LEAF_INDEX : PageType.INDEX,
        rewrite.options.indexRestartInterval());
    builder.setLeftmost(leftmostChild);
  }

  @Override
  int builderBytes() {
    return builder.bytesUsed();
  }

  @Override
  void finishBuilder() {
    builder.finish();
  }

  @Override
  int types() {
    return 1 << (aboveLeaves ? PageType.LEAF_INDEX : PageType.INDEX);
  }

  @Override
  int previousOf(long at) {
    return NONE;
  }

  @Override
  boolean copyBalanced(OutputPage first, OutputPage second, int firstBytesMax) {
    OutputPage page = new OutputPage(pages.take(), first.separator);
    OutputPage left = null;
    for (OutputPage from = first; from != null; from = from == first ? second : null) {
      cursor.open(pages.arena(), from.at);
      boolean isLeftmost = true;
      for (boolean more = cursor.first(); more; more = cursor.next()) {
        byte[] key = isLeftmost ? from.separator : cursor.key();
        int keyLength = isLeftmost ? from.separator.length : cursor.keyLength();
        if (isLeftmost && from == first) {
          openAt(page, cursor.child());
        } else if (left == null && builder.bytesUsed() >= firstBytesMax
            || !builder.add(key, 0, keyLength, cursor.child())) {
          if (left != null || firstBytesMax == Integer.MAX_VALUE) {
            pages.release(page.at);
            if (left != null) {
              pages.release(left.at);
            }
            return false;
          }
          end(page);
          left = page;
          page = new OutputPage(pages.take(), Arrays.copyOf(key, keyLength));
          openAt(page, cursor.child());
        }
        isLeftmost = false;
      }
    }
    end(page);
    balancedFirst = left == null ? page : left;
    balancedSecond = left == null ? null : page;
    return true;
  }

  private void end(OutputPage page) {
    builder.finish();
    page.usedBytes = builder.bytesUsed();
  }
}
