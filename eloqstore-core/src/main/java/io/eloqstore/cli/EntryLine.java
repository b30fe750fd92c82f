/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.util.HexFormat;

/**
 * One line of a dump: hex key, hex value, timestamp, expire_ts, with tabs between.
 *
 * @param key at least one byte
 * @param value any bytes
 * @param timestamp 0 to 2^63 - 1
 * @param expireTs milliseconds since the epoch, 0 for never; to 2^63 - 1
 */
record EntryLine(byte[] key, byte[] value, long timestamp, long expireTs) {
  private static final int FIELDS = 4;
  private static final int SHOWN_CHARS = 40;

  /**
   * Takes a line apart.
   *
   * @param number of the line, for errors
   * @throws StoreException {@code INVALID_ARGUMENT} naming line and field
   */
  static EntryLine parse(String line, long number) {
    String[] fields = line.split("\t", -1);
    if (fields.length != FIELDS) {
      throw malformed(number, "fields between tabs", FIELDS, fields.length);
    }
    byte[] key = hex(fields[0], number, "key");
    if (key.length == 0) {
      throw malformed(number, "key", "at least one byte", "none");
    }
    return new EntryLine(
        key,
        hex(fields[1], number, "value"),
        number(fields[2], number, "timestamp"),
        number(fields[3], number, "expire_ts"));
  }

  private static byte[] hex(String field, long number, String what) {
    try {
      return HexFormat.of().parseHex(field);
    } catch (IllegalArgumentException e) {
      throw malformed(number, what, "pairs of hex digits", shown(field));
    }
  }

  private static long number(String field, long number, String what) {
    boolean digits = !field.isEmpty() && field.chars().allMatch(c -> c >= '0' && c <= '9');
    try {
      if (digits) {
        return Long.parseLong(field);
      }
    } catch (NumberFormatException e) {
      throw malformed(number, what, "0 to " + Long.MAX_VALUE, shown(field));
    }
    throw malformed(number, what, "decimal digits", shown(field));
  }

  /** The field in quotes, only its beginning when it is long. */
  private static String shown(String field) {
    return field.length() <= SHOWN_CHARS
        ? "'" + field + "'"
        : "'" + field.substring(0, SHOWN_CHARS) + "...' of " + field.length() + " characters";
  }

  private static StoreException malformed(
      long number, String what, Object expected, Object actual) {
    return new StoreException(
        StoreErrorCode.INVALID_ARGUMENT,
        "line " + number + ": " + what + ": expected " + expected + ", found " + actual);
  }
}
