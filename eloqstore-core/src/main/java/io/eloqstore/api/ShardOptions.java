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
 * @param openFilesMax data files and manifests that are open at a time, at least 1; the locks of
 *     open partitions are not counted
 */
public record ShardOptions(long budgetBytes, boolean directIo, StoreClock clock, int openFilesMax) {
  public static final int OPEN_FILES_MAX_DEFAULT = 500;

  public ShardOptions {
    if (budgetBytes <= 0) {
      throw new IllegalArgumentException("budgetBytes must be positive: " + budgetBytes);
    }
    if (clock == null) {
      throw new IllegalArgumentException("clock must not be null");
    }
    if (openFilesMax < 1) {
      throw new IllegalArgumentException("openFilesMax must be at least 1: " + openFilesMax);
    }
  }

  /** 64 MiB, buffered I/O, the machine's clock, 500 files. */
  public static ShardOptions defaults() {
    return new ShardOptions(64L << 20, false, StoreClock.system(), OPEN_FILES_MAX_DEFAULT);
  }

  public ShardOptions withBudgetBytes(long value) {
    return new ShardOptions(value, directIo, clock, openFilesMax);
  }

  public ShardOptions withDirectIo(boolean value) {
    return new ShardOptions(budgetBytes, value, clock, openFilesMax);
  }

  public ShardOptions withClock(StoreClock value) {
    return new ShardOptions(budgetBytes, directIo, value, openFilesMax);
  }

  public ShardOptions withOpenFilesMax(int value) {
    return new ShardOptions(budgetBytes, directIo, clock, value);
  }
}
