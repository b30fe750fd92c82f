/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The rows of the output, one line of text each, fields parted by commas; the first field is the
 * kind, the second the key.
 *
 * <pre>
 * route,ORD-LAX,flights,mean,variance,hour:minutes/early/onTime/late/veryLate;...,delay delay ...
 * route-day,ORD-LAX,2001-01-31,flights,minutes,worst
 * route-alert,ORD-LAX,2001-01-31T18:05
 * malformed,line,pass,reason
 * </pre>
 *
 * <p>{@code airport} stands for {@code route} in the rows of airports. Floating-point numbers are
 * written with all their digits.
 */
final class Rows {
  /** Kind of the rows of routes. */
  static final String ROUTE = "route";

  /** Kind of the rows of airports, by where the flight leaves. */
  static final String AIRPORT = "airport";

  /** Kind of the rows about malformed lines. */
  static final String MALFORMED = "malformed";

  /** Added to the kind in the rows of one day. */
  static final String DAY = "-day";

  /** Added to the kind in the rows of alerts. */
  static final String ALERT = "-alert";

  private Rows() {}

  static String statistics(
      String kind,
      String key,
      RunningDelay running,
      Map<Integer, HourDelays> hours,
      List<Integer> last) {
    String hourFields =
        hours.entrySet().stream()
            .map(entry -> entry.getKey() + ":" + hour(entry.getValue()))
            .collect(Collectors.joining(";"));
    String lastFields = last.stream().map(String::valueOf).collect(Collectors.joining(" "));
    return String.join(
        ",",
        kind,
        key,
        String.valueOf(running.flights()),
        String.valueOf(running.mean()),
        String.valueOf(running.variance()),
        hourFields,
        lastFields);
  }

  private static String hour(HourDelays hour) {
    return hour.minutes()
        + "/"
        + hour.early()
        + "/"
        + hour.onTime()
        + "/"
        + hour.late()
        + "/"
        + hour.veryLate();
  }

  static String day(String kind, String key, long startMs, DayDelays day) {
    return kind
        + DAY
        + ','
        + key
        + ','
        + dateTime(startMs).toLocalDate()
        + ','
        + day.flights()
        + ','
        + day.minutes()
        + ','
        + day.worst();
  }

  static String alert(String kind, String key, long latestMs) {
    return kind + ALERT + ',' + key + ',' + dateTime(latestMs);
  }

  static String malformed(FlightLine line, String reason) {
    return MALFORMED + ',' + line.number() + ',' + line.pass() + ',' + reason;
  }

  private static LocalDateTime dateTime(long timeMs) {
    return LocalDateTime.ofInstant(Instant.ofEpochMilli(timeMs), ZoneOffset.UTC);
  }
}
