/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.page.OverflowPage;
import io.eloqstore.pagestore.PageSource;
import java.util.function.IntToLongFunction;

/** Reads values that lie on overflow pages. One thread at a time. */
public final class OverflowReader {
  private static final int VALUE_BYTES_MAX = Integer.MAX_VALUE - 8;

  private final PageSource source;
  private final OverflowGroup group = new OverflowGroup();

  public OverflowReader(PageSource source) {
    this.source = source;
  }

  /**
   * Reads a whole value. The times of the target stay; its value is undefined after an exception.
   *
   * @param mapping file page of a logical page, -1 for none
   * @param pointers the bytes of the leaf entry: page ids, four bytes each; may be the target's own
   * @param target gets the value
   * @throws CorruptionException when the chain does not hold together
   */
  public void read(
      IntToLongFunction mapping, byte[] pointers, int pointersLength, ValueBuffer target) {
    readStart(mapping, pointers, pointersLength, target, VALUE_BYTES_MAX);
  }

  /**
   * Reads the pages that hold the first bytes of a value, or all when it is shorter.
   *
   * @param bytes wanted at least
   */
  public void readStart(
      IntToLongFunction mapping,
      byte[] pointers,
      int pointersLength,
      ValueBuffer target,
      int bytes) {
    group.open(pointers, pointersLength);
    int length = 0;
    while (group.count() > 0) {
      for (int i = 0; i < group.count(); i++) {
        length = append(mapping, i, target, length);
        if (length >= bytes) {
          return;
        }
      }
      openNext(mapping);
    }
  }

  private int append(IntToLongFunction mapping, int index, ValueBuffer target, int length) {
    long at = pin(mapping, group.page(index));
    try {
      group.check(source.arena(), at, source.pageBytes(), index);
      int bytes = OverflowPage.valueLength(source.arena(), at);
      if (bytes > VALUE_BYTES_MAX - length) {
        throw TreePages.corrupt(
            group.page(index), "overflow value", "at most " + VALUE_BYTES_MAX, "more");
      }
      byte[] into = target.setLength(length + bytes);
      source.arena().get(OverflowPage.valueAt(at), into, length, bytes);
      return length + bytes;
    } finally {
      source.unpin(at);
    }
  }

  /** The last page of the group is cached, so it is pinned again rather than held all the time. */
  private void openNext(IntToLongFunction mapping) {
    long at = pin(mapping, group.page(group.count() - 1));
    try {
      group.advance(source.arena(), at, source.pageBytes());
    } finally {
      source.unpin(at);
    }
  }

  private long pin(IntToLongFunction mapping, int id) {
    long filePage = mapping.applyAsLong(id);
    if (filePage == TreePages.NONE) {
      throw TreePages.corrupt(id, "overflow page", "mapped to a file page", "unmapped");
    }
    return source.pin(filePage, TreePages.OVERFLOW);
  }
}
