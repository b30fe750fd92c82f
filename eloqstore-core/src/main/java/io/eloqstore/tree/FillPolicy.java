/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/**
 * How full pages are kept.
 *
 * <p>A page that overflows in its middle becomes two of about the same size. When all that does not
 * fit lies behind the last key the page had, the left one stays full, so ascending inserts fill
 * pages. A page that lost bytes in a merge and is nearly empty is joined with a sibling.
 *
 * @param underfullPercent a page that lost bytes and holds less than this share of its size is
 *     joined with a sibling; 0 turns joining off
 */
public record FillPolicy(int underfullPercent) {
  /** Joins below a third of a page. */
  public static final FillPolicy STANDARD = new FillPolicy(33);

  public FillPolicy {
    // Two pages below half fit into one, so joining always makes progress.
    if (underfullPercent < 0 || underfullPercent > 49) {
      throw new IllegalArgumentException(
          "the underfull limit must be 0 to 49 percent, found " + underfullPercent);
    }
  }

  /** Whether a page holds so little that it should be joined. */
  boolean isUnderfull(int usedBytes, int pageBytes) {
    return (long) usedBytes * 100 < (long) pageBytes * underfullPercent;
  }
}
