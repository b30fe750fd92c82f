/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.eloqstore.memory.Arena;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Aim: searches allocate nothing. Method: the JVM's own count of this thread's bytes. */
class SearchAllocationTest {
  private static final int PAGE_BYTES = 4096;
  private static final int SEARCHES = 100_000;

  // What the JVM may allocate in the measured thread by itself, bytes.
  private static final long NOISE = 4096;

  private final Arena arena = Arena.allocate(2 * PAGE_BYTES);
  private final byte[][] keys = new byte[200][];
  private final LeafEntry hit = new LeafEntry();
  private final LeafCursor leaf = new LeafCursor();
  private final IndexCursor index = new IndexCursor();
  private int entries;
  private int children;

  @BeforeEach
  void build() {
    LeafBuilder leafBuilder = new LeafBuilder();
    IndexBuilder indexBuilder = new IndexBuilder();
    leafBuilder.open(arena, 0, PAGE_BYTES, 16);
    indexBuilder.open(arena, PAGE_BYTES, PAGE_BYTES, PageType.LEAF_INDEX, 16);
    indexBuilder.setLeftmost(0);
    byte[] value = new byte[4];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = "user%08d".formatted(i * 7919L).getBytes(US_ASCII);
      // Every other key is missing.
      if (i % 2 == 0) {
        assertThat(leafBuilder.add(keys[i], 0, keys[i].length, value, 0, 1000 - i, 0)).isTrue();
        assertThat(indexBuilder.add(keys[i], 0, keys[i].length, i)).isTrue();
      }
    }
    entries = leafBuilder.entryCount();
    children = indexBuilder.childCount();
    leafBuilder.finish(LeafPage.NO_PAGE, LeafPage.NO_PAGE);
    indexBuilder.finish();
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void searchesAllocateNothing() {
    measure(() -> searchLeaf());
    measure(() -> searchIndex());
    measure(() -> walk());
  }

  private void measure(Runnable searches) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    searches.run();
    long before = threads.getThreadAllocatedBytes(thread);
    searches.run();
    assertThat(threads.getThreadAllocatedBytes(thread) - before).isLessThan(NOISE);
  }

  private void searchLeaf() {
    int found = 0;
    for (int i = 0; i < SEARCHES; i++) {
      byte[] key = keys[i % keys.length];
      if (LeafPage.find(arena, 0, PAGE_BYTES, key, 0, key.length, hit)) {
        found++;
      }
    }
    assertThat(found).isEqualTo(SEARCHES / 2);
  }

  private void searchIndex() {
    long sum = 0;
    for (int i = 0; i < SEARCHES; i++) {
      byte[] key = keys[i % keys.length];
      sum += IndexPage.childFor(arena, PAGE_BYTES, key, 0, key.length);
    }
    // Keys 2n and 2n + 1 both lead to child 2n.
    assertThat(sum).isEqualTo((long) SEARCHES / keys.length * (2 * 99 * 100));
  }

  private void walk() {
    int steps = 0;
    int rounds = SEARCHES / keys.length;
    for (int i = 0; i < rounds; i++) {
      byte[] key = keys[i % keys.length];
      leaf.open(arena, 0);
      while (leaf.next()) {
        steps++;
      }
      leaf.seek(key, 0, key.length);
      leaf.seekFloor(key, 0, key.length, false);
      index.open(arena, PAGE_BYTES);
      while (index.next()) {
        steps++;
      }
      index.seek(key, 0, key.length);
    }
    assertThat(steps).isEqualTo(rounds * (entries + children));
  }
}
