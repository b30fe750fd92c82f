/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.page.PageHeader;
import io.eloqstore.page.PageType;
import io.eloqstore.tree.TreeWorld.Change;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Sound pages in the wrong place: every way to read finds them, each time. */
class KeyBoundsTest {
  private static final int KEYS = 20_000;

  private static byte[] key(String prefix, int i) {
    return String.format("%s%07d-%040d", prefix, i, i).getBytes(UTF_8);
  }

  /** Long enough for some thousand leaves, so that there are index pages below the root. */
  private static byte[] value(int i) {
    return String.format("%0400d", i).getBytes(UTF_8);
  }

  private static TreeWorld loaded(String prefix) {
    TreeWorld world = new TreeWorld(4096, 32 << 20, TreeOptions.STANDARD);
    NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
    for (int i = 0; i < KEYS; i++) {
      changes.put(key(prefix, i), Change.put(value(i)));
    }
    world.merge(changes);
    return world;
  }

  /** Logical pages of a type in key order, the order they were written in. */
  private static List<Integer> pages(TreeWorld world, int type) {
    List<Integer> pages = new ArrayList<>();
    for (int id = 0; id < world.mapping.pageCount(); id++) {
      if (id != world.root && world.mapping.filePage(id) >= 0 && world.pageOf(id)[8] == type) {
        pages.add(id);
      }
    }
    return pages;
  }

  private static void swap(TreeWorld world, int one, int other) {
    byte[] bytes = world.pageOf(one);
    world.replace(one, world.pageOf(other));
    world.replace(other, bytes);
  }

  private static void assertCorrupt(ThrowingCallable read, String how) {
    assertThatThrownBy(read)
        .as(how)
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("logical page")
        .hasMessageContaining("0x");
  }

  private static int scan(TreeWorld world, boolean forward) {
    int rows = 0;
    try (TreeScan scan = new TreeScan(world)) {
      scan.open(world.root, world.mapping::filePage);
      for (boolean there = forward ? scan.first() : scan.last();
          there;
          there = forward ? scan.next() : scan.previous()) {
        byte[] expected = key("key", forward ? rows : KEYS - 1 - rows);
        assertThat(Arrays.copyOf(scan.key(), scan.keyLength())).isEqualTo(expected);
        rows++;
      }
    }
    return rows;
  }

  /** Reads every seventh key and says how many reads failed; the others must be right. */
  private static int corruptReads(TreeWorld world) {
    TreeReader reader = new TreeReader(world);
    ValueBuffer value = new ValueBuffer();
    int corrupt = 0;
    for (int i = 0; i < KEYS; i += 7) {
      byte[] key = key("key", i);
      try {
        boolean found = reader.read(world.root, world.mapping::filePage, key, 0, key.length, value);
        assertThat(found).as("read of %d", i).isTrue();
        assertThat(value.toByteArray()).isEqualTo(value(i));
      } catch (CorruptionException e) {
        assertThat(e).hasMessageContaining("0x");
        corrupt++;
      }
    }
    world.checkNothingIsLeaked();
    return corrupt;
  }

  private static void assertEveryReadFindsIt(TreeWorld world) {
    for (int round = 0; round < 2; round++) {
      // The second round meets what the first one left in the cache.
      assertCorrupt(() -> scan(world, true), "forward");
      assertCorrupt(() -> scan(world, false), "backward");
      assertThat(corruptReads(world)).as("corrupt point reads").isPositive();
    }
    world.dropCache();
    assertThat(corruptReads(world)).as("corrupt point reads, nothing cached").isPositive();
    world.checkNothingIsLeaked();
  }

  @Test
  void swappedLeavesAreFound() {
    try (TreeWorld world = loaded("key")) {
      List<Integer> leaves = pages(world, PageType.LEAF);
      int middle = leaves.size() / 2;
      swap(world, leaves.get(middle), leaves.get(middle + 1));
      assertEveryReadFindsIt(world);
    }
  }

  @Test
  void swappedFirstAndLastLeavesAreFound() {
    try (TreeWorld world = loaded("key")) {
      List<Integer> leaves = pages(world, PageType.LEAF);
      swap(world, leaves.get(0), leaves.get(leaves.size() - 1));
      assertEveryReadFindsIt(world);
    }
  }

  @Test
  void swappedIndexPagesAreFound() {
    try (TreeWorld world = loaded("key")) {
      List<Integer> indexes = pages(world, PageType.LEAF_INDEX);
      assertThat(indexes).as("index pages below the root").hasSizeGreaterThan(1);
      swap(world, indexes.get(0), indexes.get(1));
      assertEveryReadFindsIt(world);
    }
  }

  @Test
  void leafOfAnotherTreeIsFound() {
    try (TreeWorld world = loaded("key");
        TreeWorld other = loaded("other")) {
      List<Integer> leaves = pages(world, PageType.LEAF);
      int foreign = pages(other, PageType.LEAF).get(leaves.size() / 2);
      world.replace(leaves.get(leaves.size() / 2), other.pageOf(foreign));
      assertEveryReadFindsIt(world);
    }
  }

  @Test
  void errorNamesPageBoundsAndKey() {
    try (TreeWorld world = loaded("key")) {
      int leaf = pages(world, PageType.LEAF).get(5);
      swap(world, leaf, pages(world, PageType.LEAF).get(9));
      assertThatThrownBy(() -> scan(world, true))
          .hasMessageContaining("logical page " + leaf)
          .hasMessageContaining("from 0x6b6579")
          .hasMessageContaining("to below 0x6b6579")
          .hasMessageContaining("first key");
    }
  }

  @Test
  void soundPagesPassAndCachedReadsPinNothing() {
    try (TreeWorld world = loaded("key")) {
      world.dropCache();
      assertThat(corruptReads(world)).isZero();
      world.dropCache();
      assertThat(scan(world, true)).isEqualTo(KEYS);
      world.dropCache();
      assertThat(scan(world, false)).isEqualTo(KEYS);
      int loads = world.loads;
      int pins = world.pins;
      assertThat(corruptReads(world)).isZero();
      assertThat(world.pins).as("pins of cached point reads").isEqualTo(pins);
      assertThat(scan(world, true)).isEqualTo(KEYS);
      assertThat(world.pins - pins)
          .as("one pin for each page of a cached scan")
          .isEqualTo(world.mapping.mappedCount());
      assertThat(world.loads).as("pages read").isEqualTo(loads);
    }
  }

  @Test
  void checkIsNotAskedAboutCachedPages() {
    try (TreeWorld world = loaded("key")) {
      long filePage = world.mapping.filePage(world.root);
      world.dropCache();
      world.unpin(world.pin(filePage, TreePages.INDEX));
      long at =
          world.pin(
              filePage,
              TreePages.INDEX,
              frame -> {
                throw new AssertionError("cached page " + frame + " was checked");
              });
      assertThat(PageHeader.verify(world.arena(), at, world.pageBytes)).isTrue();
      world.unpin(at);
    }
  }
}
