/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.VisitOrder;
import io.eloqstore.memory.Arena;
import io.eloqstore.page.IndexBuilder;
import io.eloqstore.page.IndexPage;
import io.eloqstore.page.LeafBuilder;
import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.LeafEntry;
import io.eloqstore.page.LeafPage;
import io.eloqstore.page.PageType;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Leaf and index pages in memory without a tree, visited in random order; each visit looks for a
 * key that is in its page. Used by one thread.
 */
@State(Scope.Thread)
public class PageLoad implements AutoCloseable {
  /** Entries of a leaf; nearly full then. */
  static final int LEAF_ENTRIES = 30;

  /** Children of an index page. */
  static final int INDEX_CHILDREN = 200;

  private static final int PAGE_BYTES = 4096;
  private static final int RESTART_INTERVAL = 16;

  /** Pages of each kind: 2,000 fit into the caches of a processor, 100,000 do not. */
  @Param({"2000", "100000"})
  public int pages;

  private final byte[] key = new byte[Entries.KEY_BYTES];
  private final LeafEntry hit = new LeafEntry();
  private final LeafCursor cursor = new LeafCursor();
  private Arena leaves;
  private Arena indexes;
  private int[] visits;
  private int visit;
  private int turn;

  @Setup(Level.Trial)
  public void open() {
    visits = VisitOrder.shuffled(pages);
    leaves = Arena.allocate((long) pages * PAGE_BYTES);
    indexes = Arena.allocate((long) pages * PAGE_BYTES);
    LeafBuilder leaf = new LeafBuilder();
    IndexBuilder index = new IndexBuilder();
    byte[] value = new byte[Entries.VALUE_BYTES];
    for (int page = 0; page < pages; page++) {
      long at = (long) page * PAGE_BYTES;
      leaf.open(leaves, at, PAGE_BYTES, RESTART_INTERVAL);
      for (int i = 0; i < LEAF_ENTRIES; i++) {
        long number = (long) page * LEAF_ENTRIES + i;
        Entries.key(number, key);
        Entries.value(number, 0, value);
        mustFit(leaf.add(key, 0, key.length, value, 0, 0, 0));
      }
      leaf.finish(LeafPage.NO_PAGE, LeafPage.NO_PAGE);
      index.open(indexes, at, PAGE_BYTES, PageType.LEAF_INDEX, RESTART_INTERVAL);
      index.setLeftmost(page * INDEX_CHILDREN);
      for (int i = 1; i < INDEX_CHILDREN; i++) {
        Entries.key(separator(page, i), key);
        mustFit(index.add(key, 0, key.length, page * INDEX_CHILDREN + i));
      }
      index.finish();
    }
  }

  /** The first number that belongs to a child. */
  private static long separator(int page, int child) {
    return ((long) page * INDEX_CHILDREN + child) * LEAF_ENTRIES;
  }

  private static void mustFit(boolean fits) {
    if (!fits) {
      throw new IllegalStateException("the page is full");
    }
  }

  @TearDown(Level.Trial)
  @Override
  public void close() {
    leaves.close();
    indexes.close();
  }

  /** Length of the value that is found, bytes. */
  int findInLeaf() {
    long at = visitLeaf();
    return LeafPage.find(leaves, at, PAGE_BYTES, key, 0, key.length, hit) ? hit.valueLength() : -1;
  }

  /** Length of the value that the cursor comes to, bytes. */
  int seekInLeaf() {
    cursor.open(leaves, visitLeaf());
    return cursor.seek(key, 0, key.length) && cursor.exact() ? cursor.valueLength() : -1;
  }

  /** The child that is found. */
  int findChild() {
    int page = visits[visit];
    step();
    Entries.key(separator(page, turn % INDEX_CHILDREN) + turn % LEAF_ENTRIES, key);
    return IndexPage.childFor(indexes, (long) page * PAGE_BYTES, key, 0, key.length);
  }

  /** The child that {@link #findChild} was to find last. */
  int expectedChild() {
    int last = visit == 0 ? visits.length - 1 : visit - 1;
    return visits[last] * INDEX_CHILDREN + turn % INDEX_CHILDREN;
  }

  private long visitLeaf() {
    int page = visits[visit];
    step();
    Entries.key((long) page * LEAF_ENTRIES + turn % LEAF_ENTRIES, key);
    return (long) page * PAGE_BYTES;
  }

  private void step() {
    visit = visit + 1 == visits.length ? 0 : visit + 1;
    // Another entry of the page in the next pass.
    turn = turn + 7 & Integer.MAX_VALUE;
  }
}
