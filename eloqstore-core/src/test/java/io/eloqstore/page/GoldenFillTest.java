/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.memory.Arena;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Aim: a page ends where the C++ engine ends it, and its separator is the same. Method: fill leaves
 * with the rows of a golden set that was written as one batch, as many as fit, put the index page
 * on top, and compare with the pages in the data file byte for byte.
 */
class GoldenFillTest {
  private static final String SET = "/golden/nonappend_10k/";
  private static final int PAGE_BYTES = 4096;
  private static final int INTERVAL = 16;

  private final Arena arena = Arena.allocate(2 * PAGE_BYTES);
  private final LeafBuilder builder = new LeafBuilder();

  private record Row(byte[] key, byte[] value, long timestamp, long expireTs) {}

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void oneBatchFillsTheSamePages() throws IOException {
    List<Row> rows = rows();
    List<byte[]> leaves = pages(PageType.LEAF);
    List<byte[]> indexes = pages(PageType.LEAF_INDEX);
    assertThat(rows).hasSize(10_000);
    assertThat(leaves).hasSizeGreaterThan(20);
    assertThat(indexes).hasSize(1);

    List<byte[]> separators = new ArrayList<>();
    int[] ids = logicalIds(leaves);
    int next = 0;
    for (int i = 0; i < leaves.size(); i++) {
      boolean last = i == leaves.size() - 1;
      Row first = rows.get(next);
      if (i > 0) {
        Row before = rows.get(next - 1);
        int length =
            Separators.length(before.key(), before.key().length, first.key(), first.key().length);
        separators.add(Arrays.copyOf(first.key(), length));
      }
      builder.open(arena, 0, PAGE_BYTES, INTERVAL);
      while (next < rows.size() && add(rows.get(next))) {
        next++;
      }
      builder.finish(i == 0 ? -1 : ids[i - 1], last ? -1 : ids[i + 1]);
      compare(leaves.get(i), "leaf " + i + " of " + leaves.size());
    }
    assertThat(next).isEqualTo(rows.size());

    IndexBuilder index = new IndexBuilder();
    index.open(arena, 0, PAGE_BYTES, PageType.LEAF_INDEX, INTERVAL);
    index.setLeftmost(ids[0]);
    for (int i = 0; i < separators.size(); i++) {
      byte[] separator = separators.get(i);
      assertThat(index.add(separator, 0, separator.length, ids[i + 1])).isTrue();
    }
    index.finish();
    compare(indexes.get(0), "the index page");
  }

  private boolean add(Row row) {
    byte[] key = row.key();
    return builder.add(key, 0, key.length, row.value(), 0, row.timestamp(), row.expireTs());
  }

  private void compare(byte[] expected, String what) {
    PageHeader.seal(arena, 0, PAGE_BYTES);
    byte[] built = new byte[PAGE_BYTES];
    arena.get(0, built, 0, PAGE_BYTES);
    assertThat(HexFormat.of().formatHex(built))
        .as(what)
        .isEqualTo(HexFormat.of().formatHex(expected));
  }

  /** The id of a leaf stands in the leaf beside it. */
  private int[] logicalIds(List<byte[]> leaves) {
    int[] ids = new int[leaves.size()];
    for (int i = 0; i < ids.length; i++) {
      byte[] beside = leaves.get(i == 0 ? 1 : i - 1);
      arena.put(0, beside, 0, PAGE_BYTES);
      ids[i] = i == 0 ? LeafPage.previous(arena, 0) : LeafPage.next(arena, 0);
    }
    return ids;
  }

  /** The sound pages of a type in key order. */
  private List<byte[]> pages(int type) throws IOException {
    byte[] file = resource("data/t1.0/data_0_0");
    List<byte[]> found = new ArrayList<>();
    for (int at = 0; at + PAGE_BYTES <= file.length; at += PAGE_BYTES) {
      arena.put(0, file, at, PAGE_BYTES);
      if (PageHeader.verify(arena, 0, PAGE_BYTES) && PageHeader.type(arena, 0) == type) {
        found.add(Arrays.copyOfRange(file, at, at + PAGE_BYTES));
      }
    }
    found.sort((left, right) -> Arrays.compareUnsigned(firstKey(left), firstKey(right)));
    return found;
  }

  private byte[] firstKey(byte[] page) {
    LeafCursor cursor = new LeafCursor();
    arena.put(0, page, 0, PAGE_BYTES);
    if (PageHeader.type(arena, 0) != PageType.LEAF) {
      return new byte[0];
    }
    cursor.open(arena, 0);
    assertThat(cursor.first()).isTrue();
    return Arrays.copyOf(cursor.key(), cursor.keyLength());
  }

  private static List<Row> rows() throws IOException {
    List<Row> rows = new ArrayList<>();
    HexFormat hex = HexFormat.of();
    for (String line :
        new String(resource("expected.tsv"), StandardCharsets.US_ASCII).split("\n")) {
      String[] field = line.split("\t");
      rows.add(
          new Row(
              hex.parseHex(field[0]),
              hex.parseHex(field[1]),
              Long.parseLong(field[2]),
              Long.parseLong(field[3])));
    }
    return rows;
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream = GoldenFillTest.class.getResourceAsStream(SET + name)) {
      assertThat(stream).as(name).isNotNull();
      return stream.readAllBytes();
    }
  }
}
