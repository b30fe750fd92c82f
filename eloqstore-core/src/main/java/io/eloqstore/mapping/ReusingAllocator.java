/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

import io.eloqstore.mapping.SlotSpace.Run;
import java.util.ArrayList;
import java.util.List;

/**
 * Hands out file pages that nobody uses, and new ones behind the last when there are none.
 *
 * <p>One thread. The owner and the worker have one each and share the {@link SlotSpace}. It takes
 * slots in runs, so that they can be written at once, and uses those it handed out until {@link
 * #settle}: by then a mapping or a write buffer uses them, or nobody does.
 */
public final class ReusingAllocator implements PageAllocator {
  /** Slots taken at a time: pages of 4 KiB that go into one write. */
  private static final int LEASE_SLOTS = 64;

  /** Shorter free runs are taken only when there is no longer one. */
  private static final int RUN_SLOTS = 16;

  /** Pieces that expected pages are spread over at most, but for the ends of files. */
  private static final int PIECES_MAX = 32;

  private final SlotSpace slots;
  private final List<Run> leases = new ArrayList<>();
  private long next;
  private long runEnd;
  private int expected;
  private int expectedRun;

  public ReusingAllocator(SlotSpace slots) {
    this.slots = slots;
  }

  @Override
  public void expect(int pages) {
    expected = pages;
    expectedRun = (pages + PIECES_MAX - 1) / PIECES_MAX;
  }

  @Override
  public long allocate() {
    if (next == runEnd) {
      Run lease =
          expected > 0
              ? slots.lease(expected, Math.min(expected, expectedRun), true)
              : slots.lease(LEASE_SLOTS, RUN_SLOTS, false);
      leases.add(lease);
      next = lease.first();
      runEnd = next + lease.count();
    }
    expected = Math.max(0, expected - 1);
    return next++;
  }

  @Override
  public boolean atRunEnd() {
    return next == runEnd;
  }

  @Override
  public boolean reusesPlaces() {
    return true;
  }

  @Override
  public void settle() {
    for (int i = 0; i < leases.size(); i++) {
      Run lease = leases.get(i);
      boolean isLast = i == leases.size() - 1;
      int unused = isLast ? (int) (runEnd - next) : 0;
      if (unused > 0) {
        slots.giveBack(lease, unused);
      }
      if (unused < lease.count()) {
        slots.drop(lease.first(), lease.count() - unused);
      }
    }
    leases.clear();
    next = runEnd;
    expected = 0;
  }
}
