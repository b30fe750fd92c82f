/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/** A page that was built and is not written yet: its bytes are a scratch block. */
final class OutputPage {
  /** Logical id; {@link TreePages#NONE} until the page is placed. */
  int id = TreePages.NONE;

  /** Arena offset of the scratch block. */
  long at;

  /** Lower bound in the parent; empty for the leftmost page. */
  byte[] separator;

  /** Content length, bytes. */
  int usedBytes;

  /** Whether the page is worth caching. */
  boolean warm;

  /** Whether the content differs from the page of that id that is on disk. */
  boolean dirty = true;

  /** Sibling links, leaves only; and what they are on disk when the page is not dirty. */
  int previous = TreePages.NONE;

  int next = TreePages.NONE;
  int storedPrevious = TreePages.NONE;
  int storedNext = TreePages.NONE;

  OutputPage(long at, byte[] separator) {
    this.at = at;
    this.separator = separator;
  }
}
