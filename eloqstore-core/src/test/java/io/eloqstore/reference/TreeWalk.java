/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Walks one tree from its root in key order and gathers its entries.
 *
 * <p>Checked on the way: keys lie in the bounds that the separators above them give and ascend over
 * all leaves, leaves are equally deep and linked in order, overflow chains are whole. A page that
 * cannot be read or decoded is a finding and its subtree is left out.
 */
final class TreeWalk {
  private static final int DEPTH_MAX = 64;
  private static final int OVERFLOW_TYPE = 3;
  private static final int OVERFLOW_HEADER_BYTES = 11;

  private record Leaf(int page, int previous, int next) {}

  private final String name;
  private final PageSource pages;
  private final Findings findings;
  private final List<ReferenceEntry> entries = new ArrayList<>();
  private final List<Leaf> leaves = new ArrayList<>();
  private int leafDepth = -1;
  private boolean incomplete;

  private TreeWalk(String name, PageSource pages, Findings findings) {
    this.name = name;
    this.pages = pages;
    this.findings = findings;
  }

  static List<ReferenceEntry> entries(String name, int root, PageSource pages, Findings findings)
      throws IOException {
    TreeWalk walk = new TreeWalk(name, pages, findings);
    if (root != -1) {
      walk.index(root, null, null, 0);
      walk.checkLinks();
    }
    return walk.entries;
  }

  private void index(int page, byte[] lower, byte[] upper, int depth) throws IOException {
    DecodedIndex index;
    try {
      if (depth > DEPTH_MAX) {
        throw new DecodeException("the tree is deeper than " + DEPTH_MAX);
      }
      index = DecodedIndex.decode(pages.use(page));
      for (byte[] separator : index.separators()) {
        checkBounds(separator, lower, upper);
      }
    } catch (DecodeException e) {
      fail(page, e);
      return;
    }
    int count = index.children().size();
    for (int i = 0; i < count; i++) {
      byte[] childLower = i == 0 ? lower : index.separators().get(i - 1);
      byte[] childUpper = i == count - 1 ? upper : index.separators().get(i);
      int child = index.children().get(i);
      if (index.overLeaves()) {
        leaf(child, childLower, childUpper, depth + 1);
      } else {
        index(child, childLower, childUpper, depth + 1);
      }
    }
  }

  private void leaf(int page, byte[] lower, byte[] upper, int depth) throws IOException {
    DecodedLeaf leaf;
    try {
      leaf = DecodedLeaf.decode(pages.use(page));
      if (leaf.entries().isEmpty()) {
        throw new DecodeException("an empty leaf is linked in the tree");
      }
      for (ReferenceEntry entry : leaf.entries()) {
        checkBounds(entry.key(), lower, upper);
      }
    } catch (DecodeException e) {
      fail(page, e);
      return;
    }
    if (leafDepth >= 0 && leafDepth != depth) {
      findings.add("%s: leaf %d at depth %d, others at %d", name, page, depth, leafDepth);
    }
    leafDepth = depth;
    leaves.add(new Leaf(page, leaf.previous(), leaf.next()));
    for (ReferenceEntry entry : leaf.entries()) {
      add(page, entry);
    }
  }

  private void add(int page, ReferenceEntry entry) throws IOException {
    if (!entries.isEmpty()) {
      byte[] last = entries.get(entries.size() - 1).key();
      if (Arrays.compareUnsigned(last, entry.key()) >= 0) {
        findings.add("%s: leaf %d: key %s is not above the one before", name, page, hex(entry));
      }
    }
    if (!entry.overflow()) {
      entries.add(entry);
      return;
    }
    try {
      entries.add(entry.withValue(overflow(entry.value())));
    } catch (DecodeException e) {
      findings.add("%s: leaf %d: value of %s: %s", name, page, hex(entry), e.getMessage());
    }
  }

  private byte[] overflow(byte[] firstGroup) throws IOException {
    ByteArrayOutputStream value = new ByteArrayOutputStream();
    byte[] group = firstGroup;
    do {
      if (group.length == 0 || group.length % 4 != 0) {
        throw new DecodeException("overflow page list of " + group.length + " bytes");
      }
      ByteCursor ids = new ByteCursor(group, 0, group.length);
      byte[] nextGroup = new byte[0];
      while (ids.remaining() > 0) {
        if (nextGroup.length > 0) {
          throw new DecodeException("an overflow page inside a group points on");
        }
        nextGroup = overflowPage(ids.u32(), value);
      }
      group = nextGroup;
    } while (group.length > 0);
    return value.toByteArray();
  }

  /** Appends the page's value bytes; returns its list of page ids, empty if it has none. */
  private byte[] overflowPage(int id, ByteArrayOutputStream value) throws IOException {
    byte[] page = pages.use(id);
    ByteCursor header = new ByteCursor(page, 8, OVERFLOW_HEADER_BYTES);
    int type = header.u8();
    if (type != OVERFLOW_TYPE) {
      throw new DecodeException("page " + id + " has type " + type + ", expected overflow");
    }
    int valueBytes = header.u16();
    int pointerBytes = 4 * (page[page.length - 1] & 0xFF);
    int pointerStart = page.length - 1 - pointerBytes;
    if (valueBytes == 0 || OVERFLOW_HEADER_BYTES + valueBytes > pointerStart) {
      throw new DecodeException(
          "overflow page " + id + " with " + valueBytes + " value, " + pointerBytes + " id bytes");
    }
    value.write(page, OVERFLOW_HEADER_BYTES, valueBytes);
    return Arrays.copyOfRange(page, pointerStart, page.length - 1);
  }

  private void checkLinks() {
    if (incomplete) {
      // The neighbours of a lost leaf would only repeat the finding.
      return;
    }
    for (int i = 0; i < leaves.size(); i++) {
      Leaf leaf = leaves.get(i);
      int previous = i == 0 ? -1 : leaves.get(i - 1).page();
      int next = i == leaves.size() - 1 ? -1 : leaves.get(i + 1).page();
      if (leaf.previous() != previous) {
        findings.add(
            "%s: leaf %d: previous is %d, expected %d",
            name, leaf.page(), leaf.previous(), previous);
      }
      if (leaf.next() != next) {
        findings.add("%s: leaf %d: next is %d, expected %d", name, leaf.page(), leaf.next(), next);
      }
    }
  }

  private void checkBounds(byte[] key, byte[] lower, byte[] upper) {
    if (lower != null && Arrays.compareUnsigned(key, lower) < 0) {
      throw new DecodeException("key " + hex(key) + " is below the separator " + hex(lower));
    }
    if (upper != null && Arrays.compareUnsigned(key, upper) >= 0) {
      throw new DecodeException("key " + hex(key) + " is not below the separator " + hex(upper));
    }
  }

  private void fail(int page, DecodeException cause) {
    incomplete = true;
    findings.add("%s: page %d: %s", name, page, cause.getMessage());
  }

  private static String hex(ReferenceEntry entry) {
    return hex(entry.key());
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
