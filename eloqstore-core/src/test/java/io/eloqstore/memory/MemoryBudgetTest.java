/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

/** The budget hands out aligned blocks, evicts when asked, and never goes beyond its size. */
class MemoryBudgetTest {
  private static final int SLOT = MemoryBudget.SLOT_BYTES;

  @Test
  void blocksAreAlignedToTheirSizeAndNeverOverlap() {
    try (MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN)) {
      long one = budget.allocate(1, MemoryUse.IO);
      long four = budget.allocate(3 * SLOT, MemoryUse.IO);
      long sixtyFour = budget.allocate(MemoryBudget.BLOCK_BYTES_MAX, MemoryUse.IO);
      assertThat(four % (4 * SLOT)).isZero();
      assertThat(sixtyFour % MemoryBudget.BLOCK_BYTES_MAX).isZero();
      assertThat(one < four || one >= four + 4L * SLOT).isTrue();
      assertThat(budget.used(MemoryUse.IO)).isEqualTo(69L * SLOT);
      budget.free(one, 1, MemoryUse.IO);
      budget.free(four, 3 * SLOT, MemoryUse.IO);
      budget.free(sixtyFour, MemoryBudget.BLOCK_BYTES_MAX, MemoryUse.IO);
    }
  }

  @Test
  void everySlotCanBeUsedAndNotOneMore() {
    try (MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN)) {
      Deque<Long> blocks = new ArrayDeque<>();
      for (long at; (at = budget.allocate(SLOT, MemoryUse.FRAME)) != MemoryBudget.NONE; ) {
        blocks.add(at);
      }
      assertThat(blocks).hasSize(budget.slots()).doesNotHaveDuplicates();
      assertThat(budget.freeBytes()).isZero();
      assertThat((long) blocks.size() * (SLOT + MemoryBudget.HEAP_BYTES_PER_SLOT))
          .isLessThanOrEqualTo(MemoryBudget.BUDGET_BYTES_MIN);
      blocks.forEach(at -> budget.free(at, SLOT, MemoryUse.FRAME));
    }
  }

  @Test
  void reclaimerIsAskedBeforeAnAllocationFails() {
    try (MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN)) {
      Deque<Long> frames = new ArrayDeque<>();
      budget.setReclaimer(
          slots -> {
            if (frames.isEmpty()) {
              return false;
            }
            budget.free(frames.poll(), SLOT, MemoryUse.FRAME);
            return true;
          });
      for (int i = 0; i < budget.slots(); i++) {
        frames.add(budget.allocate(SLOT, MemoryUse.FRAME));
      }
      long block = budget.allocate(SLOT, MemoryUse.WRITE_BUFFER);
      assertThat(block).isNotEqualTo(MemoryBudget.NONE);
      assertThat(frames).hasSize(budget.slots() - 1);
      budget.free(block, SLOT, MemoryUse.WRITE_BUFFER);
      frames.forEach(at -> budget.free(at, SLOT, MemoryUse.FRAME));
    }
  }

  @Test
  void limitOfAUseHoldsOnBothSides() {
    try (MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN)) {
      budget.setLimit(MemoryUse.WRITE_BUFFER, 2 * SLOT);
      long two = budget.allocate(2 * SLOT, MemoryUse.WRITE_BUFFER);
      assertThat(two).isNotEqualTo(MemoryBudget.NONE);
      assertThat(budget.allocate(1, MemoryUse.WRITE_BUFFER)).isEqualTo(MemoryBudget.NONE);
      budget.free(two, 2 * SLOT, MemoryUse.WRITE_BUFFER);
    }
  }

  @Test
  void freeingTwiceIsRefusedAndLeaksAreReportedOnClose() {
    MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN);
    long at = budget.allocate(SLOT, MemoryUse.MAPPING);
    budget.free(at, SLOT, MemoryUse.MAPPING);
    assertThatThrownBy(() -> budget.free(at, SLOT, MemoryUse.MAPPING))
        .isInstanceOf(IllegalStateException.class);
    budget.allocate(SLOT, MemoryUse.MAPPING);
    assertThatThrownBy(budget::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("MAPPING=1");
  }

  @Test
  void sizesOutsideTheLimitsAreRefused() {
    assertThatThrownBy(() -> new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN - 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new MemoryBudget(MemoryBudget.BUDGET_BYTES_MAX + 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> MemoryBudget.blockSlots(MemoryBudget.BLOCK_BYTES_MAX + 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
