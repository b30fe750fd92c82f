/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.StoreException;
import io.eloqstore.memory.Arena;
import io.eloqstore.page.IndexCursor;
import io.eloqstore.page.LeafCursor;
import io.eloqstore.page.LeafPage;
import io.eloqstore.page.PageHeader;
import io.eloqstore.pagestore.PageSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntToLongFunction;

/**
 * Walks the trees of a partition and says what is wrong with them.
 *
 * <p>Checks: every page can be read and has the type its level asks for; keys ascend and lie inside
 * the separators above them; leaves are linked to exactly their neighbours; no leaf is empty;
 * overflow chains hold together; each page is reached once, and no mapped page is left over. Counts
 * entries on the way. One thread, one use: {@link #tree} for each tree, {@link #pending} for cuts,
 * then {@link #finish}.
 */
public final class TreeVerifier {
  private static final int LEVELS_MAX = 32;

  private static final int COMPRESSED = LeafPage.COMPRESSED_DICTIONARY | LeafPage.COMPRESSED_ALONE;

  /** More findings say nothing new. */
  private static final int FINDINGS_MAX = 100;

  private final PageSource source;
  private final int rootTypes;
  private final Arena arena;
  private final IntToLongFunction mapping;
  private final int pageCount;
  private final BitSet reached = new BitSet();
  private final List<String> findings = new ArrayList<>();
  private final OverflowGroup group = new OverflowGroup();
  private Consumer<byte[]> keyWatch = key -> {};
  private long findingsLeftOut;
  private boolean checksLinks;
  private int previousLeaf;
  private int promisedLeaf;
  private byte[] previousKey;
  private long entries;
  private long leaves;
  private long overflowEntries;
  private long compressedEntries;
  private long expiringEntries;

  /**
   * @param mapping file page of a logical page, -1 for none
   * @param pageCount logical pages below this may be mapped
   */
  public TreeVerifier(PageSource source, IntToLongFunction mapping, int pageCount) {
    this(source, TreePages.INDEX, mapping, pageCount);
  }

  /** Of a change segment: its pages are all that it has, and its leaves have no links. */
  public static TreeVerifier ofSegment(PageSource source, IntToLongFunction places, int pageCount) {
    return new TreeVerifier(source, TreePages.SEGMENT_INDEX, places, pageCount);
  }

  private TreeVerifier(PageSource source, int rootTypes, IntToLongFunction mapping, int pageCount) {
    this.source = source;
    this.rootTypes = rootTypes;
    this.arena = source.arena();
    this.mapping = mapping;
    this.pageCount = pageCount;
  }

  /** Shows a copy of each key to someone from now on. */
  public void watchKeys(Consumer<byte[]> watch) {
    keyWatch = watch;
  }

  /** Entries seen in trees, pending subtrees not counted. */
  public long entries() {
    return entries;
  }

  /** Leaves seen so far. */
  public long leaves() {
    return leaves;
  }

  public long overflowEntries() {
    return overflowEntries;
  }

  public long compressedEntries() {
    return compressedEntries;
  }

  public long expiringEntries() {
    return expiringEntries;
  }

  /** Walks a whole tree. */
  public void tree(int root) {
    checksLinks = rootTypes == TreePages.INDEX;
    previousLeaf = TreePages.NONE;
    promisedLeaf = TreePages.NONE;
    previousKey = null;
    if (root != TreePages.NONE) {
      walk(root, rootTypes, null, null, 0, true);
      if (checksLinks && promisedLeaf != TreePages.NONE) {
        find("the last leaf %d links to %d", previousLeaf, promisedLeaf);
      }
    }
  }

  /** Walks the overflow pages of a value that a change segment names. */
  public void largeChange(byte[] key, long pointersAt, int pointersLength) {
    walkOverflow(key, pointersAt, pointersLength);
  }

  /** Walks subtrees that a cut unlinked and no sweep has given back, see {@link CutSweeper}. */
  public void pending(int[] subtrees) {
    long entriesBefore = entries;
    long overflowBefore = overflowEntries;
    long compressedBefore = compressedEntries;
    long expiringBefore = expiringEntries;
    checksLinks = false;
    for (int subtree : subtrees) {
      previousKey = null;
      int types = CutSweeper.isLeaf(subtree) ? TreePages.LEAF : TreePages.INDEX;
      walk(CutSweeper.pageOf(subtree), types, null, null, 0, false);
    }
    entries = entriesBefore;
    overflowEntries = overflowBefore;
    compressedEntries = compressedBefore;
    expiringEntries = expiringBefore;
  }

  /** All findings; empty when everything is as it must be. */
  public List<String> finish() {
    for (int id = 0; id < pageCount; id++) {
      if (mapping.applyAsLong(id) != TreePages.NONE && !reached.get(id)) {
        find("page %d is mapped and in no tree", id);
        readUnreached(id);
      }
    }
    if (findingsLeftOut > 0) {
      findings.add(findingsLeftOut + " more findings");
      findingsLeftOut = 0;
    }
    return List.copyOf(findings);
  }

  /** A page that no tree needs is checked too: a flipped bit says that the disk is not sound. */
  private void readUnreached(int id) {
    long filePage = mapping.applyAsLong(id);
    try {
      source.unpin(source.pin(filePage, -1));
    } catch (StoreException e) {
      find("page %d on file page %d cannot be read: %s", id, filePage, e.getMessage());
    }
  }

  private void find(String format, Object... details) {
    if (findings.size() < FINDINGS_MAX) {
      findings.add(String.format(format, details));
    } else {
      findingsLeftOut++;
    }
  }

  private static String hex(byte[] key) {
    return key == null ? "none" : HexFormat.of().formatHex(key);
  }

  /** Reads a page that was not reached yet; {@link TreePages#NONE} with a finding otherwise. */
  private long reach(int id, int types) {
    if (id < 0 || id >= pageCount) {
      find("page id %d is not below the page count %d", id, pageCount);
      return TreePages.NONE;
    }
    if (reached.get(id)) {
      find("page %d is reached twice", id);
      return TreePages.NONE;
    }
    reached.set(id);
    long filePage = mapping.applyAsLong(id);
    if (filePage == TreePages.NONE) {
      find("page %d is in a tree and not mapped", id);
      return TreePages.NONE;
    }
    try {
      long at = source.pin(filePage, types);
      int type = PageHeader.type(arena, at);
      if (!TreePages.isOneOf(type, types)) {
        source.unpin(at);
        find("page %d has type %d, expected one of the set %d", id, type, types);
        return TreePages.NONE;
      }
      return at;
    } catch (StoreException e) {
      find("page %d on file page %d cannot be read: %s", id, filePage, e.getMessage());
      return TreePages.NONE;
    }
  }

  private void walk(int id, int types, byte[] low, byte[] high, int level, boolean isRoot) {
    if (level > LEVELS_MAX) {
      find("page %d lies on level %d", id, level);
      return;
    }
    long at = reach(id, types);
    if (at == TreePages.NONE) {
      return;
    }
    try {
      if ((types & (TreePages.LEAF | TreePages.SEGMENT_LEAF)) != 0) {
        walkLeaf(id, at, low, high);
      } else {
        walkIndex(id, at, low, high, level, isRoot);
      }
    } catch (IndexOutOfBoundsException | StoreException e) {
      find("page %d is malformed: %s", id, e.getMessage());
    } finally {
      source.unpin(at);
    }
  }

  private void walkIndex(int id, long at, byte[] low, byte[] high, int level, boolean isRoot) {
    boolean aboveLeaves = TreePages.isAboveLeaves(arena, at);
    int types = TreePages.childTypes(PageHeader.type(arena, at));
    IndexCursor cursor = new IndexCursor();
    cursor.open(arena, at);
    boolean more = cursor.first();
    byte[] childLow = low;
    int index = 0;
    while (more) {
      int child = cursor.child();
      more = cursor.next();
      byte[] bound = more ? Arrays.copyOf(cursor.key(), cursor.keyLength()) : high;
      if (more) {
        boolean ascends = childLow == null || Arrays.compareUnsigned(childLow, bound) < 0;
        boolean below = high == null || Arrays.compareUnsigned(bound, high) < 0;
        if (!ascends || !below) {
          find(
              "index page %d: separator %s after %s, bound %s",
              id, hex(bound), hex(childLow), hex(high));
        }
      }
      walk(child, types, childLow, bound, level + 1, false);
      childLow = bound;
      index++;
    }
    if (isRoot && !aboveLeaves && index == 1) {
      find("root %d has a single index page below it", id);
    }
  }

  private void walkLeaf(int id, long at, byte[] low, byte[] high) {
    if (rootTypes == TreePages.INDEX) {
      checkLinks(id, at);
    }
    leaves++;
    LeafCursor cursor = new LeafCursor();
    cursor.open(arena, at);
    boolean any = false;
    for (boolean more = cursor.first(); more; more = cursor.next()) {
      any = true;
      byte[] key = Arrays.copyOf(cursor.key(), cursor.keyLength());
      if (previousKey != null && Arrays.compareUnsigned(previousKey, key) >= 0) {
        find("leaf %d: key %s after %s", id, hex(key), hex(previousKey));
      }
      if (low != null && Arrays.compareUnsigned(key, low) < 0
          || high != null && Arrays.compareUnsigned(key, high) >= 0) {
        find("leaf %d: key %s outside of %s to %s", id, hex(key), hex(low), hex(high));
      }
      previousKey = key;
      keyWatch.accept(key);
      entries++;
      if (cursor.expireTs() != 0) {
        expiringEntries++;
      }
      if ((cursor.flags() & COMPRESSED) != 0) {
        compressedEntries++;
      }
      if ((cursor.flags() & LeafPage.OVERFLOW) != 0) {
        overflowEntries++;
        walkOverflow(key, cursor.valueAt(), cursor.valueLength());
      }
    }
    if (!any) {
      find("leaf %d is empty", id);
    }
  }

  private void checkLinks(int id, long at) {
    int previous = LeafPage.previous(arena, at);
    int next = LeafPage.next(arena, at);
    if (checksLinks && previous != previousLeaf) {
      find("leaf %d links back to %d, expected %d", id, previous, previousLeaf);
    }
    if (checksLinks && previousLeaf != TreePages.NONE && promisedLeaf != id) {
      find("leaf %d links to %d, expected %d", previousLeaf, promisedLeaf, id);
    }
    previousLeaf = id;
    promisedLeaf = next;
  }

  private void walkOverflow(byte[] key, long pointersAt, int pointersLength) {
    try {
      group.open(arena, pointersAt, pointersLength);
      while (group.count() > 0) {
        for (int i = 0; i < group.count() - 1; i++) {
          walkOverflowPage(i);
        }
        walkOverflowPage(group.count() - 1);
      }
    } catch (StoreException e) {
      find("the value of key %s is broken: %s", hex(key), e.getMessage());
    }
  }

  /** Checks a page of the group; behind the last one stands the next group. */
  private void walkOverflowPage(int index) {
    long at = reach(group.page(index), TreePages.OVERFLOW);
    if (at == TreePages.NONE) {
      throw TreePages.corrupt(group.page(index), "overflow page", "one of its own", "none");
    }
    try {
      group.check(arena, at, source.pageBytes(), index);
      if (group.isLast(index)) {
        group.advance(arena, at, source.pageBytes());
      }
    } finally {
      source.unpin(at);
    }
  }
}
