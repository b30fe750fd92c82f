/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * When a served partition publishes what was written. Whether publishing also forces to the disk
 * says {@link StoreOptions#durability()}.
 *
 * @param when which of the four
 * @param intervalMs milliseconds, positive for {@link When#INTERVAL} and 0 otherwise
 */
public record ServeDurability(When when, long intervalMs) {

  /** What makes the server publish, beside commits that are asked for. */
  public enum When {
    /**
     * A write is published before its future completes: all writes that came while the publication
     * before was under way, by one manifest record.
     */
    EACH_COMMIT,
    /**
     * A write's future completes when reads see it, and it is published at most so long afterwards;
     * also by closing. A crash loses what was written since.
     */
    INTERVAL,
    /** As {@link #INTERVAL}, but published by closing alone. */
    ON_CLOSE,
    /** Nothing but a commit that is asked for publishes. */
    NEVER
  }

  public ServeDurability {
    if (when == null) {
      throw new IllegalArgumentException("when to publish must not be null");
    }
    if (when == When.INTERVAL ? intervalMs < 1 : intervalMs != 0) {
      throw new IllegalArgumentException(
          "intervalMs must be positive for INTERVAL and 0 for " + when + ", found " + intervalMs);
    }
  }

  public static ServeDurability eachCommit() {
    return new ServeDurability(When.EACH_COMMIT, 0);
  }

  public static ServeDurability everyMs(long intervalMs) {
    return new ServeDurability(When.INTERVAL, intervalMs);
  }

  public static ServeDurability onClose() {
    return new ServeDurability(When.ON_CLOSE, 0);
  }

  public static ServeDurability never() {
    return new ServeDurability(When.NEVER, 0);
  }
}
