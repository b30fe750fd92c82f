/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.memory.Arena;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The worked examples of docs/format/pages.md, written and read, byte for byte. */
class WorkedPagesTest {
  private static final int PAGE_BYTES = 4096;

  private static final String LEAF =
      "416d58c588f178ef 02 5100 ffffffff ffffffff"
          + "000630 757365723a32 426f62 d0df908fff66"
          + "050170 33 436861726c6965 02"
          + "050150 34 4461766964 10"
          + "050130 35 457665 00"
          + "050150 36 4672616e6b 00"
          + "1300 0100";
  private static final String LEAF_WITH_ALL =
      "f7bf11a8f0c70f8b 02 4100 04000000 09000000"
          + "000241 6b61 07000000 c801"
          + "010102 62 01 03"
          + "020140 78 72617721 02"
          + "00018401 7a 0000000000000000 00"
          + "1300 2d00 0200";
  private static final String ONE_CHILD = "70998aaade35d98a 01 1100 00000000 0000";
  private static final String INDEX =
      "9caa098681b19310 01 5300 01000000"
          + "000c 706167655f6b65795f303337 04"
          + "0903 313439 02 0903 323631 02 0903 333733 02 0903 343835 02"
          + "030a 696e617465645f313133 02 0a03 323431 02 0a03 333639 02"
          + "0f00 0100";

  private final Arena arena = Arena.allocate(2 * PAGE_BYTES);

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void leaf() {
    PageBytes.put(arena, 0, PAGE_BYTES, LEAF);
    assertThat(PageHeader.verify(arena, 0, PAGE_BYTES)).isTrue();
    assertThat(PageHeader.check(arena, 0, PAGE_BYTES)).isNull();
    assertThat(PageHeader.checksum(arena, 0)).isEqualTo(0xef78f188c5586d41L);
    long first = 1769408174056L;
    List<String> found = new ArrayList<>();
    LeafCursor cursor = new LeafCursor();
    cursor.open(arena, 0);
    while (cursor.next()) {
      byte[] value = PageBytes.get(arena, cursor.valueAt(), cursor.valueLength());
      String key = new String(cursor.key(), 0, cursor.keyLength(), US_ASCII);
      found.add(key + "=" + new String(value, US_ASCII) + "+" + (cursor.timestamp() - first));
    }
    assertThat(found)
        .containsExactly(
            "user:2=Bob+0", "user:3=Charlie+1", "user:4=David+9", "user:5=Eve+9", "user:6=Frank+9");

    LeafBuilder builder = new LeafBuilder();
    builder.open(arena, PAGE_BYTES, PAGE_BYTES, 16);
    add(builder, "user:2", "Bob", first);
    add(builder, "user:3", "Charlie", first + 1);
    add(builder, "user:4", "David", first + 9);
    add(builder, "user:5", "Eve", first + 9);
    add(builder, "user:6", "Frank", first + 9);
    builder.finish(LeafPage.NO_PAGE, LeafPage.NO_PAGE);
    PageHeader.seal(arena, PAGE_BYTES, PAGE_BYTES);
    bothPagesAreEqual();
  }

  private static void add(LeafBuilder builder, String key, String value, long timestamp) {
    byte[] bytes = key.getBytes(US_ASCII);
    assertThat(builder.add(bytes, 0, bytes.length, value.getBytes(US_ASCII), 0, timestamp, 0))
        .isTrue();
  }

  /** Expiry, overflow, a timestamp that goes back, an early restart point, links. */
  @Test
  void leafWithAllKindsOfEntries() {
    LeafBuilder builder = new LeafBuilder();
    builder.open(arena, 0, PAGE_BYTES, 3);
    byte[] key = "kabxz".getBytes(US_ASCII);
    assertThat(builder.add(key, 0, 2, PageBytes.hex("07000000"), LeafPage.OVERFLOW, 100, 0))
        .isTrue();
    // Key "kb": an empty value that expires at 1, written one millisecond before "ka".
    byte[] second = {'k', 'b'};
    assertThat(builder.add(second, 0, 2, new byte[0], 0, 99, 1)).isTrue();
    byte[] third = {'k', 'b', 'x'};
    assertThat(builder.add(third, 0, 3, "raw!".getBytes(US_ASCII), 0, 100, 0)).isTrue();
    assertThat(builder.add(key, 4, 1, new byte[8], LeafPage.COMPRESSED_DICTIONARY, 0, 0)).isTrue();
    builder.finish(4, 9);
    PageHeader.seal(arena, 0, PAGE_BYTES);
    PageBytes.put(arena, PAGE_BYTES, PAGE_BYTES, LEAF_WITH_ALL);
    bothPagesAreEqual();
    assertThat(PageHeader.check(arena, 0, PAGE_BYTES)).isNull();
  }

  @Test
  void indexPageWithOneChild() {
    PageBytes.put(arena, 0, PAGE_BYTES, ONE_CHILD);
    assertThat(PageHeader.verify(arena, 0, PAGE_BYTES)).isTrue();
    assertThat(PageHeader.check(arena, 0, PAGE_BYTES)).isNull();
    assertThat(IndexPage.childFor(arena, 0, new byte[] {1}, 0, 1)).isZero();
    IndexBuilder builder = new IndexBuilder();
    builder.open(arena, PAGE_BYTES, PAGE_BYTES, PageType.LEAF_INDEX, 16);
    builder.setLeftmost(0);
    builder.finish();
    PageHeader.seal(arena, PAGE_BYTES, PAGE_BYTES);
    bothPagesAreEqual();
  }

  @Test
  void indexPage() {
    PageBytes.put(arena, 0, PAGE_BYTES, INDEX);
    assertThat(PageHeader.verify(arena, 0, PAGE_BYTES)).isTrue();
    assertThat(PageHeader.check(arena, 0, PAGE_BYTES)).isNull();
    String[] separators = {
      "page_key_037",
      "page_key_149",
      "page_key_261",
      "page_key_373",
      "page_key_485",
      "paginated_113",
      "paginated_241",
      "paginated_369"
    };
    assertThat(childFor("page_key_036~")).isEqualTo(1);
    IndexBuilder builder = new IndexBuilder();
    builder.open(arena, PAGE_BYTES, PAGE_BYTES, PageType.LEAF_INDEX, 16);
    builder.setLeftmost(1);
    for (int i = 0; i < separators.length; i++) {
      assertThat(childFor(separators[i])).isEqualTo(2 + i);
      assertThat(childFor(separators[i] + "~")).isEqualTo(2 + i);
      byte[] key = separators[i].getBytes(US_ASCII);
      assertThat(builder.add(key, 0, key.length, 2 + i)).isTrue();
    }
    builder.finish();
    PageHeader.seal(arena, PAGE_BYTES, PAGE_BYTES);
    bothPagesAreEqual();
  }

  private int childFor(String key) {
    byte[] bytes = key.getBytes(US_ASCII);
    return IndexPage.childFor(arena, 0, bytes, 0, bytes.length);
  }

  /** A child id below the one before takes the odd code: 5 is "two less". */
  @Test
  void childIdsMayGoBack() {
    IndexBuilder builder = new IndexBuilder();
    builder.open(arena, 0, PAGE_BYTES, PageType.INDEX, 16);
    builder.setLeftmost(9);
    assertThat(builder.add(new byte[] {'b'}, 0, 1, 7)).isTrue();
    assertThat(builder.add(new byte[] {'c'}, 0, 1, 5)).isTrue();
    builder.finish();
    assertThat(PageBytes.get(arena, 8, 23))
        .isEqualTo(PageBytes.hex("00 1b00 09000000 0001 62 0e 0001 63 05 0f00 0100 00000000"));
    assertThat(childFor("c")).isEqualTo(5);
  }

  @Test
  void overflowPage() {
    byte[] value = "xxabcdexx".getBytes(US_ASCII);
    int[] pointers = {8, 0x01020304, 77};
    Arrays.fill(value, 0, 2, (byte) 0xee);
    OverflowPage.write(arena, 0, PAGE_BYTES, value, 2, 5, pointers, 1, 2);
    PageHeader.seal(arena, 0, PAGE_BYTES);
    byte[] expected = Arrays.copyOf(PageBytes.hex("094b339c04e270bc 03 0500 6162636465"), 4096);
    byte[] tail = PageBytes.hex("04030201 4d000000 02");
    System.arraycopy(tail, 0, expected, PAGE_BYTES - tail.length, tail.length);
    assertThat(PageBytes.hex(arena, 0, PAGE_BYTES)).isEqualTo(HexFormat.of().formatHex(expected));
    assertThat(PageHeader.verify(arena, 0, PAGE_BYTES)).isTrue();
    assertThat(PageHeader.check(arena, 0, PAGE_BYTES)).isNull();
    assertThat(OverflowPage.valueLength(arena, 0)).isEqualTo(5);
    assertThat(OverflowPage.valueAt(0)).isEqualTo(11);
    assertThat(OverflowPage.pointerCount(arena, 0, PAGE_BYTES)).isEqualTo(2);
    assertThat(OverflowPage.pointer(arena, 0, PAGE_BYTES, 0)).isEqualTo(0x01020304);
    assertThat(OverflowPage.pointer(arena, 0, PAGE_BYTES, 1)).isEqualTo(77);
  }

  /** 128 pointers, the most there are, beside as many value bytes as fit, and one more. */
  @Test
  void overflowPageIsFullToTheByte() {
    int[] pointers = new int[128];
    Arrays.fill(pointers, 0x7f7f7f7f);
    pointers[127] = 5;
    int room = OverflowPage.endCapacity(PAGE_BYTES, 128);
    assertThat(room).isEqualTo(4096 - 12 - 512);
    byte[] value = new byte[room + 1];
    Arrays.fill(value, (byte) 0x33);
    OverflowPage.write(arena, 0, PAGE_BYTES, value, 0, room, pointers, 0, 128);
    assertThat(PageHeader.check(arena, 0, PAGE_BYTES)).isNull();
    assertThat(PageBytes.get(arena, 11, room)).containsOnly(0x33);
    assertThat(OverflowPage.pointerCount(arena, 0, PAGE_BYTES)).isEqualTo(128);
    assertThat(OverflowPage.pointer(arena, 0, PAGE_BYTES, 0)).isEqualTo(0x7f7f7f7f);
    assertThat(OverflowPage.pointer(arena, 0, PAGE_BYTES, 127)).isEqualTo(5);
    arena.putShort(9, room + 1);
    assertThat(PageHeader.check(arena, 0, PAGE_BYTES)).contains("room for " + room);
  }

  @Test
  void overflowArithmetic() {
    assertThat(OverflowPage.capacity(PAGE_BYTES)).isEqualTo(4084);
    assertThat(OverflowPage.endCapacity(PAGE_BYTES, 16)).isEqualTo(4020);
    assertThat(chain(10_000)).containsExactly(4084, 4084, 1832);
    assertThat(chain(1)).containsExactly(1);
    assertThat(chain(4084)).containsExactly(4084);
    assertThat(chain(4085)).containsExactly(4084, 1);
    // 16 full pages need no end page; one byte more makes the 16th an end page.
    assertThat(chain(65_344)).hasSize(16).containsOnly(4084);
    assertThat(chain(65_345)).hasSize(17).endsWith(4084, 4020, 65);
    assertThat(chain(70_000)).hasSize(18).endsWith(4084, 4020, 4084, 636);
  }

  /** Value bytes of each page of a chain, by the rule of the format document. */
  private static List<Integer> chain(long valueBytes) {
    List<Integer> pages = new ArrayList<>();
    long rest = valueBytes;
    while (rest > 0) {
      int group = OverflowPage.groupPages(PAGE_BYTES, 16, rest);
      for (int i = 0; i < group; i++) {
        boolean end = i == 15 && rest > OverflowPage.capacity(PAGE_BYTES);
        int room =
            end ? OverflowPage.endCapacity(PAGE_BYTES, 16) : OverflowPage.capacity(PAGE_BYTES);
        pages.add((int) Math.min(rest, room));
        rest -= pages.get(pages.size() - 1);
      }
    }
    return pages;
  }

  @Test
  void separatorIsTheShortestPrefixAboveTheKeyBefore() {
    assertThat(separator("abc", "abd")).isEqualTo(3);
    assertThat(separator("abc", "b")).isEqualTo(1);
    assertThat(separator("ab", "abcde")).isEqualTo(3);
    assertThat(separator("a\0", "a\1\2")).isEqualTo(2);
    assertThatThrownBy(() -> separator("abc", "abc")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> separator("abc", "ab")).isInstanceOf(IllegalArgumentException.class);
  }

  private static int separator(String previous, String next) {
    // Only the given lengths count, not what is behind.
    byte[] left = (previous + "zz").getBytes(US_ASCII);
    byte[] right = (next + "zz").getBytes(US_ASCII);
    return Separators.length(left, previous.length(), right, next.length());
  }

  /** The hex of the document, without the words beside it, is that of this test. */
  @Test
  void documentShowsTheseBytes() throws IOException {
    Pattern bytes = Pattern.compile("((?:[0-9a-f]{2} +)*[0-9a-f]{2})(?: {4,}.*)?");
    StringBuilder shown = new StringBuilder();
    for (String line : Files.readAllLines(Path.of("..", "docs", "format", "pages.md"))) {
      Matcher matcher = bytes.matcher(line);
      shown.append(matcher.matches() ? matcher.group(1).replace(" ", "") : "\n");
    }
    for (String page : List.of(LEAF, LEAF_WITH_ALL, ONE_CHILD, INDEX)) {
      assertThat(shown.toString()).contains("\n" + page.replace(" ", "") + "\n");
    }
  }

  private void bothPagesAreEqual() {
    assertThat(PageBytes.hex(arena, 0, PAGE_BYTES))
        .isEqualTo(PageBytes.hex(arena, PAGE_BYTES, PAGE_BYTES));
  }
}
