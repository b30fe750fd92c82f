/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

/**
 * Running mean and variance (Welford): stable, and the same to the last bit for the same flights in
 * the same order.
 *
 * @param flights how many
 * @param mean minutes
 * @param squares sum of squared distances from the mean
 */
public record RunningDelay(long flights, double mean, double squares) {
  /** No flight yet. */
  static final RunningDelay NONE = new RunningDelay(0, 0, 0);

  RunningDelay plus(int delayMinutes) {
    long count = flights + 1;
    double before = delayMinutes - mean;
    double newMean = mean + before / count;
    return new RunningDelay(count, newMean, squares + before * (delayMinutes - newMean));
  }

  /** Variance of the flights seen, in square minutes. */
  double variance() {
    return flights == 0 ? 0 : squares / flights;
  }
}
