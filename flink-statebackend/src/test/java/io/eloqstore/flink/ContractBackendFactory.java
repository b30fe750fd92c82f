/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import io.eloqstore.flink.fake.ContractEngine;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.runtime.state.StateBackendFactory;

/** The backend on the engine of the contract tests, by class name. */
public final class ContractBackendFactory implements StateBackendFactory<EloqStoreStateBackend> {

  @Override
  public EloqStoreStateBackend createFromConfig(ReadableConfig config, ClassLoader classLoader) {
    return new EloqStoreStateBackend(TestSettings.defaults(), ContractEngine.FACTORY)
        .configure(config, classLoader);
  }
}
