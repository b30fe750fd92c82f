/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.PageHeader;
import io.eloqstore.pagestore.PageSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToLongFunction;

/**
 * What the index pages of a tree or of a change segment tell of its leaves; reads no leaf. One
 * thread.
 */
public final class IndexProbe {
  private static final int LEVELS_MAX = 32;

  private final PageSource source;
  private final int rootTypes;
  private final int root;
  private final IntToLongFunction mapping;
  private final IndexCursor cursor = new IndexCursor();

  private IndexProbe(PageSource source, int rootTypes, int root, IntToLongFunction mapping) {
    this.source = source;
    this.rootTypes = rootTypes;
    this.root = root;
    this.mapping = mapping;
  }

  /** Of a tree that is not empty. */
  public static IndexProbe ofTree(PageSource source, int root, IntToLongFunction mapping) {
    return new IndexProbe(source, TreePages.INDEX, root, mapping);
  }

  /** Of a change segment. */
  public static IndexProbe ofSegment(PageSource source, int root, IntToLongFunction mapping) {
    return new IndexProbe(source, TreePages.SEGMENT_INDEX, root, mapping);
  }

  private long pin(int page, int types) {
    long filePage = mapping.applyAsLong(page);
    if (filePage == TreePages.NONE) {
      throw TreePages.corrupt(page, "logical page", "mapped to a file page", "unmapped");
    }
    return source.pin(filePage, types);
  }

  private static boolean isLeaves(int types) {
    return (types & (TreePages.LEAF | TreePages.SEGMENT_LEAF)) != 0;
  }

  /**
   * Where the leaf of a key stands among all leaves, as a share of them: an estimate that takes the
   * subtrees below one page for equal.
   *
   * @return 0 to below 1
   */
  public double position(byte[] key, int offset, int length) {
    double position = 0;
    double width = 1;
    int page = root;
    int types = rootTypes;
    for (int level = 0; !isLeaves(types) && level < LEVELS_MAX; level++) {
      long at = pin(page, types);
      try {
        cursor.open(source.arena(), at);
        int index = -1;
        int count = 0;
        for (boolean more = cursor.first(); more; more = cursor.next()) {
          if (count == 0 || compare(key, offset, length) <= 0) {
            index = count;
            page = cursor.child();
          }
          count++;
        }
        width /= count;
        position += width * index;
        types = TreePages.childTypes(PageHeader.type(source.arena(), at));
      } finally {
        source.unpin(at);
      }
    }
    return position;
  }

  private int compare(byte[] key, int offset, int length) {
    return Arrays.compareUnsigned(
        cursor.key(), 0, cursor.keyLength(), key, offset, offset + length);
  }

  /**
   * The separator behind the leaf of a key.
   *
   * @return {@code null} for the last leaf
   */
  public byte[] leafEnd(byte[] key, int offset, int length) {
    byte[] end = null;
    int page = root;
    int types = rootTypes;
    for (int level = 0; !isLeaves(types) && level < LEVELS_MAX; level++) {
      long at = pin(page, types);
      try {
        cursor.open(source.arena(), at);
        cursor.seek(key, offset, length);
        page = cursor.child();
        if (cursor.next()) {
          end = Arrays.copyOf(cursor.key(), cursor.keyLength());
        }
        types = TreePages.childTypes(PageHeader.type(source.arena(), at));
      } finally {
        source.unpin(at);
      }
    }
    return end;
  }

  /** Separators between leaves, ascending, evenly chosen. */
  public List<byte[]> fences(int fencesMax) {
    List<byte[]> all = new ArrayList<>();
    collect(root, rootTypes, 0, all);
    if (all.size() <= fencesMax) {
      return all;
    }
    List<byte[]> chosen = new ArrayList<>();
    for (int i = 1; i <= fencesMax; i++) {
      chosen.add(all.get((int) ((long) all.size() * i / (fencesMax + 1))));
    }
    return chosen;
  }

  private void collect(int page, int types, int level, List<byte[]> into) {
    long at = pin(page, types);
    try {
      int childTypes = TreePages.childTypes(PageHeader.type(source.arena(), at));
      IndexCursor children = new IndexCursor();
      children.open(source.arena(), at);
      for (boolean more = children.first(); more; more = children.next()) {
        if (children.keyLength() > 0) {
          into.add(Arrays.copyOf(children.key(), children.keyLength()));
        }
        if (!isLeaves(childTypes) && level < LEVELS_MAX) {
          collect(children.child(), childTypes, level + 1, into);
        }
      }
    } finally {
      source.unpin(at);
    }
  }
}
