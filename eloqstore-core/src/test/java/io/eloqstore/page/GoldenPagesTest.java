/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.memory.Arena;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Aim: our pages are those of the C++ engine. Method: take apart every sound page in the data files
 * of the golden sets, build it again, and compare the content byte for byte.
 */
class GoldenPagesTest {
  private static final int PAGE_BYTES_MAX = 16384;

  private final Arena arena = Arena.allocate(2 * PAGE_BYTES_MAX);
  private final LeafBuilder leafBuilder = new LeafBuilder();
  private final IndexBuilder indexBuilder = new IndexBuilder();
  private final LeafCursor leaf = new LeafCursor();
  private final IndexCursor index = new IndexCursor();
  private final LeafEntry hit = new LeafEntry();
  private final int[] pages = new int[PageType.OVERFLOW + 1];
  private final int[] redistributed = new int[PageType.OVERFLOW + 1];
  private int overflowPointers;
  private int expiries;
  private int compressed;

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void everyPageIsBuiltAgainByteForByte() throws IOException {
    for (Path set : sets()) {
      String readme = Files.readString(set.resolve("README.txt"));
      int pageBytes = option(readme, "data_page_size", 4096);
      int leafInterval = option(readme, "data_page_restart_interval", 16);
      int indexInterval = option(readme, "index_page_restart_interval", 16);
      for (Path file : dataFiles(set)) {
        byte[] bytes = Files.readAllBytes(file);
        for (int at = 0; at + pageBytes <= bytes.length; at += pageBytes) {
          arena.put(0, bytes, at, pageBytes);
          if (PageHeader.verify(arena, 0, pageBytes)) {
            String what = set.getFileName() + "/" + file.getFileName() + " at " + at;
            page(pageBytes, leafInterval, indexInterval, what);
          }
        }
      }
    }
    // No set is so large that it has an index page over index pages.
    assertThat(pages[PageType.LEAF_INDEX]).as("index pages over leaves").isGreaterThan(10);
    assertThat(pages[PageType.LEAF]).as("leaves").isGreaterThan(100);
    assertThat(pages[PageType.OVERFLOW]).as("overflow pages").isGreaterThan(100);
    assertThat(overflowPointers).as("pointers to further groups").isPositive();
    assertThat(expiries).as("entries with an expiry").isPositive();
    assertThat(compressed).as("compressed entries").isPositive();
    // Some pages are the outcome of a redistribution; the others follow the interval.
    assertThat(redistributed[PageType.LEAF]).isBetween(1, pages[PageType.LEAF] / 10);
    assertThat(redistributed[PageType.LEAF_INDEX]).isZero();
  }

  private void page(int pageBytes, int leafInterval, int indexInterval, String what) {
    assertThat(PageHeader.check(arena, 0, pageBytes)).as(what).isNull();
    int type = PageHeader.type(arena, 0);
    pages[type]++;
    switch (type) {
      case PageType.LEAF -> leaf(pageBytes, leafInterval, what);
      case PageType.OVERFLOW -> overflow(pageBytes, what);
      default -> index(type, pageBytes, indexInterval, what);
    }
  }

  private void leaf(int pageBytes, int interval, String what) {
    buildLeaf(pageBytes, interval, false, what);
    if (!contentIsEqual()) {
      redistributed[PageType.LEAF]++;
      buildLeaf(pageBytes, interval, true, what);
      compareContent(what);
    }
    leaf.open(arena, 0);
    while (leaf.next()) {
      expiries += leaf.expireTs() == 0 ? 0 : 1;
      compressed +=
          (leaf.flags() & (LeafPage.COMPRESSED_DICTIONARY | LeafPage.COMPRESSED_ALONE)) == 0
              ? 0
              : 1;
      byte[] key = leaf.key();
      assertThat(LeafPage.find(arena, 0, pageBytes, key, 0, leaf.keyLength(), hit))
          .as(what)
          .isTrue();
      assertThat(hit.valueAt()).as(what).isEqualTo(leaf.valueAt());
      assertThat(hit.timestamp()).as(what).isEqualTo(leaf.timestamp());
    }
  }

  private void buildLeaf(int pageBytes, int interval, boolean sameRestarts, String what) {
    leafBuilder.open(arena, PAGE_BYTES_MAX, pageBytes, interval);
    leaf.open(arena, 0);
    while (leaf.next()) {
      if (sameRestarts && leaf.isRestart()) {
        leafBuilder.startRestart();
      }
      boolean added =
          leafBuilder.add(
              leaf.key(),
              0,
              leaf.keyLength(),
              leaf.valueAt(),
              leaf.valueLength(),
              leaf.flags(),
              leaf.timestamp(),
              leaf.expireTs());
      if (!added && !sameRestarts) {
        break;
      }
      assertThat(added).as(what).isTrue();
    }
    leafBuilder.finish(LeafPage.previous(arena, 0), LeafPage.next(arena, 0));
  }

  private void index(int type, int pageBytes, int interval, String what) {
    buildIndex(type, pageBytes, interval, false, what);
    if (!contentIsEqual()) {
      redistributed[type]++;
      buildIndex(type, pageBytes, interval, true, what);
      compareContent(what);
    }
    index.open(arena, 0);
    while (index.next()) {
      assertThat(IndexPage.childFor(arena, 0, index.key(), 0, index.keyLength()))
          .as(what)
          .isEqualTo(index.child());
    }
  }

  private void buildIndex(
      int type, int pageBytes, int interval, boolean sameRestarts, String what) {
    indexBuilder.open(arena, PAGE_BYTES_MAX, pageBytes, type, interval);
    index.open(arena, 0);
    index.first();
    indexBuilder.setLeftmost(index.child());
    while (index.next()) {
      if (sameRestarts && index.isRestart()) {
        indexBuilder.startRestart();
      }
      boolean added = indexBuilder.add(index.key(), 0, index.keyLength(), index.child());
      if (!added && !sameRestarts) {
        break;
      }
      assertThat(added).as(what).isTrue();
    }
    indexBuilder.finish();
  }

  private void overflow(int pageBytes, String what) {
    int length = OverflowPage.valueLength(arena, 0);
    assertThat(length).as(what).isPositive();
    byte[] value = PageBytes.get(arena, OverflowPage.valueAt(0), length);
    int[] pointers = new int[OverflowPage.pointerCount(arena, 0, pageBytes)];
    for (int i = 0; i < pointers.length; i++) {
      pointers[i] = OverflowPage.pointer(arena, 0, pageBytes, i);
      overflowPointers++;
    }
    long copy = PAGE_BYTES_MAX;
    OverflowPage.write(arena, copy, pageBytes, value, 0, length, pointers, 0, pointers.length);
    // The C++ engine leaves what the buffer held between value and pointers.
    assertThat(PageBytes.get(arena, copy + 8, 3 + length))
        .as(what)
        .isEqualTo(PageBytes.get(arena, 8, 3 + length));
    int tail = 1 + 4 * pointers.length;
    assertThat(PageBytes.get(arena, copy + pageBytes - tail, tail))
        .as(what)
        .isEqualTo(PageBytes.get(arena, pageBytes - tail, tail));
  }

  private boolean contentIsEqual() {
    int length = PageHeader.contentLength(arena, 0);
    return Arrays.equals(
        PageBytes.get(arena, 8, length - 8), PageBytes.get(arena, PAGE_BYTES_MAX + 8, length - 8));
  }

  private void compareContent(String what) {
    int length = PageHeader.contentLength(arena, 0);
    assertThat(PageBytes.hex(arena, PAGE_BYTES_MAX + 8, length - 8))
        .as(what)
        .isEqualTo(PageBytes.hex(arena, 8, length - 8));
  }

  private static List<Path> sets() throws IOException {
    try {
      URI root = Objects.requireNonNull(GoldenPagesTest.class.getResource("/golden")).toURI();
      try (Stream<Path> files = Files.list(Path.of(root))) {
        return files.filter(Files::isDirectory).sorted().collect(Collectors.toList());
      }
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Path> dataFiles(Path set) throws IOException {
    try (Stream<Path> files = Files.walk(set.resolve("data"))) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("data_"))
          .sorted()
          .collect(Collectors.toList());
    }
  }

  private static int option(String readme, String name, int otherwise) {
    Matcher matcher = Pattern.compile(name + "=(\\d+)").matcher(readme);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : otherwise;
  }
}
