/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

/** The byte at offset 8 of a page. */
public final class PageType {
  /** Index page whose children are index pages. */
  public static final int INDEX = 0;

  /** Index page whose children are leaves. */
  public static final int LEAF_INDEX = 1;

  /** Leaf: the entries themselves. */
  public static final int LEAF = 2;

  /** Part of a value that fits no leaf. */
  public static final int OVERFLOW = 3;

  /** Set in the types of the pages of a change segment: index, leaf index, leaf. */
  public static final int SEGMENT = 4;

  /** Index page of a segment whose children are index pages. */
  public static final int SEGMENT_INDEX = SEGMENT | INDEX;

  /** Index page of a segment whose children are leaves. */
  public static final int SEGMENT_LEAF_INDEX = SEGMENT | LEAF_INDEX;

  /** Leaf of a segment: changes, see {@link SegmentChange}. */
  public static final int SEGMENT_LEAF = SEGMENT | LEAF;

  /** Bit set of both kinds of index page. */
  public static final int ANY_INDEX = 1 << INDEX | 1 << LEAF_INDEX;

  /** Bit set of both kinds of index page of a segment. */
  public static final int ANY_SEGMENT_INDEX = 1 << SEGMENT_INDEX | 1 << SEGMENT_LEAF_INDEX;

  private PageType() {}
}
