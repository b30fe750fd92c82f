/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.PageHeader;
import io.eloqstore.page.SegmentChange;
import io.eloqstore.pagestore.PageSink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The worked example of docs/format/segments.md, written by the writer. */
class SegmentDocumentTest {
  private static final int PAGE_BYTES = 4096;

  /** Keeps what is appended, without the zeros behind the content. */
  private static final class Pages implements PageSink {
    private final MemoryBudget budget;
    private final List<String> contents = new ArrayList<>();

    Pages(MemoryBudget budget) {
      this.budget = budget;
    }

    @Override
    public long append(long at, int mark) {
      PageHeader.seal(budget.arena(), at, PAGE_BYTES);
      byte[] content = new byte[PageHeader.contentLength(budget.arena(), at)];
      budget.arena().get(at, content, 0, content.length);
      contents.add(HexFormat.of().formatHex(content));
      return contents.size() - 1;
    }

    @Override
    public boolean isPending(long filePage) {
      return false;
    }

    @Override
    public void flush() {}
  }

  @Test
  void workedExampleIsWhatTheWriterWrites() throws IOException {
    MemoryBudget budget = new MemoryBudget(1 << 20);
    Pages pages = new Pages(budget);
    long value = budget.allocate(PAGE_BYTES, MemoryUse.IO);
    budget.arena().put(value, "red".getBytes(StandardCharsets.UTF_8), 0, 3);
    try (SegmentWriter writer = new SegmentWriter(pages, budget, PAGE_BYTES, 16, 16, 8)) {
      add(writer, "apple", SegmentChange.NO_TIMESTAMP, value, 3, 0, 0);
      add(writer, "apricot", SegmentChange.DELETE | SegmentChange.NO_TIMESTAMP, value, 0, 0, 0);
      add(writer, "cherry", 0, value, 3, 5, 1000);
      assertThat(writer.finish()).isEqualTo(2);
      assertThat(writer.leaves()).isEqualTo(1);
      assertThat(writer.entries()).isEqualTo(3);
    }
    budget.free(value, PAGE_BYTES, MemoryUse.IO);
    budget.close();
    assertThat(pages.contents).isEqualTo(documented());
  }

  private static void add(
      SegmentWriter writer,
      String key,
      int change,
      long valueAt,
      int valueLength,
      long timestamp,
      long expireTs) {
    byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
    boolean added =
        writer.add(bytes, bytes.length, change, 0, valueAt, valueLength, 0, timestamp, expireTs);
    assertThat(added).isTrue();
  }

  /** Lines of the form {@code page N: hex ...}, text behind a # left out. */
  private static List<String> documented() throws IOException {
    Path document = Path.of("..", "docs", "format", "segments.md");
    List<String> pages = new ArrayList<>();
    Pattern line = Pattern.compile("^ {4}(?:page \\d+:)?((?: +[0-9a-f]{2})+)(?: *#.*)?$");
    for (String text : Files.readAllLines(document)) {
      Matcher matcher = line.matcher(text);
      if (matcher.matches()) {
        String hex = matcher.group(1).replace(" ", "");
        if (text.trim().startsWith("page ")) {
          pages.add(hex);
        } else {
          pages.set(pages.size() - 1, pages.get(pages.size() - 1) + hex);
        }
      }
    }
    return pages;
  }
}
