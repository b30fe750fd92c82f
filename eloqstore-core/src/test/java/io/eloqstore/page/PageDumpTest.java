/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.memory.Arena;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Lists pages of nonsense: whatever the bytes are, it comes to an end and says that it is wrong.
 */
class PageDumpTest {
  private static final int PAGE_BYTES = 4096;

  @Test
  void nonsenseIsListedToItsEnd() {
    long seed = 20_261_128;
    System.out.println("PageDumpTest: seed " + seed);
    Random random = new Random(seed);
    byte[] bytes = new byte[PAGE_BYTES];
    try (Arena arena = Arena.allocate(2L * PAGE_BYTES)) {
      for (int run = 0; run < 4000; run++) {
        random.nextBytes(bytes);
        if (run % 2 == 0) {
          // Small numbers lead further into the page.
          for (int i = 0; i < PAGE_BYTES; i++) {
            bytes[i] &= 0x1f;
          }
        }
        bytes[PageHeader.TYPE] = (byte) (run % 9);
        arena.put(0, bytes, 0, PAGE_BYTES);
        if (run % 3 == 0) {
          PageHeader.seal(arena, 0, PAGE_BYTES);
        }
        StringWriter text = new StringWriter();
        boolean sound = new PageDump(new PrintWriter(text), arena, 0, PAGE_BYTES).print();
        boolean isRight =
            PageHeader.verify(arena, 0, PAGE_BYTES)
                && PageHeader.check(arena, 0, PAGE_BYTES) == null;
        assertThat(sound).as("run %d", run).isEqualTo(isRight);
        assertThat(text.toString())
            .contains(run % 3 == 0 ? "checksum ok: stored " : "checksum wrong: stored ")
            .contains(
                PageHeader.check(arena, 0, PAGE_BYTES) == null
                    ? "structure ok"
                    : "structure wrong: ");
      }
    }
  }
}
