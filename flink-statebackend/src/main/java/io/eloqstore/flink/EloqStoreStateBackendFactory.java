/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import io.eloqstore.flink.config.BackendSettings;
import io.eloqstore.flink.resource.ShardEngine;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.runtime.state.StateBackendFactory;

/**
 * What users name: {@code state.backend.type: io.eloqstore.flink.EloqStoreStateBackendFactory}.
 *
 * <p>Flink also asks it on the client and the JobManager, just to learn whether the backend uses
 * managed memory, so it opens nothing.
 */
public final class EloqStoreStateBackendFactory
    implements StateBackendFactory<EloqStoreStateBackend> {

  @Override
  public EloqStoreStateBackend createFromConfig(ReadableConfig config, ClassLoader classLoader) {
    return new EloqStoreStateBackend(BackendSettings.defaults(), ShardEngine::open)
        .configure(config, classLoader);
  }
}
