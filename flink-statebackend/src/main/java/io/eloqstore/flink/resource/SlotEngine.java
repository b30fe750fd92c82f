/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import io.eloqstore.api.StoreOptions;
import java.nio.file.Path;

/**
 * Memory, I/O and worker that the stores of one task slot share. Any thread.
 *
 * <p>Every store is closed before its engine.
 */
public interface SlotEngine extends AutoCloseable {

  /** Bytes the engine may use. */
  long budgetBytes();

  /** Opens a store; creates the directory when it is absent. */
  StateStore openStore(Path directory, StoreOptions options);

  @Override
  void close();
}
