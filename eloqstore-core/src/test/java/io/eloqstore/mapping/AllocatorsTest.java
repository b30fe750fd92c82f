/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryBudget;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Page ids, file ids and file pages are handed out once, in the order the format names. */
class AllocatorsTest {

  @Test
  void unmappedIdsOfAMappingAreFreeAndTheHighestComesFirst() {
    try (MemoryBudget budget = new MemoryBudget(1 << 20)) {
      MappingSnapshot empty = MappingSnapshot.empty(budget, 4);
      MappingBuilder builder = new MappingBuilder(empty);
      builder.map(0, 5);
      builder.map(70, 6);
      builder.ensurePageCount(73);
      MappingSnapshot mapping = builder.build();
      PageIds ids = PageIds.of(mapping);
      assertThat(ids.freeCount()).isEqualTo(71);
      assertThat(ids.isFree(70)).isFalse();
      assertThat(ids.isFree(72)).isTrue();
      assertThat(ids.isFree(73)).isFalse();
      assertThat(new int[] {ids.allocate(), ids.allocate(), ids.allocate()})
          .containsExactly(72, 71, 69);
      assertThat(ids.allocateRun(10)).isEqualTo(73);
      ids.free(80);
      assertThat(ids.allocate()).isEqualTo(80);
      assertThat(ids.end()).isEqualTo(83);
      mapping.release();
      empty.release();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void randomTakingAndGivingBackAgreesWithASet(long seed) {
    Random random = new Random(seed);
    PageIds ids = new PageIds(0);
    TreeSet<Integer> free = new TreeSet<>();
    TreeSet<Integer> used = new TreeSet<>();
    for (int i = 0; i < 20_000; i++) {
      if (random.nextInt(3) == 0 && !used.isEmpty()) {
        Integer found = used.ceiling(random.nextInt(used.last() + 1));
        used.remove(found);
        free.add(found);
        ids.free(found);
      } else {
        int expected = free.isEmpty() ? used.size() : free.pollLast();
        assertThat(ids.allocate()).as("seed %d", seed).isEqualTo(expected);
        used.add(expected);
      }
      assertThat(ids.freeCount()).as("seed %d", seed).isEqualTo(free.size());
    }
  }

  @Test
  void idsAreGivenBackOnceAndOnlyIfTheyWereTaken() {
    PageIds ids = new PageIds(2);
    ids.free(1);
    assertThatThrownBy(() -> ids.free(1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ids.free(2)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ids.free(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void lastIdIsGivenOutAndNotOneMore() {
    PageIds ids = new PageIds(MappingSnapshot.PAGES_MAX - 1);
    assertThat(ids.allocate()).isEqualTo(MappingSnapshot.PAGES_MAX - 1);
    assertThatThrownBy(ids::allocate)
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_SPACE));
  }

  /** The C++ engine links its free pages in 32 bits, three of which say what they are. */
  @Test
  void freePageIdsAbove2To29AreKept() {
    int limit = 1 << 29;
    PageIds ids = new PageIds(limit + 70);
    for (int id : new int[] {limit - 1, limit, limit + 1, limit + 65}) {
      ids.free(id);
    }
    assertThat(new int[] {ids.allocate(), ids.allocate(), ids.allocate(), ids.allocate()})
        .containsExactly(limit + 65, limit + 1, limit, limit - 1);
    assertThat(ids.allocate()).isEqualTo(limit + 70);
  }

  @Test
  void twoTailsShareTheFileIdsAndCrossIntoNewFiles() {
    FileIds ids = new FileIds(7, 1);
    AppendAllocator owner = new AppendAllocator(ids);
    AppendAllocator worker = new AppendAllocator(ids);
    assertThat(owner.end()).isZero();
    assertThat(owner.atFileEnd()).isTrue();
    assertThat(new long[] {owner.allocate(), worker.allocate(), owner.allocate()})
        .containsExactly(14, 16, 15);
    assertThat(owner.atFileEnd()).isTrue();
    assertThat(owner.allocate()).isEqualTo(18);
    assertThat(owner.end()).isEqualTo(19);
    owner.endFile();
    assertThat(owner.end()).isEqualTo(19);
    assertThat(owner.allocate()).isEqualTo(20);
    worker.startFile(50);
    assertThat(worker.allocate()).isEqualTo(100);
    assertThat(ids.next()).isEqualTo(11);
  }

  @Test
  void lastFileEndsBelowTheLargestFilePage() {
    FileIds ids = new FileIds((1L << 39) - 2, 1);
    AppendAllocator pages = new AppendAllocator(ids);
    pages.allocate();
    assertThat(pages.allocate()).isLessThanOrEqualTo(MappingSnapshot.FILE_PAGE_MAX);
    assertThatThrownBy(pages::allocate)
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_SPACE));
  }
}
