/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.regex.Pattern;

/**
 * Reads lines {@code MMDDhhmm,delay,distance,origin,destination}, for example {@code
 * 01010540,5,389,ONT,SMF}.
 *
 * <p>The file names no year; it is 2001. Spaces, signs other than that of the delay and lower-case
 * airports are malformed.
 */
final class FlightParser {
  /** The year of the flights. */
  static final int YEAR = 2001;

  private static final int FIELDS = 5;
  private static final Pattern DATE = Pattern.compile("\\d{8}");
  private static final Pattern DELAY = Pattern.compile("-?\\d{1,5}");
  private static final Pattern DISTANCE = Pattern.compile("\\d{1,5}");
  private static final Pattern AIRPORT = Pattern.compile("[A-Z0-9]{3}");

  private FlightParser() {}

  /** Whether this is the line of column names that may begin the file. */
  static boolean isHeader(long number, String text) {
    return number == 1 && text.startsWith("date,");
  }

  /**
   * Reads one line.
   *
   * @throws MalformedLineException if it is no flight
   */
  static Flight parse(String text) throws MalformedLineException {
    String[] fields = text.split(",", -1);
    if (fields.length != FIELDS) {
      throw new MalformedLineException(FIELDS + " fields expected, found " + fields.length);
    }
    long timeMs = timeMs(matched("date", DATE, fields[0]));
    int delayMinutes = Integer.parseInt(matched("delay", DELAY, fields[1]));
    int miles = Integer.parseInt(matched("distance", DISTANCE, fields[2]));
    String origin = matched("origin", AIRPORT, fields[3]);
    String destination = matched("destination", AIRPORT, fields[4]);
    return new Flight(timeMs, delayMinutes, miles, origin, destination);
  }

  private static String matched(String name, Pattern pattern, String field)
      throws MalformedLineException {
    if (!pattern.matcher(field).matches()) {
      throw new MalformedLineException(name + " is '" + printable(field) + "'");
    }
    return field;
  }

  /** The field as it may stand in a row of the output: no commas, no control characters. */
  private static String printable(String field) {
    String clean = field.replaceAll("[^\\x20-\\x7e]", "?");
    return clean.length() <= 20 ? clean : clean.substring(0, 20) + "...";
  }

  private static long timeMs(String date) throws MalformedLineException {
    try {
      return LocalDateTime.of(
              YEAR, twoDigits(date, 0), twoDigits(date, 2), twoDigits(date, 4), twoDigits(date, 6))
          .toInstant(ZoneOffset.UTC)
          .toEpochMilli();
    } catch (DateTimeException e) {
      throw new MalformedLineException("no such date: " + date);
    }
  }

  private static int twoDigits(String date, int offset) {
    return Integer.parseInt(date.substring(offset, offset + 2));
  }
}
