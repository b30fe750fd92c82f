/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import java.io.Serializable;

/** Opens the engine of a slot. Serializable, because a state backend travels with its job. */
@FunctionalInterface
public interface EngineFactory extends Serializable {

  /**
   * @param budgetBytes hard limit of what the engine may use
   * @param directIo whether data files bypass the page cache
   */
  SlotEngine open(long budgetBytes, boolean directIo);
}
