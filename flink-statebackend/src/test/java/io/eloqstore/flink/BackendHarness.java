/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import io.eloqstore.flink.config.BackendSettings;
import io.eloqstore.flink.config.EloqStoreOptions;
import io.eloqstore.flink.fake.FakeEngine;
import io.eloqstore.flink.resource.EngineFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.concurrent.RunnableFuture;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.state.State;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.checkpoint.SnapshotType;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.AbstractStateBackend;
import org.apache.flink.runtime.state.CheckpointStorageLocationReference;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.CheckpointableKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateBackendParametersImpl;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;

/** A slot of a TaskManager with one keyed backend after the other, for tests. */
final class BackendHarness {
  static final int KEY_GROUPS = 16;

  final MockEnvironment env;
  final Path directory;
  EngineFactory engines = FakeEngine::open;
  BackendSettings settings;
  TtlTimeProvider time = TtlTimeProvider.DEFAULT;
  MetricGroup metrics = UnregisteredMetricsGroup.createOperatorMetricGroup();

  BackendHarness(Path directory) {
    this(directory, new MockEnvironmentBuilder().build());
  }

  BackendHarness(Path directory, MockEnvironment env) {
    this.directory = directory;
    this.settings =
        TestSettings.defaults()
            .with(EloqStoreOptions.LOCAL_DIRECTORIES, directory.toString())
            .with(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
    this.env = env;
  }

  EloqStoreStateBackend stateBackend() {
    return new EloqStoreStateBackend(settings, engines);
  }

  AbstractKeyedStateBackend<Integer> create(KeyedStateHandle... handles) throws Exception {
    return create(stateBackend(), KeyGroupRange.of(0, KEY_GROUPS - 1), handles);
  }

  AbstractKeyedStateBackend<Integer> create(
      AbstractStateBackend backend, KeyGroupRange range, KeyedStateHandle... handles)
      throws Exception {
    return backend.createKeyedStateBackend(
        new KeyedStateBackendParametersImpl<>(
            env,
            new JobID(),
            "operator (1/2)",
            IntSerializer.INSTANCE,
            KEY_GROUPS,
            range,
            env.getTaskKvStateRegistry(),
            time,
            metrics,
            (name, value) -> {},
            new ArrayList<>(Arrays.asList(handles)),
            new CloseableRegistry(),
            1.0));
  }

  static <S extends State> S state(
      CheckpointableKeyedStateBackend<Integer> backend, StateDescriptor<S, ?> descriptor)
      throws Exception {
    return backend.getPartitionedState(
        VoidNamespace.INSTANCE, VoidNamespaceSerializer.INSTANCE, descriptor);
  }

  /** Takes a snapshot; {@code null} when there was nothing in it. */
  static KeyedStateHandle snapshot(
      CheckpointableKeyedStateBackend<Integer> backend,
      long id,
      SnapshotType type,
      CheckpointStreamFactory target)
      throws Exception {
    RunnableFuture<SnapshotResult<KeyedStateHandle>> future =
        backend.snapshot(
            id,
            0,
            target,
            CheckpointOptions.alignedNoTimeout(
                type, CheckpointStorageLocationReference.getDefault()));
    future.run();
    return future.get().getJobManagerOwnedSnapshot();
  }

  /** Fails when managed memory is still reserved. */
  void close() throws Exception {
    env.close();
  }
}
