/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

/**
 * The delays of one hour of the day in four classes.
 *
 * @param minutes sum of all delays
 * @param early before time
 * @param onTime 0 to 14 minutes late
 * @param late 15 to 59 minutes late
 * @param veryLate an hour late or more
 */
public record HourDelays(long minutes, long early, long onTime, long late, long veryLate) {
  /** No flight yet. */
  static final HourDelays NONE = new HourDelays(0, 0, 0, 0, 0);

  private static final int LATE_FROM = 15;
  private static final int VERY_LATE_FROM = 60;

  HourDelays plus(int delayMinutes) {
    boolean isEarly = delayMinutes < 0;
    boolean isVeryLate = delayMinutes >= VERY_LATE_FROM;
    boolean isLate = delayMinutes >= LATE_FROM && !isVeryLate;
    boolean isOnTime = !isEarly && !isLate && !isVeryLate;
    return new HourDelays(
        minutes + delayMinutes,
        early + (isEarly ? 1 : 0),
        onTime + (isOnTime ? 1 : 0),
        late + (isLate ? 1 : 0),
        veryLate + (isVeryLate ? 1 : 0));
  }

  HourDelays plus(HourDelays other) {
    return new HourDelays(
        minutes + other.minutes,
        early + other.early,
        onTime + other.onTime,
        late + other.late,
        veryLate + other.veryLate);
  }

  long flights() {
    return early + onTime + late + veryLate;
  }
}
