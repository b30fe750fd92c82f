/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one commit published.
 *
 * @param number 0 for a partition that never had a commit
 */
record Version(int number, SortedMap<String, String> entries) {
  static final Version NONE = new Version(0, new TreeMap<>());

  /** What an open partition holds. */
  static Version of(TextPartition partition, Iterable<String> keys) {
    return new Version(partition.version(), partition.entriesBothWays(keys));
  }

  @Override
  public String toString() {
    return "version " + number + " of " + entries.size() + " entries";
  }
}
