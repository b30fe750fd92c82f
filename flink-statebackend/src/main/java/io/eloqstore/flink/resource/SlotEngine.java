/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import io.eloqstore.api.StoreOptions;
import io.eloqstore.shard.ShardStatistics;
import java.nio.file.Path;

/**
 * Memory, I/O and worker that the stores of one task slot share. Any thread.
 *
 * <p>Every store is closed before its engine.
 */
public interface SlotEngine extends AutoCloseable {

  /** Bytes the engine may use. */
  long budgetBytes();

  /** What the engine's memory is used for; may be asked for as long as the engine is open. */
  ShardStatistics statistics();

  /** Opens a store; creates the directory when it is absent. */
  StateStore openStore(Path directory, StoreOptions options);

  @Override
  void close();
}
