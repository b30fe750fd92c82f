/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.time.Duration;

/**
 * One flight.
 *
 * @param timeMs departure in local time, milliseconds since 1970 as if it were UTC
 * @param delayMinutes arrival delay, negative when early
 * @param miles distance
 * @param origin code of the airport it leaves
 * @param destination code of the airport it goes to
 */
public record Flight(long timeMs, int delayMinutes, int miles, String origin, String destination) {

  /** Origin and destination, {@code ORD-LAX}. */
  public String route() {
    return origin + '-' + destination;
  }

  /** Hour of the day of the departure, 0 to 23. */
  public int hour() {
    return (int) Math.floorMod(timeMs / Duration.ofHours(1).toMillis(), 24L);
  }

  /** The same flight a number of days later. */
  public Flight shiftedBy(long days) {
    return new Flight(
        timeMs + Duration.ofDays(days).toMillis(), delayMinutes, miles, origin, destination);
  }
}
