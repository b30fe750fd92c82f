/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import java.util.Arrays;

/** The keys between children. */
public final class Separators {
  private Separators() {}

  /**
   * Length of the shortest prefix of {@code next} that is above {@code previous}: one byte more
   * than they have in common.
   *
   * @param previous last key of the page before
   * @param next first key of the page behind, above {@code previous}
   */
  public static int length(byte[] previous, int previousLength, byte[] next, int nextLength) {
    int mismatch = Arrays.mismatch(previous, 0, previousLength, next, 0, nextLength);
    if (mismatch < 0 || mismatch == nextLength) {
      throw new IllegalArgumentException("the next key must be above the previous one");
    }
    return mismatch + 1;
  }
}
