/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.Arrays;

/**
 * A copy of an entry, for whoever wants to keep it.
 *
 * @param key not to be changed
 * @param value not to be changed
 * @param timestamp 0 when the entry was put without one
 * @param expireTs milliseconds since the epoch from which on reads do not see the entry; 0 never
 */
public record StoredEntry(byte[] key, byte[] value, long timestamp, long expireTs) {

  @Override
  public boolean equals(Object other) {
    return other instanceof StoredEntry entry
        && Arrays.equals(key, entry.key)
        && Arrays.equals(value, entry.value)
        && timestamp == entry.timestamp
        && expireTs == entry.expireTs;
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(key) + Long.hashCode(timestamp);
  }
}
