/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.cache.PageCache;
import io.eloqstore.io.IoBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.metrics.EngineCounters;

/** What a shard lends to its partitions. Any thread. */
public interface PartitionResources {
  MemoryBudget budget();

  PageCache cache();

  IoBackend io();

  /** The same files for what a partition of this durability writes: see {@code OpenFileCache}. */
  default IoBackend io(StoreOptions.Durability durability) {
    return io();
  }

  StoreClock clock();

  Background background();

  /** What the partitions of the shard have done together. */
  EngineCounters counters();

  /**
   * Bytes at which a partition freezes its write buffer; depends on what the others of the shard
   * have buffered, so it is asked at each write: no lock.
   */
  long bufferBytesMax();

  /**
   * An active write buffer has grown by so many bytes, or was frozen or let go: then they are
   * negative. Any thread, no lock.
   */
  default void bufferGrew(long bytes) {}

  /** The memory that mappings take has changed: write buffers get half of what they leave. */
  void mappingChanged();
}
