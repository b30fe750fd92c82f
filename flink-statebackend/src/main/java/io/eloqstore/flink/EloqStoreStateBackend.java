/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import io.eloqstore.flink.backend.EloqStoreKeyedStateBackendBuilder;
import io.eloqstore.flink.config.BackendSettings;
import io.eloqstore.flink.resource.EngineFactory;
import java.io.IOException;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.AbstractManagedMemoryStateBackend;
import org.apache.flink.runtime.state.ConfigurableStateBackend;
import org.apache.flink.runtime.state.DefaultOperatorStateBackendBuilder;
import org.apache.flink.runtime.state.OperatorStateBackend;

/**
 * Keeps keyed state in EloqStore: on local disks, cached in the managed memory of the slot. Made
 * and asked by Flink; opens nothing until a keyed backend is created.
 *
 * <p>Immutable; {@link #configure} makes a configured copy.
 */
public final class EloqStoreStateBackend extends AbstractManagedMemoryStateBackend
    implements ConfigurableStateBackend {
  private static final long serialVersionUID = 1L;

  private final BackendSettings settings;
  private final EngineFactory engines;

  EloqStoreStateBackend(BackendSettings settings, EngineFactory engines) {
    this.settings = settings;
    this.engines = engines;
  }

  BackendSettings settings() {
    return settings;
  }

  @Override
  public EloqStoreStateBackend configure(ReadableConfig config, ClassLoader classLoader) {
    EloqStoreStateBackend copy = new EloqStoreStateBackend(settings.merge(config), engines);
    copy.latencyTrackingConfigBuilder = latencyTrackingConfigBuilder.configure(config);
    copy.sizeTrackingConfigBuilder = sizeTrackingConfigBuilder.configure(config);
    return copy;
  }

  @Override
  public boolean useManagedMemory() {
    return settings.fixedBytesPerSlot() == 0;
  }

  @Override
  public boolean supportsNoClaimRestoreMode() {
    return true;
  }

  @Override
  public boolean supportsSavepointFormat(SavepointFormatType formatType) {
    return true;
  }

  @Override
  public <K> AbstractKeyedStateBackend<K> createKeyedStateBackend(
      KeyedStateBackendParameters<K> parameters) throws IOException {
    return new EloqStoreKeyedStateBackendBuilder<>(
            parameters,
            settings,
            engines,
            latencyTrackingConfigBuilder.setMetricGroup(parameters.getMetricGroup()).build(),
            sizeTrackingConfigBuilder.setMetricGroup(parameters.getMetricGroup()).build(),
            getCompressionDecorator(parameters.getEnv().getExecutionConfig()))
        .build();
  }

  @Override
  public OperatorStateBackend createOperatorStateBackend(OperatorStateBackendParameters parameters)
      throws Exception {
    return new DefaultOperatorStateBackendBuilder(
            parameters.getEnv().getUserCodeClassLoader().asClassLoader(),
            parameters.getEnv().getExecutionConfig(),
            true,
            parameters.getStateHandles(),
            parameters.getCancelStreamRegistry())
        .build();
  }

  @Override
  public String toString() {
    return "EloqStoreStateBackend" + settings;
  }
}
