/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import io.eloqstore.flink.config.EloqStoreOptions;
import io.eloqstore.flink.config.EloqStoreOptions.TimerServiceType;
import io.eloqstore.flink.fake.ContractEngine;
import java.util.Collection;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.runtime.state.CheckpointableKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateBackendParametersImpl;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;

/** A keyed backend of ours with string keys, and what it needs around it. */
public record SwitchedBackend(
    MockEnvironment env, CheckpointableKeyedStateBackend<String> backend) {

  public static SwitchedBackend open(
      boolean timersInStore,
      KeyGroupRange keyGroups,
      int numberOfKeyGroups,
      Collection<KeyedStateHandle> handles)
      throws Exception {
    MockEnvironment env = new MockEnvironmentBuilder().build();
    EloqStoreStateBackend stateBackend =
        new EloqStoreStateBackend(
            TestSettings.defaults()
                .with(
                    EloqStoreOptions.TIMER_SERVICE_FACTORY,
                    timersInStore ? TimerServiceType.ELOQSTORE : TimerServiceType.HEAP),
            ContractEngine.FACTORY);
    return new SwitchedBackend(
        env,
        stateBackend.createKeyedStateBackend(
            new KeyedStateBackendParametersImpl<>(
                env,
                new JobID(),
                "switch",
                StringSerializer.INSTANCE,
                numberOfKeyGroups,
                keyGroups,
                env.getTaskKvStateRegistry(),
                TtlTimeProvider.DEFAULT,
                UnregisteredMetricsGroup.createOperatorMetricGroup(),
                (name, value) -> {},
                handles,
                new CloseableRegistry(),
                1.0)));
  }

  public void close() throws Exception {
    backend.dispose();
    env.close();
  }
}
