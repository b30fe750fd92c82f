/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a reservation takes is in the budget's books, and nothing is kept when it is too much. */
class ReservationTest {
  private static final int SLOT = MemoryBudget.SLOT_BYTES;

  @Test
  void takesWholeSlotsAndGivesThemBackOnce() {
    try (MemoryBudget budget = new MemoryBudget(4 << 20)) {
      for (int bytes : new int[] {1, SLOT, SLOT + 1, 36 * SLOT - 7, 300 * SLOT}) {
        Reservation taken = Reservation.take(budget, bytes, MemoryUse.IO);
        long slots = (bytes + SLOT - 1) / SLOT;
        assertThat(budget.used(MemoryUse.IO)).isEqualTo(slots * SLOT);
        taken.close();
        taken.close();
        assertThat(budget.used(MemoryUse.IO)).isZero();
      }
    }
  }

  @Test
  void takesPiecesWhereNoBlockIsWhole() {
    try (MemoryBudget budget = new MemoryBudget(1 << 20)) {
      List<Long> slots = new ArrayList<>();
      for (long at; (at = budget.allocate(SLOT, MemoryUse.FRAME)) != MemoryBudget.NONE; ) {
        slots.add(at);
      }
      // Every other slot is free: there is no block of two.
      for (int i = 0; i < slots.size(); i += 2) {
        budget.free(slots.get(i), SLOT, MemoryUse.FRAME);
      }
      int free = (slots.size() + 1) / 2;
      assertThat(Reservation.take(budget, (free + 1) * SLOT, MemoryUse.IO)).isNull();
      assertThat(budget.used(MemoryUse.IO)).isZero();
      Reservation taken = Reservation.take(budget, free * SLOT, MemoryUse.IO);
      assertThat(taken).isNotNull();
      assertThat(budget.freeBytes()).isZero();
      taken.close();
      for (int i = 1; i < slots.size(); i += 2) {
        budget.free(slots.get(i), SLOT, MemoryUse.FRAME);
      }
    }
  }
}
