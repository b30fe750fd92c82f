/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Small blocks never overlap, share slots, and give them back. Method: a model of random steps. */
class SmallBlocksTest {
  private static final int SLOT = MemoryBudget.SLOT_BYTES;

  @Test
  void sizesArePowersOfTwo() {
    assertThat(SmallBlocks.blockBytes(1)).isEqualTo(256);
    assertThat(SmallBlocks.blockBytes(256)).isEqualTo(256);
    assertThat(SmallBlocks.blockBytes(257)).isEqualTo(512);
    assertThat(SmallBlocks.blockBytes(2048)).isEqualTo(2048);
    assertThat(SmallBlocks.blockBytes(2049)).isEqualTo(SLOT);
    assertThat(SmallBlocks.blockBytes(SLOT)).isEqualTo(SLOT);
    for (int wrong : new int[] {0, -1, SLOT + 1}) {
      assertThatThrownBy(() -> SmallBlocks.blockBytes(wrong))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void sixteenOfTheSmallestShareASlot() {
    try (MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN)) {
      SmallBlocks blocks = budget.mappingBlocks();
      List<Long> taken = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        taken.add(blocks.allocate(100));
        assertThat(budget.used(MemoryUse.MAPPING)).isEqualTo(SLOT);
        assertThat(blocks.freeBytes()).isEqualTo(SLOT - 256L * (i + 1));
      }
      taken.add(blocks.allocate(100));
      assertThat(budget.used(MemoryUse.MAPPING)).isEqualTo(2 * SLOT);
      taken.forEach(at -> blocks.free(at, 100));
      assertThat(budget.used(MemoryUse.MAPPING)).isZero();
      assertThat(blocks.freeBytes()).isZero();
    }
  }

  @Test
  void whatIsNoBlockIsRefusedAndTheLimitHolds() {
    try (MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN)) {
      SmallBlocks blocks = budget.mappingBlocks();
      budget.setLimit(MemoryUse.MAPPING, SLOT);
      long at = blocks.allocate(512);
      assertThat(blocks.allocate(256)).as("it needs a slot of its own").isEqualTo(-1);
      assertThat(blocks.allocate(SLOT)).isEqualTo(-1);
      for (long wrong : new long[] {at + 512, at + 256, at + SLOT}) {
        assertThatThrownBy(() -> blocks.free(wrong, 512)).isInstanceOf(IllegalStateException.class);
      }
      blocks.free(at, 512);
      assertThatThrownBy(() -> blocks.free(at, 512)).isInstanceOf(IllegalStateException.class);
    }
  }

  private record Taken(long at, int bytes) {}

  @Test
  void blocksNeverOverlap() {
    long seed = 5;
    Random random = new Random(seed);
    try (MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN)) {
      SmallBlocks blocks = budget.mappingBlocks();
      boolean[] units = new boolean[(int) (budget.arena().bytes() / 256)];
      List<Taken> taken = new ArrayList<>();
      for (int step = 0; step < 20_000; step++) {
        if (taken.isEmpty() || random.nextInt(100) < (step / 2_000 % 2 == 0 ? 60 : 40)) {
          int bytes = 1 + random.nextInt(1 << 8 + random.nextInt(5));
          long at = blocks.allocate(bytes);
          if (at != MemoryBudget.NONE) {
            mark(units, at, bytes, true, seed);
            taken.add(new Taken(at, bytes));
          }
        } else {
          Taken gone = taken.remove(random.nextInt(taken.size()));
          mark(units, gone.at, gone.bytes, false, seed);
          blocks.free(gone.at, gone.bytes);
        }
      }
      taken.forEach(left -> blocks.free(left.at, left.bytes));
      assertThat(budget.used(MemoryUse.MAPPING)).as("seed %d", seed).isZero();
    }
  }

  private static void mark(boolean[] units, long at, int bytes, boolean taken, long seed) {
    int blockBytes = SmallBlocks.blockBytes(bytes);
    assertThat(at % blockBytes).as("seed %d: aligned", seed).isZero();
    for (int unit = (int) (at / 256); unit < (at + blockBytes) / 256; unit++) {
      assertThat(units[unit]).as("seed %d: unit %d", seed, unit).isEqualTo(!taken);
      units[unit] = taken;
    }
  }
}
