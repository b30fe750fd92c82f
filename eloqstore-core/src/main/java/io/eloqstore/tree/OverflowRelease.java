/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/** Frees the overflow pages of values that no entry of a tree names. One thread. */
public final class OverflowRelease implements AutoCloseable {
  private final TreePages pages;
  private final EntryRemoval removal;

  /**
   * @param context its mapping and ids are changed; nothing is written
   */
  public OverflowRelease(RewriteContext context) {
    this.pages = context.open(new MergeStatistics());
    this.removal = new EntryRemoval(pages, MergeListener.NONE);
  }

  /**
   * Frees the pages of one value.
   *
   * @param pointersAt arena offset of the ids of its first group
   * @param length bytes of these ids
   */
  public void free(long pointersAt, int length) {
    removal.freeOverflow(pointersAt, length);
  }

  @Override
  public void close() {
    pages.close();
  }
}
