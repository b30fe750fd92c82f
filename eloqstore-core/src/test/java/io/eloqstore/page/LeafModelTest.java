/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import static org.assertj.core.api.Assertions.assertThat;

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
 * Aim: leaves hold what was added and searches find it. Method: random entries against a sorted
 * map, over page sizes and restart intervals, with the page in the middle of other bytes.
 */
class LeafModelTest {
  private static final int ROUNDS = 25;

  /** What an entry should give back. */
  record Entry(byte[] value, int flags, long timestamp, long expireTs) {}

  private final Arena arena = Arena.allocate(4 * 61440);
  private final LeafBuilder builder = new LeafBuilder();
  private final LeafCursor cursor = new LeafCursor();
  private final LeafEntry hit = new LeafEntry();

  @AfterEach
  void close() {
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 8192, 16384, 32768, 61440})
  void searchesAgreeWithTheModel(int pageBytes) {
    for (int round = 0; round < ROUNDS; round++) {
      long seed = 31L * pageBytes + round;
      Random random = new Random(seed);
      int interval = new int[] {1, 2, 3, 16}[random.nextInt(4)];
      long at = 4096L * random.nextInt(4) + random.nextInt(9);
      PageKeys keys = new PageKeys(random);
      TreeMap<byte[], Entry> model = new TreeMap<>(Arrays::compareUnsigned);
      fill(random, keys, model, at, pageBytes, interval);
      String what = "seed " + seed + ", interval " + interval + ", entries " + model.size();
      assertThat(PageHeader.check(arena, at, pageBytes)).as(what).isNull();
      walkForth(model, at, what);
      walkBack(model, at, what);
      for (int i = 0; i < 40; i++) {
        byte[] key = model.keySet().stream().skip(random.nextInt(model.size())).findFirst().get();
        search(model, at, pageBytes, random.nextBoolean() ? key : keys.near(key), what);
      }
    }
  }

  private void fill(
      Random random,
      PageKeys keys,
      TreeMap<byte[], Entry> model,
      long at,
      int pageBytes,
      int interval) {
    int entriesMax = random.nextInt(4) == 0 ? 1 + random.nextInt(40) : 5000;
    for (int i = 0; i < entriesMax; i++) {
      model.put(keys.next(), entry(random));
    }
    junk(random, at - 8, pageBytes + 16);
    byte[] around = outside(at, pageBytes);
    builder.open(arena, at, pageBytes, interval);
    boolean full = false;
    for (var next = model.entrySet().iterator(); next.hasNext(); ) {
      Map.Entry<byte[], Entry> entry = next.next();
      if (full) {
        next.remove();
        continue;
      }
      if (random.nextInt(50) == 0) {
        builder.startRestart();
      }
      int used = builder.bytesUsed();
      if (add(random, entry.getKey(), entry.getValue())) {
        assertThat(builder.lastKeyLength()).isEqualTo(entry.getKey().length);
        assertThat(builder.lastKey()).startsWith(entry.getKey());
      } else {
        assertThat(builder.bytesUsed()).isEqualTo(used);
        next.remove();
        full = true;
      }
    }
    assertThat(builder.entryCount()).isEqualTo(model.size()).isPositive();
    int used = builder.bytesUsed();
    builder.finish(7, LeafPage.NO_PAGE);
    PageHeader.seal(arena, at, pageBytes);
    assertThat(outside(at, pageBytes)).isEqualTo(around);
    assertThat(PageHeader.verify(arena, at, pageBytes)).isTrue();
    assertThat(PageHeader.type(arena, at)).isEqualTo(PageType.LEAF);
    assertThat(PageHeader.contentLength(arena, at)).isEqualTo(used);
    assertThat(LeafPage.previous(arena, at)).isEqualTo(7);
    assertThat(LeafPage.next(arena, at)).isEqualTo(-1);
    for (int i = used; i < pageBytes; i++) {
      assertThat(arena.getByte(at + i)).isZero();
    }
  }

  private boolean add(Random random, byte[] key, Entry entry) {
    // The key in the middle of other bytes; the value from the heap or from the arena.
    int offset = random.nextInt(3);
    byte[] padded = new byte[offset + key.length + 2];
    System.arraycopy(key, 0, padded, offset, key.length);
    if (random.nextBoolean()) {
      return builder.add(
          padded, offset, key.length, entry.value, entry.flags, entry.timestamp, entry.expireTs);
    }
    long valueAt = arena.bytes() - 4096 + random.nextInt(7);
    arena.put(valueAt, entry.value, 0, entry.value.length);
    return builder.add(
        padded,
        offset,
        key.length,
        valueAt,
        entry.value.length,
        entry.flags,
        entry.timestamp,
        entry.expireTs);
  }

  private static Entry entry(Random random) {
    byte[] value = new byte[random.nextInt(3) == 0 ? 0 : random.nextInt(30)];
    if (random.nextInt(200) == 0) {
      value = new byte[random.nextInt(3000)];
    }
    random.nextBytes(value);
    long timestamp =
        switch (random.nextInt(6)) {
          case 0 -> 0;
          case 1 -> Long.MAX_VALUE;
          case 2 -> random.nextLong() >>> 1;
          default -> 1_769_408_174_056L + random.nextInt(2000) - 1000;
        };
    long expireTs =
        switch (random.nextInt(4)) {
          case 0 -> 1;
          case 1 -> random.nextLong() >>> 1 | 1;
          default -> 0;
        };
    int flags =
        new int[] {0, LeafPage.COMPRESSED_DICTIONARY, LeafPage.COMPRESSED_ALONE}[random.nextInt(3)];
    if (value.length > 0 && value.length % 4 == 0) {
      flags |= LeafPage.OVERFLOW;
    }
    return new Entry(value, flags | (expireTs == 0 ? 0 : LeafPage.EXPIRE), timestamp, expireTs);
  }

  private void junk(Random random, long at, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    long from = Math.max(0, at);
    arena.put(from, bytes, 0, length);
  }

  private byte[] outside(long at, int pageBytes) {
    byte[] bytes = new byte[16];
    int before = (int) Math.min(8, at);
    arena.get(at - before, bytes, 0, before);
    arena.get(at + pageBytes, bytes, 8, 8);
    return bytes;
  }

  private void walkForth(TreeMap<byte[], Entry> model, long at, String what) {
    cursor.open(arena, at);
    for (Map.Entry<byte[], Entry> entry : model.entrySet()) {
      assertThat(cursor.next()).as(what).isTrue();
      standsOn(entry, what);
    }
    assertThat(cursor.next()).as(what).isFalse();
    standsOn(model.lastEntry(), what);
    assertThat(cursor.first()).as(what).isTrue();
    standsOn(model.firstEntry(), what);
    assertThat(cursor.isRestart()).as(what).isTrue();
    assertThat(cursor.previous()).as(what).isFalse();
    standsOn(model.firstEntry(), what);
  }

  private void walkBack(TreeMap<byte[], Entry> model, long at, String what) {
    cursor.open(arena, at);
    assertThat(cursor.previous()).as(what).isFalse();
    assertThat(cursor.last()).as(what).isTrue();
    standsOn(model.lastEntry(), what);
    for (Map.Entry<byte[], Entry> entry :
        model.descendingMap().tailMap(model.lastKey(), false).entrySet()) {
      assertThat(cursor.previous()).as(what).isTrue();
      standsOn(entry, what);
    }
    assertThat(cursor.previous()).as(what).isFalse();
  }

  private void standsOn(Map.Entry<byte[], Entry> expected, String what) {
    assertThat(Arrays.copyOf(cursor.key(), cursor.keyLength()))
        .as(what)
        .isEqualTo(expected.getKey());
    Entry entry = expected.getValue();
    assertThat(cursor.flags()).as(what).isEqualTo(entry.flags);
    assertThat(cursor.timestamp()).as(what).isEqualTo(entry.timestamp);
    assertThat(cursor.expireTs()).as(what).isEqualTo(entry.expireTs);
    assertThat(bytes(cursor.valueAt(), cursor.valueLength())).as(what).isEqualTo(entry.value);
  }

  private byte[] bytes(long at, int length) {
    byte[] bytes = new byte[length];
    arena.get(at, bytes, 0, length);
    return bytes;
  }

  private void search(
      TreeMap<byte[], Entry> model, long at, int pageBytes, byte[] key, String what) {
    byte[] padded = new byte[key.length + 5];
    System.arraycopy(key, 0, padded, 2, key.length);
    Entry expected = model.get(key);
    boolean found = LeafPage.find(arena, at, pageBytes, padded, 2, key.length, hit);
    assertThat(found).as(what).isEqualTo(expected != null);
    if (found) {
      assertThat(hit.flags()).as(what).isEqualTo(expected.flags);
      assertThat(hit.timestamp()).as(what).isEqualTo(expected.timestamp);
      assertThat(hit.expireTs()).as(what).isEqualTo(expected.expireTs);
      assertThat(bytes(hit.valueAt(), hit.valueLength())).as(what).isEqualTo(expected.value);
    }
    cursor.open(arena, at);
    Map.Entry<byte[], Entry> ceiling = model.ceilingEntry(key);
    assertThat(cursor.seek(padded, 2, key.length)).as(what).isEqualTo(ceiling != null);
    standsOn(ceiling == null ? model.lastEntry() : ceiling, what);
    assertThat(cursor.exact()).as(what).isEqualTo(expected != null);
    seekFloor(model.floorEntry(key), padded, key.length, true, what);
    seekFloor(model.lowerEntry(key), padded, key.length, false, what);
    // On from the floor, and from there back again.
    Map.Entry<byte[], Entry> lower = model.lowerEntry(key);
    if (lower != null) {
      Map.Entry<byte[], Entry> next = model.higherEntry(lower.getKey());
      assertThat(cursor.next()).as(what).isEqualTo(next != null);
      if (next != null) {
        standsOn(next, what);
        assertThat(cursor.previous()).as(what).isTrue();
      }
      standsOn(lower, what);
    }
  }

  private void seekFloor(
      Map.Entry<byte[], Entry> expected,
      byte[] padded,
      int keyLength,
      boolean inclusive,
      String what) {
    assertThat(cursor.seekFloor(padded, 2, keyLength, inclusive))
        .as(what)
        .isEqualTo(expected != null);
    if (expected != null) {
      standsOn(expected, what);
    }
  }

  /** All hits and all misses, close together. */
  @Test
  void everyKeyOfASmallUniverse() {
    for (int seed = 0; seed < 150; seed++) {
      Random random = new Random(seed);
      TreeMap<byte[], Entry> model = new TreeMap<>(Arrays::compareUnsigned);
      int oneIn = 1 + random.nextInt(8);
      for (byte[] key : PageKeys.universe()) {
        if (random.nextInt(oneIn) == 0) {
          model.put(key, new Entry(key, 0, random.nextInt(9), 0));
        }
      }
      builder.open(arena, 0, 4096, 1 + random.nextInt(40));
      model.forEach((key, entry) -> assertThat(add(random, key, entry)).isTrue());
      if (!model.isEmpty()) {
        builder.finish(1, 2);
        for (byte[] key : PageKeys.universe()) {
          search(model, 0, 4096, key, "seed " + seed + ", key " + Arrays.toString(key));
        }
      }
    }
  }

  /** An entry of the largest size fits an empty page, one byte more fits none. */
  @Test
  void largestEntryFitsAndOneByteMoreDoesNot() {
    for (int pageBytes : new int[] {4096, 8192, 16384, 61440}) {
      for (int keyLength : new int[] {1, 127, 128, 2048}) {
        for (long expireTs : new long[] {0, 1, Long.MAX_VALUE}) {
          for (long timestamp : new long[] {0, 63, 64, Long.MAX_VALUE, -1}) {
            bothSides(pageBytes, keyLength, timestamp, expireTs);
          }
        }
      }
    }
  }

  private void bothSides(int pageBytes, int keyLength, long timestamp, long expireTs) {
    int valueLength = pageBytes;
    while (!LeafBuilder.fitsAlone(pageBytes, keyLength, valueLength, timestamp, expireTs)) {
      valueLength--;
    }
    byte[] key = new byte[keyLength];
    builder.open(arena, 0, pageBytes, 16);
    byte[] tooLong = new byte[valueLength + 1];
    assertThat(builder.add(key, 0, keyLength, tooLong, 0, timestamp, expireTs)).isFalse();
    assertThat(builder.isEmpty()).isTrue();
    byte[] value = new byte[valueLength];
    Arrays.fill(value, (byte) 5);
    assertThat(builder.add(key, 0, keyLength, value, 0, timestamp, expireTs)).isTrue();
    int used = builder.bytesUsed();
    // A longer value may take one more byte for its length as well.
    assertThat(used).isBetween(pageBytes - 1, pageBytes);
    builder.finish(-1, -1);
    assertThat(PageHeader.check(arena, 0, pageBytes)).isNull();
    assertThat(LeafPage.find(arena, 0, pageBytes, key, 0, keyLength, hit)).isTrue();
    assertThat(bytes(hit.valueAt(), hit.valueLength())).isEqualTo(value);
    assertThat(hit.timestamp()).isEqualTo(timestamp < 0 ? Long.MAX_VALUE : timestamp);
    assertThat(hit.expireTs()).isEqualTo(expireTs);
  }

  @Test
  void largestEntryOfAnOrdinaryPageIs4073Bytes() {
    // 1 + 1 + 3 bytes of lengths, a key of 1, timestamp 0 in 1 byte: 4066 bytes of value.
    assertThat(LeafBuilder.fitsAlone(4096, 1, 4066, 0, 0)).isTrue();
    assertThat(LeafBuilder.fitsAlone(4096, 1, 4067, 0, 0)).isFalse();
    assertThat(LeafBuilder.fitsAlone(4096, 1, 1L << 40, 0, 0)).isFalse();
  }

  @Test
  void entryThatWouldOpenARestartNeedsTwoBytesMore() {
    byte[] key = {1};
    // Header, first entry, one restart and the count, bytes of the second entry but its value.
    for (int restartBytes : new int[] {0, 2}) {
      int interval = restartBytes == 0 ? 2 : 1;
      int rest = 4096 - 19 - (1 + 1 + 3 + 1 + 4000 + 1) - 4 - restartBytes - (1 + 1 + 2 + 1 + 1);
      builder.open(arena, 0, 4096, interval);
      assertThat(builder.add(key, 0, 1, new byte[4000], 0, 0, 0)).isTrue();
      int used = builder.bytesUsed();
      byte[] second = {2};
      assertThat(builder.add(second, 0, 1, new byte[rest + 1], 0, 0, 0)).isFalse();
      assertThat(builder.bytesUsed()).isEqualTo(used);
      assertThat(builder.add(second, 0, 1, new byte[rest], 0, 0, 0)).isTrue();
      assertThat(builder.bytesUsed()).isEqualTo(4096);
      builder.finish(-1, -1);
      assertThat(PageHeader.check(arena, 0, 4096)).isNull();
    }
  }
}
