/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * What the stores of one task slot share.
 *
 * @param budgetBytes all memory the shard may use off the heap; never exceeded
 * @param directIo whether files bypass the page cache of the system; falls back with one log line
 *     where the file system refuses
 * @param clock the time expiry is judged by
 */
public record ShardOptions(long budgetBytes, boolean directIo, StoreClock clock) {

  public ShardOptions {
    if (budgetBytes <= 0) {
      throw new IllegalArgumentException("budgetBytes must be positive: " + budgetBytes);
    }
    if (clock == null) {
      throw new IllegalArgumentException("clock must not be null");
    }
  }

  /** 64 MiB, buffered I/O, the machine's clock. */
  public static ShardOptions defaults() {
    return new ShardOptions(64L << 20, false, StoreClock.system());
  }

  public ShardOptions withBudgetBytes(long value) {
    return new ShardOptions(value, directIo, clock);
  }

  public ShardOptions withDirectIo(boolean value) {
    return new ShardOptions(budgetBytes, value, clock);
  }

  public ShardOptions withClock(StoreClock value) {
    return new ShardOptions(budgetBytes, directIo, value);
  }
}
