/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

/**
 * How many entries the published root has.
 *
 * @param entries keys, expired ones included
 * @param overflowEntries entries whose value lies in overflow pages
 * @param ttlEntries entries with an expiry
 * @param exact whether {@code entries} is exact; it is an estimate while cuts are pending
 */
public record EntryCounts(long entries, long overflowEntries, long ttlEntries, boolean exact) {
  /** An empty tree. */
  public static final EntryCounts NONE = new EntryCounts(0, 0, 0, true);
}
