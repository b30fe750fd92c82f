/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.util.Random;

/**
 * How long a load from memory takes when its address comes from the load before it.
 *
 * <p>The last-level cache of a rented machine is shared with strangers: this figure says how much
 * of it was left while a table was measured.
 */
final class MemoryProbe {
  /** What the loads wander over. */
  static final int BYTES = 24 << 20;

  private static final int STEPS = 4_000_000;
  private static final long SEED = 7;

  private final int[] next = new int[BYTES / Integer.BYTES];
  private int position;

  MemoryProbe() {
    // Sattolo's shuffle makes one cycle through all places.
    for (int i = 0; i < next.length; i++) {
      next[i] = i;
    }
    Random random = new Random(SEED);
    for (int i = next.length - 1; i > 0; i--) {
      int j = random.nextInt(i);
      int swapped = next[i];
      next[i] = next[j];
      next[j] = swapped;
    }
  }

  /** Nanoseconds for each load. */
  double measure() {
    long start = System.nanoTime();
    int at = position;
    for (int i = 0; i < STEPS; i++) {
      at = next[at];
    }
    position = at;
    return (double) (System.nanoTime() - start) / STEPS;
  }

  /** Where the last load led; each run goes on from there, so no load can be left out. */
  int position() {
    return position;
  }
}
