/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.fake;

import io.eloqstore.flink.resource.EngineFactory;
import io.eloqstore.flink.resource.ShardEngine;

/** The engine that Flink's own contract tests are run on. */
public final class ContractEngine {
  public static final EngineFactory FACTORY = ShardEngine::open;

  private ContractEngine() {}
}
