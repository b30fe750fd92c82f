/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

/** What changes entries of text: a partition, or the map that says what must be in it. */
interface TextWriter {
  void put(String key, String value);

  void delete(String key);

  /**
   * @param from first key
   * @param to first key that stays
   */
  void deleteRange(String from, String to);
}
