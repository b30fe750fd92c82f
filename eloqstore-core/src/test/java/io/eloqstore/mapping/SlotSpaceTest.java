/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryBudget;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No slot is handed out that a version of the mapping names or a writer holds, and none is lost.
 */
class SlotSpaceTest {
  private static final int SHIFT = 4;

  private final MemoryBudget budget = new MemoryBudget(16 << 20);

  @AfterEach
  void nothingLeaks() {
    budget.close();
  }

  private SlotSpace empty(long maxFilePage) {
    MappingSnapshot mapping = MappingSnapshot.empty(budget, SHIFT);
    SlotSpace slots = SlotSpace.of(mapping, maxFilePage);
    mapping.release();
    return slots;
  }

  // ---- the search -------------------------------------------------------------------------------

  @Test
  void whatTheMappingDoesNotNameIsFreeAndTheRestIsNot() {
    MappingSnapshot none = MappingSnapshot.empty(budget, SHIFT);
    MappingBuilder builder = new MappingBuilder(none);
    builder.map(0, 3);
    builder.map(7, 1);
    MappingSnapshot mapping = builder.build();
    SlotSpace slots = SlotSpace.of(mapping, 6);
    assertThat(slots.freeCount()).isEqualTo(4);
    Set<Long> taken = new TreeSet<>();
    ReusingAllocator pages = new ReusingAllocator(slots);
    for (int i = 0; i < 6; i++) {
      taken.add(pages.allocate());
    }
    assertThat(taken).containsExactly(0L, 2L, 4L, 5L, 6L, 7L);
    pages.settle();
    assertThat(slots.end()).isEqualTo(8);
    mapping.release();
    assertThat(slots.freeCount()).isEqualTo(8);
    none.release();
  }

  @Test
  void longRunsComeFirstAndThenAnySlotBeforeTheSpaceGrows() {
    SlotSpace slots = empty(0);
    SlotSpace.Run all = slots.lease(16, 1, false);
    assertThat(all).isEqualTo(new SlotSpace.Run(0, 16, true));
    slots.drop(1, 2);
    slots.drop(5, 1);
    slots.drop(8, 6);
    assertThat(slots.lease(64, 5, false)).isEqualTo(new SlotSpace.Run(8, 6, false));
    assertThat(slots.lease(64, 5, false).count()).isBetween(1, 2);
    assertThat(slots.lease(64, 5, false).count()).isBetween(1, 2);
    assertThat(slots.freeCount()).isZero();
    assertThat(slots.lease(64, 5, false)).isEqualTo(new SlotSpace.Run(16, 16, true));
  }

  @Test
  void aRunEndsWithItsFile() {
    SlotSpace slots = empty(64);
    for (int file = 0; file < 4; file++) {
      assertThat(slots.lease(100, 50, true)).isEqualTo(new SlotSpace.Run(file * 16, 16, false));
    }
    assertThat(slots.lease(10, 1, true)).isEqualTo(new SlotSpace.Run(64, 10, true));
    assertThat(slots.lease(10, 1, true)).isEqualTo(new SlotSpace.Run(74, 6, true));
  }

  @Test
  void expectedPagesLieInFewPiecesAlthoughThePlaceIsInCrumbs() {
    SlotSpace slots = empty(0);
    for (int i = 0; i < 2000; i++) {
      slots.lease(1, 1, false);
    }
    for (int i = 0; i < 2000; i += 2) {
      slots.drop(i, 1);
    }
    ReusingAllocator pages = new ReusingAllocator(slots);
    pages.expect(100);
    int pieces = 0;
    long last = -2;
    for (int i = 0; i < 100; i++) {
      long page = pages.allocate();
      pieces += page == last + 1 ? 0 : 1;
      last = page;
      slots.hold(page, 1);
    }
    pages.settle();
    assertThat(pieces).isLessThanOrEqualTo(32);
    assertThat(pages.allocate()).as("a page alone goes into a crumb").isLessThan(2000);
    pages.settle();
  }

  @Test
  void whatWasLeasedAndNotWrittenIsAsIfItHadNeverBeenHandedOut() {
    SlotSpace slots = empty(0);
    ReusingAllocator pages = new ReusingAllocator(slots);
    assertThat(pages.atRunEnd()).isTrue();
    assertThat(pages.allocate()).isZero();
    assertThat(pages.atRunEnd()).isFalse();
    slots.hold(0, 1);
    pages.settle();
    assertThat(slots.end()).isEqualTo(1);
    assertThat(slots.freeCount()).isZero();
    slots.drop(0, 1);
    assertThat(slots.freeCount()).isEqualTo(1);
  }

  @Test
  void twoWritersNeverGetTheSameSlot() {
    SlotSpace slots = empty(20);
    ReusingAllocator owner = new ReusingAllocator(slots);
    ReusingAllocator worker = new ReusingAllocator(slots);
    Set<Long> given = new TreeSet<>();
    for (int i = 0; i < 200; i++) {
      assertThat(given.add((i & 1) == 0 ? owner.allocate() : worker.allocate())).isTrue();
    }
    owner.settle();
    worker.settle();
  }

  // ---- counts -----------------------------------------------------------------------------------

  @Test
  void aSlotMayHaveMoreUsersThanAByteCounts() {
    SlotSpace slots = empty(0);
    slots.lease(1, 1, false);
    for (int i = 0; i < 600; i++) {
      slots.hold(0, 1);
    }
    for (int i = 0; i < 600; i++) {
      slots.drop(0, 1);
      assertThat(slots.isFree(0)).isFalse();
    }
    slots.drop(0, 1);
    assertThat(slots.isFree(0)).isTrue();
    assertThatThrownBy(() -> slots.drop(0, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("file page 0");
    assertThatThrownBy(() -> slots.hold(1, 1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void nothingBecomesFreeAfterAFailedWrite() {
    SlotSpace slots = empty(0);
    SlotSpace.Run first = slots.lease(4, 1, false);
    slots.drop(0, 1);
    slots.freezeUsers();
    slots.giveBack(first, 2);
    slots.drop(1, 1);
    assertThat(slots.freeCount()).isEqualTo(1);
    assertThat(slots.end()).isEqualTo(4);
    assertThat(slots.lease(9, 1, false)).isEqualTo(new SlotSpace.Run(0, 1, false));
  }

  @Test
  void morePagesThanCanBeCountedAreRefused() {
    MappingSnapshot mapping = MappingSnapshot.empty(budget, SHIFT);
    assertThatThrownBy(() -> SlotSpace.of(mapping, SlotSpace.SLOTS_MAX + 1L))
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.OUT_OF_SPACE));
    mapping.release();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void randomVersionsAndHoldersAgreeWithSets(long seed) {
    Random random = new Random(seed);
    MappingSnapshot first = MappingSnapshot.empty(budget, SHIFT);
    SlotSpace slots = SlotSpace.of(first, random.nextInt(50));
    ReusingAllocator pages = new ReusingAllocator(slots);
    List<MappingSnapshot> versions = new ArrayList<>(List.of(first));
    for (int round = 0; round < 300; round++) {
      Set<Long> used = used(versions);
      // Page ids are dense, so that versions overlap; a page written twice in one version is lost.
      MappingBuilder builder = new MappingBuilder(versions.get(random.nextInt(versions.size())));
      int changes = random.nextInt(60);
      for (int i = 0; i < changes; i++) {
        int pageId = random.nextInt(2500);
        if (random.nextInt(3) == 0) {
          builder.unmap(pageId);
        } else {
          long filePage = pages.allocate();
          assertThat(used.add(filePage)).as("seed %d, file page %d", seed, filePage).isTrue();
          builder.map(pageId, filePage);
        }
      }
      if (random.nextInt(5) == 0) {
        builder.abandon();
      } else {
        versions.add(builder.build());
      }
      pages.settle();
      while (versions.size() > 4 || versions.size() > 1 && random.nextInt(3) == 0) {
        versions.remove(random.nextInt(versions.size())).release();
      }
      assertThat(slots.end() - slots.freeCount()).as("seed %d", seed).isEqualTo(size(versions));
    }
    versions.forEach(MappingSnapshot::release);
    assertThat(slots.freeCount()).as("seed %d", seed).isEqualTo(slots.end());
    assertThat(slots.end()).as("seed %d", seed).isLessThan(4 * 2500);
  }

  private static long size(List<MappingSnapshot> versions) {
    return used(versions).size();
  }

  private static Set<Long> used(List<MappingSnapshot> versions) {
    Set<Long> used = new TreeSet<>();
    for (MappingSnapshot version : versions) {
      for (int id = 0; id < version.pageCount(); id++) {
        if (version.filePage(id) != MappingSnapshot.UNMAPPED) {
          used.add(version.filePage(id));
        }
      }
    }
    return used;
  }
}
