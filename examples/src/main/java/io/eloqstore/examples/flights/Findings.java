/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * What the rows say about the flights.
 *
 * @param flights how many
 * @param routes the routes with their means, most delayed first
 * @param hours delays by hour of the day, 24 elements
 * @param malformed rows about malformed lines, by their number
 */
record Findings(
    long flights, List<Route> routes, List<HourDelays> hours, List<Malformed> malformed) {
  private static final int HOURS = 24;

  /** A mean of fewer flights says little; such routes come after the others. */
  static final int ROUTE_FLIGHTS_MIN = 30;

  /**
   * A route.
   *
   * @param key origin and destination
   * @param mean minutes of delay
   * @param variance square minutes
   */
  record Route(String key, long flights, double mean, double variance) {}

  /**
   * A line that is no flight.
   *
   * @param number of the line in the file, from 1
   * @param pass over the file, from 0
   */
  record Malformed(long number, int pass, String reason) {}

  /** Reads the rows of one run. */
  static Findings of(List<String> rows) {
    long flights = 0;
    List<Route> routes = new ArrayList<>();
    List<Malformed> malformed = new ArrayList<>();
    HourDelays[] hours = new HourDelays[HOURS];
    Arrays.fill(hours, HourDelays.NONE);
    for (String row : rows) {
      String[] fields = row.split(",", -1);
      switch (fields[0]) {
        case Rows.ROUTE ->
            routes.add(
                new Route(
                    fields[1],
                    Long.parseLong(fields[2]),
                    Double.parseDouble(fields[3]),
                    Double.parseDouble(fields[4])));
        case Rows.AIRPORT -> {
          flights += Long.parseLong(fields[2]);
          addHours(fields[5], hours);
        }
        case Rows.MALFORMED ->
            malformed.add(
                new Malformed(
                    Long.parseLong(fields[1]),
                    Integer.parseInt(fields[2]),
                    String.join(",", List.of(fields).subList(3, fields.length))));
        default -> {
          // Days and alerts are compared, not summed up.
        }
      }
    }
    routes.sort(
        Comparator.comparing((Route route) -> route.flights() < ROUTE_FLIGHTS_MIN)
            .thenComparing(Comparator.comparingDouble(Route::mean).reversed())
            .thenComparing(Route::key));
    malformed.sort(Comparator.comparingInt(Malformed::pass).thenComparingLong(Malformed::number));
    return new Findings(flights, routes, List.of(hours), malformed);
  }

  private static void addHours(String field, HourDelays[] hours) {
    for (String part : field.split(";")) {
      String[] hour = part.split(":");
      String[] sums = hour[1].split("/");
      int index = Integer.parseInt(hour[0]);
      hours[index] =
          hours[index].plus(
              new HourDelays(
                  Long.parseLong(sums[0]),
                  Long.parseLong(sums[1]),
                  Long.parseLong(sums[2]),
                  Long.parseLong(sums[3]),
                  Long.parseLong(sums[4])));
    }
  }
}
