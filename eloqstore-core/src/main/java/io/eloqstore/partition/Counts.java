/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

/**
 * What is known of a tree without reading it.
 *
 * @param entries entries of the main tree
 * @param overflowEntries entries whose value lies in overflow pages
 * @param ttlEntries entries with an expiry
 * @param exact whether the numbers are exact; {@code false} from a range delete that dropped unread
 *     leaves on
 */
record Counts(long entries, long overflowEntries, long ttlEntries, boolean exact) {
  static final Counts EMPTY = new Counts(0, 0, 0, true);

  /** Of a tree that another engine wrote: anything may be in it. */
  static final Counts UNKNOWN = new Counts(0, Long.MAX_VALUE / 2, Long.MAX_VALUE / 2, false);

  /** Whether leaves can be unmapped without looking for the overflow and TTL entries they name. */
  boolean leavesStandAlone() {
    return overflowEntries == 0 && ttlEntries == 0;
  }
}
