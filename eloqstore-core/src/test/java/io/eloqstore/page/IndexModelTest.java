/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.memory.Arena;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Aim: index pages lead every key to its child. Method: random separators against a sorted map
 * whose empty key stands for the leftmost child.
 */
class IndexModelTest {
  private static final int ROUNDS = 25;

  private final Arena arena = Arena.allocate(3 * 61440);
  private final IndexBuilder builder = new IndexBuilder();
  private final IndexCursor cursor = new IndexCursor();

  @AfterEach
  void close() {
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 8192, 16384, 32768, 61440})
  void searchesAgreeWithTheModel(int pageBytes) {
    for (int round = 0; round < ROUNDS; round++) {
      long seed = 37L * pageBytes + round;
      Random random = new Random(seed);
      int interval = new int[] {1, 2, 3, 16}[random.nextInt(4)];
      long at = 4096L * random.nextInt(4) + random.nextInt(9);
      PageKeys keys = new PageKeys(random);
      TreeMap<byte[], Integer> model = new TreeMap<>(Arrays::compareUnsigned);
      fill(random, keys, model, at, pageBytes, interval);
      String what = "seed " + seed + ", interval " + interval + ", children " + model.size();
      assertThat(PageHeader.check(arena, at, pageBytes)).as(what).isNull();
      walk(model, at, what);
      for (int i = 0; i < 40; i++) {
        byte[] key = model.keySet().stream().skip(random.nextInt(model.size())).findFirst().get();
        search(model, at, key.length > 0 && random.nextBoolean() ? keys.near(key) : key, what);
      }
      search(model, at, keys.next(), what);
    }
  }

  private void fill(
      Random random,
      PageKeys keys,
      TreeMap<byte[], Integer> model,
      long at,
      int pageBytes,
      int interval) {
    int childrenMax = random.nextInt(4) == 0 ? random.nextInt(20) : 5000;
    boolean dense = random.nextBoolean();
    for (int i = 0; i < childrenMax; i++) {
      model.put(keys.next(), dense ? i : random.nextInt() >>> 1);
    }
    model.put(new byte[0], random.nextBoolean() ? 0 : Integer.MAX_VALUE);
    byte[] junk = new byte[pageBytes + 9];
    random.nextBytes(junk);
    arena.put(at, junk, 0, junk.length);
    builder.open(arena, at, pageBytes, PageType.LEAF_INDEX, interval);
    builder.setLeftmost(model.get(new byte[0]));
    boolean full = false;
    for (var next = model.entrySet().iterator(); next.hasNext(); ) {
      Map.Entry<byte[], Integer> entry = next.next();
      byte[] key = entry.getKey();
      if (full) {
        next.remove();
      } else if (key.length > 0) {
        int used = builder.bytesUsed();
        byte[] padded = new byte[key.length + 3];
        System.arraycopy(key, 0, padded, 1, key.length);
        if (random.nextInt(50) == 0) {
          builder.startRestart();
        }
        if (!builder.add(padded, 1, key.length, entry.getValue())) {
          assertThat(builder.bytesUsed()).isEqualTo(used);
          next.remove();
          full = true;
        }
      }
    }
    assertThat(builder.childCount()).isEqualTo(model.size());
    int used = builder.bytesUsed();
    builder.finish();
    PageHeader.seal(arena, at, pageBytes);
    assertThat(PageHeader.verify(arena, at, pageBytes)).isTrue();
    assertThat(PageHeader.type(arena, at)).isEqualTo(PageType.LEAF_INDEX);
    assertThat(PageHeader.contentLength(arena, at)).isEqualTo(used);
    for (int i = used; i < pageBytes; i++) {
      assertThat(arena.getByte(at + i)).isZero();
    }
    assertThat(arena.getByte(at + pageBytes)).isEqualTo(junk[pageBytes]);
  }

  private void walk(TreeMap<byte[], Integer> model, long at, String what) {
    cursor.open(arena, at);
    assertThat(cursor.previous()).as(what).isFalse();
    for (Map.Entry<byte[], Integer> entry : model.entrySet()) {
      assertThat(cursor.next()).as(what).isTrue();
      standsOn(entry, what);
    }
    assertThat(cursor.next()).as(what).isFalse();
    standsOn(model.lastEntry(), what);
    assertThat(cursor.first()).as(what).isTrue();
    standsOn(model.firstEntry(), what);
    assertThat(cursor.last()).as(what).isTrue();
    standsOn(model.lastEntry(), what);
    for (Map.Entry<byte[], Integer> entry :
        model.descendingMap().tailMap(model.lastKey(), false).entrySet()) {
      assertThat(cursor.previous()).as(what).isTrue();
      standsOn(entry, what);
    }
    assertThat(cursor.previous()).as(what).isFalse();
    standsOn(model.firstEntry(), what);
  }

  private void search(TreeMap<byte[], Integer> model, long at, byte[] key, String what) {
    byte[] padded = new byte[key.length + 4];
    Arrays.fill(padded, (byte) 0x55);
    System.arraycopy(key, 0, padded, 3, key.length);
    Map.Entry<byte[], Integer> expected = model.floorEntry(key);
    assertThat(IndexPage.childFor(arena, at, padded, 3, key.length))
        .as(what)
        .isEqualTo(expected.getValue());
    cursor.open(arena, at);
    cursor.seek(padded, 3, key.length);
    standsOn(expected, what);
    Map.Entry<byte[], Integer> next = model.higherEntry(expected.getKey());
    assertThat(cursor.next()).as(what).isEqualTo(next != null);
    if (next != null) {
      standsOn(next, what);
      assertThat(cursor.previous()).as(what).isTrue();
    }
    standsOn(expected, what);
    Map.Entry<byte[], Integer> lower = model.lowerEntry(expected.getKey());
    assertThat(cursor.previous()).as(what).isEqualTo(lower != null);
    standsOn(lower == null ? expected : lower, what);
  }

  private void standsOn(Map.Entry<byte[], Integer> expected, String what) {
    assertThat(Arrays.copyOf(cursor.key(), cursor.keyLength()))
        .as(what)
        .isEqualTo(expected.getKey());
    assertThat(cursor.child()).as(what).isEqualTo(expected.getValue());
  }

  /** All separators and all keys between them, close together. */
  @Test
  void everyKeyOfASmallUniverse() {
    for (int seed = 0; seed < 150; seed++) {
      Random random = new Random(seed);
      TreeMap<byte[], Integer> model = new TreeMap<>(Arrays::compareUnsigned);
      int oneIn = 1 + random.nextInt(8);
      for (byte[] key : PageKeys.universe()) {
        if (random.nextInt(oneIn) == 0) {
          model.put(key, 1 + model.size());
        }
      }
      builder.open(arena, 0, 4096, PageType.INDEX, 1 + random.nextInt(40));
      builder.setLeftmost(0);
      model.forEach((key, child) -> assertThat(builder.add(key, 0, key.length, child)).isTrue());
      builder.finish();
      model.put(new byte[0], 0);
      for (byte[] key : PageKeys.universe()) {
        search(model, 0, key, "seed " + seed + ", key " + Arrays.toString(key));
      }
    }
  }

  /** A separator that fills the page to its last byte fits, one byte more does not. */
  @Test
  void largestSeparatorFitsAndOneByteMoreDoesNot() {
    for (int pageBytes : new int[] {4096, 16384, 61440}) {
      int lengthBytes = pageBytes == 61440 ? 3 : 2;
      int keyLength = pageBytes - 15 - 1 - lengthBytes - 1 - 4;
      byte[] key = new byte[keyLength + 1];
      builder.open(arena, 0, pageBytes, PageType.INDEX, 16);
      builder.setLeftmost(0);
      assertThat(builder.add(key, 0, keyLength + 1, 1)).isFalse();
      assertThat(builder.childCount()).isEqualTo(1);
      assertThat(builder.add(key, 0, keyLength, 1)).isTrue();
      assertThat(builder.bytesUsed()).isEqualTo(pageBytes);
      builder.finish();
      assertThat(PageHeader.check(arena, 0, pageBytes)).isNull();
      assertThat(IndexPage.childFor(arena, 0, key, 0, keyLength - 1)).isZero();
      assertThat(IndexPage.childFor(arena, 0, key, 0, keyLength)).isEqualTo(1);
    }
  }

  @Test
  void pageWithoutAnyChildIsRefused() {
    builder.open(arena, 0, 4096, PageType.INDEX, 16);
    builder.setLeftmost(5);
    builder.finish();
    builder.open(arena, 0, 4096, PageType.INDEX, 16);
    assertThatThrownBy(builder::finish).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> builder.add(new byte[] {1}, 0, 1, 7))
        .isInstanceOf(IllegalStateException.class);
  }
}
