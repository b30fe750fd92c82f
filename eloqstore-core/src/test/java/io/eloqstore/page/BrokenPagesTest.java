/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.memory.Arena;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * Aim: bytes that are no page harm nobody. Method: random bytes, and sound pages with some bytes
 * changed. Searches, which may meet bytes that are being reused, return something or throw an
 * {@link IndexOutOfBoundsException}. The check of a page never throws, and on what it lets pass all
 * cursors walk.
 */
class BrokenPagesTest {
  private static final int PAGE_BYTES = 4096;
  private static final int ROUNDS = 8_000;
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private final Arena arena = Arena.allocate(2 * PAGE_BYTES);
  private final LeafCursor leaf = new LeafCursor();
  private final IndexCursor index = new IndexCursor();
  private final LeafEntry hit = new LeafEntry();
  private final byte[] page = new byte[PAGE_BYTES];
  private int sound;
  private int refused;
  private int searched;
  private int thrown;

  @AfterEach
  void close() {
    arena.close();
  }

  /** The time limit only turns an endless loop into a failure. */
  @Test
  void randomBytes() {
    Assertions.assertTimeoutPreemptively(LIMIT, () -> rounds(1));
    assertThat(refused).isGreaterThan(ROUNDS / 2);
    assertThat(thrown).isPositive();
    assertThat(searched).isPositive();
  }

  @Test
  void soundPagesWithBytesChanged() {
    Assertions.assertTimeoutPreemptively(LIMIT, () -> rounds(2));
    assertThat(sound).isGreaterThan(ROUNDS / 10);
    assertThat(refused).isGreaterThan(ROUNDS / 10);
    assertThat(thrown).isPositive();
    assertThat(searched).isPositive();
  }

  private void rounds(int kind) {
    for (int round = 0; round < ROUNDS; round++) {
      long seed = kind * 1_000_000L + round;
      try {
        // In the middle of the arena, and at its very end, where reading on is an error.
        long at = (round & 1) == 0 ? 0 : PAGE_BYTES;
        Random random = new Random(seed);
        byte[] key = kind == 1 ? randomPage(random, at) : changedPage(random, at);
        searchBlindly(at, key);
        checkedWalk(at, key);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private byte[] randomPage(Random random, long at) {
    random.nextBytes(page);
    if (random.nextBoolean()) {
      // Small numbers look more like entries.
      for (int i = 0; i < PAGE_BYTES; i++) {
        page[i] &= (byte) random.nextInt(1 << 1 + random.nextInt(5));
      }
    }
    page[8] = (byte) random.nextInt(5);
    if (random.nextInt(3) > 0) {
      page[10] &= 0x0f;
    }
    arena.put(at, page, 0, PAGE_BYTES);
    byte[] key = new byte[random.nextInt(20)];
    random.nextBytes(key);
    return key;
  }

  private byte[] changedPage(Random random, long at) {
    PageKeys keys = new PageKeys(random);
    TreeSet<byte[]> sorted = new TreeSet<>(Arrays::compareUnsigned);
    int count = 1 + random.nextInt(60);
    for (int i = 0; i < count; i++) {
      sorted.add(keys.next());
    }
    if (random.nextBoolean()) {
      buildLeaf(random, at, sorted);
    } else {
      buildIndex(random, at, sorted);
    }
    int content = PageHeader.contentLength(arena, at);
    int changes = random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      int where =
          switch (random.nextInt(4)) {
            case 0 -> 8 + random.nextInt(11);
            case 1 -> content - 1 - random.nextInt(Math.min(12, content));
            default -> random.nextInt(content);
          };
      int value = random.nextBoolean() ? random.nextInt(256) : random.nextInt(20);
      arena.putByte(at + where, (byte) value);
    }
    byte[] key = sorted.first();
    return random.nextBoolean() ? key : keys.near(key);
  }

  private void buildLeaf(Random random, long at, TreeSet<byte[]> keys) {
    LeafBuilder builder = new LeafBuilder();
    builder.open(arena, at, PAGE_BYTES, 1 + random.nextInt(16));
    for (byte[] key : keys) {
      int expireTs = random.nextInt(4) == 0 ? random.nextInt() >>> 1 : 0;
      builder.add(key, 0, key.length, new byte[random.nextInt(9)], 0, random.nextInt(90), expireTs);
    }
    builder.finish(1, 2);
  }

  private void buildIndex(Random random, long at, TreeSet<byte[]> keys) {
    IndexBuilder builder = new IndexBuilder();
    builder.open(arena, at, PAGE_BYTES, random.nextInt(2), 1 + random.nextInt(16));
    builder.setLeftmost(3);
    for (byte[] key : keys) {
      builder.add(key, 0, key.length, random.nextInt(100));
    }
    builder.finish();
  }

  private void searchBlindly(long at, byte[] key) {
    try {
      if (LeafPage.find(arena, at, PAGE_BYTES, key, 0, key.length, hit)) {
        assertThat(hit.valueLength()).isNotNegative();
      }
      searched++;
    } catch (IndexOutOfBoundsException e) {
      thrown++;
    }
    try {
      IndexPage.childFor(arena, at, key, 0, key.length);
      searched++;
    } catch (IndexOutOfBoundsException e) {
      thrown++;
    }
  }

  private void checkedWalk(long at, byte[] key) {
    if (PageHeader.check(arena, at, PAGE_BYTES) != null) {
      refused++;
      return;
    }
    sound++;
    switch (PageHeader.type(arena, at)) {
      case PageType.LEAF -> walkLeaf(at, key);
      case PageType.INDEX, PageType.LEAF_INDEX -> walkIndex(at, key);
      default -> walkOverflow(at);
    }
  }

  private void walkLeaf(long at, byte[] key) {
    leaf.open(arena, at);
    int forth = 0;
    while (leaf.next()) {
      forth++;
      assertThat(leaf.valueAt() + leaf.valueLength()).isLessThan(at + PAGE_BYTES);
    }
    assertThat(leaf.last()).isTrue();
    int back = 1;
    while (leaf.previous()) {
      back++;
    }
    assertThat(back).isEqualTo(forth);
    LeafPage.find(arena, at, PAGE_BYTES, key, 0, key.length, hit);
    leaf.seek(key, 0, key.length);
    leaf.seekFloor(key, 0, key.length, true);
    leaf.seekFloor(key, 0, key.length, false);
  }

  private void walkIndex(long at, byte[] key) {
    index.open(arena, at);
    int forth = 0;
    while (index.next()) {
      forth++;
      assertThat(index.child()).isNotNegative();
    }
    assertThat(index.last()).isTrue();
    int back = 1;
    while (index.previous()) {
      back++;
    }
    assertThat(back).isEqualTo(forth);
    assertThat(IndexPage.childFor(arena, at, key, 0, key.length)).isNotNegative();
    index.seek(key, 0, key.length);
  }

  private void walkOverflow(long at) {
    int count = OverflowPage.pointerCount(arena, at, PAGE_BYTES);
    assertThat(11 + OverflowPage.valueLength(arena, at) + 4 * count + 1)
        .isLessThanOrEqualTo(PAGE_BYTES);
    for (int i = 0; i < count; i++) {
      OverflowPage.pointer(arena, at, PAGE_BYTES, i);
    }
  }

  /** A negative number of key bytes leads from the only entry back to itself. */
  @Test
  void entryThatFollowsItselfEndsTheSearch() {
    byte[] key = {'k'};
    String leaf = "0000000000000000 02 1e00 00000000 00000000 01f8ffffff0f00 1300 0100";
    PageBytes.put(arena, 0, PAGE_BYTES, leaf);
    endless(() -> LeafPage.find(arena, 0, PAGE_BYTES, key, 0, 1, hit));
    String index = "0000000000000000 01 1900 00000000 01f9ffffff0f 0f00 0100";
    PageBytes.put(arena, 0, PAGE_BYTES, index);
    endless(() -> IndexPage.childFor(arena, 0, key, 0, 1));
  }

  private static void endless(Executable search) {
    Executable limited = () -> Assertions.assertTimeoutPreemptively(LIMIT, search);
    Assertions.assertThrows(IndexOutOfBoundsException.class, limited);
  }

  @Test
  void checkNamesWhatIsWrong() {
    String leaf = "0000000000000000 02 %s ffffffff ffffffff %s";
    // One entry: key "k", value "v".
    broken(leaf, "1d00", "000110 6b 76 00 1300 0100", null);
    broken(leaf, "1700", "1300 0100", "only 0 of 1 restart points");
    broken(leaf, "1500", "0000", "only 0 of 0 restart points");
    broken(leaf, "1400", "0000", "content length 20");
    broken(leaf, "0110", "0000", "content length 4097");
    broken(leaf, "1d00", "000110 6b 76 00 1300 ff00", "255 restart points");
    broken(leaf, "1d00", "010110 6b 76 00 1300 0100", "shares 1 and adds 1");
    broken(leaf, "1d00", "000011 6b 76 00 1300 0100", "shares 0 and adds 0");
    broken(leaf, "1d00", "000110 6b 76 00 1400 0100", "first entry is no restart point");
    broken(leaf, "1d00", "000120 6b 76 00 1300 0100", "ends at 26");
    broken(leaf, "1d00", "000111 6b 76 00 1300 0100", "1 bytes of page ids");
    broken(leaf, "1c00", "000101 6b 00 1300 0100", "0 bytes of page ids");
    broken(leaf, "1d00", "00011c 6b 76 00 1300 0100", "compressed in two ways");
    broken(leaf, "1e00", "0001ffffffff1f 1300 0100", "does not fit 5 bytes");
    String index = "0000000000000000 01 %s %s";
    broken(index, "1100", "05000000 0000", null);
    broken(index, "1100", "ffffffff 0000", "leftmost child 4294967295");
    broken(index, "1700", "05000000 0001 62 02 0f00 0100", null);
    broken(index, "1700", "05000000 0001 62 03 0f00 0100", "names child -1");
    broken(index, "1700", "05000000 0001 62 02 1000 0100", "first entry is no restart point");
    broken(index, "1500", "05000000 0001 62 02 0000", "first entry is no restart point");
    broken(index, "1700", "05000000 0000 02 62 0f00 0100", "shares 0 and adds 0");
    broken("0000000000000000 %s %s", "ff", "1100", "page type 255");
    broken("0000000000000000 %s %s", "07", "1100", "page type 7");
    broken("0000000000000000 %s %s", "03", "f50f", "room for 4084");
    broken("0000000000000000 %s %s", "03", "f40f", null);
  }

  private void broken(String form, String first, String second, String problem) {
    PageBytes.put(arena, 0, PAGE_BYTES, form.formatted(first, second));
    String found = PageHeader.check(arena, 0, PAGE_BYTES);
    if (problem == null) {
      assertThat(found).isNull();
    } else {
      assertThat(found).contains(problem);
    }
  }

  @Test
  void anyChangedBitIsNoticedByTheChecksum() {
    LeafBuilder builder = new LeafBuilder();
    builder.open(arena, PAGE_BYTES, PAGE_BYTES, 16);
    builder.add("key".getBytes(US_ASCII), 0, 3, "value".getBytes(US_ASCII), 0, 1, 0);
    builder.finish(LeafPage.NO_PAGE, LeafPage.NO_PAGE);
    PageHeader.seal(arena, PAGE_BYTES, PAGE_BYTES);
    assertThat(PageHeader.verify(arena, PAGE_BYTES, PAGE_BYTES)).isTrue();
    for (int i = 0; i < PAGE_BYTES; i++) {
      byte was = arena.getByte(PAGE_BYTES + i);
      arena.putByte(PAGE_BYTES + i, (byte) (was ^ 1 << i % 8));
      assertThat(PageHeader.verify(arena, PAGE_BYTES, PAGE_BYTES)).as("byte %d", i).isFalse();
      arena.putByte(PAGE_BYTES + i, was);
    }
    assertThat(PageHeader.verify(arena, PAGE_BYTES, PAGE_BYTES)).isTrue();
  }
}
