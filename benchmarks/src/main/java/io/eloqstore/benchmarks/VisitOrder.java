/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.util.Random;

/** The order in which a benchmark visits keys, the same in each run. */
public final class VisitOrder {
  private static final long SEED = 42;
  private static final long BLOCK_MASK = (1L << 20) - 1;

  private VisitOrder() {}

  /** The numbers 0 to {@code count} - 1 in random order. */
  public static int[] shuffled(int count) {
    int[] order = new int[count];
    Random random = new Random(SEED);
    for (int i = 0; i < count; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /**
   * The {@code n}th of all numbers from 0 on, shuffled in blocks: a pass without an end or a table.
   */
  public static long endless(long n) {
    // An odd factor permutes the numbers below a power of two.
    return (n & ~BLOCK_MASK) + ((n * 0x9E3779B97F4A7C15L) & BLOCK_MASK);
  }
}
