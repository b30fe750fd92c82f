/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A linear axis with round ticks.
 *
 * @param low value at {@code lowPixel}, a tick
 * @param high value at {@code highPixel}, a tick
 * @param step from tick to tick
 */
record Axis(double low, double high, double step, double lowPixel, double highPixel) {
  private static final int TICKS = 8;

  /** The axis from 0, or below if there are negative values, that holds the given values. */
  static Axis holding(double least, double greatest, double lowPixel, double highPixel) {
    double bottom = Math.min(0, least);
    double top = greatest > bottom ? Math.max(0, greatest) : bottom + 1;
    double step = roundStep((top - bottom) / TICKS);
    return new Axis(
        Math.floor(bottom / step) * step, Math.ceil(top / step) * step, step, lowPixel, highPixel);
  }

  /** The least of 1, 2, 5, 10, 20 ... (times a power of ten) that is not below the argument. */
  private static double roundStep(double atLeast) {
    double power = Math.pow(10, Math.floor(Math.log10(atLeast)));
    for (double factor : new double[] {1, 2, 5}) {
      if (factor * power >= atLeast) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  /** Where a value is. */
  double pixel(double value) {
    return lowPixel + (value - low) / (high - low) * (highPixel - lowPixel);
  }

  /** All ticks, both ends included. */
  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    long count = Math.round((high - low) / step);
    for (long index = 0; index <= count; index++) {
      ticks.add(low + index * step);
    }
    return ticks;
  }

  /** A tick's text. */
  String label(double tick) {
    int digits = (int) Math.max(0, -Math.floor(Math.log10(step)));
    // Adding zero makes a negative zero positive.
    return String.format(Locale.ROOT, "%,." + digits + "f", tick + 0.0);
  }
}
