/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.nio.file.Path;
import java.util.List;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.state.State;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateBackendParametersImpl;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;

/**
 * A slot of a TaskManager with one keyed backend of {@code Long} keys in it, and a working
 * directory of its own under the temporary directory of the JVM.
 *
 * <p>One thread opens, uses and closes it.
 */
public final class StateSlot {
  /** Key groups of the one operator instance; it owns all of them. */
  static final int KEY_GROUPS = 128;

  private final WorkDirectory directory;
  private final MockEnvironment environment;
  private final CloseableRegistry streams;
  private final AbstractKeyedStateBackend<Long> backend;

  private StateSlot(
      WorkDirectory directory,
      MockEnvironment environment,
      CloseableRegistry streams,
      AbstractKeyedStateBackend<Long> backend) {
    this.directory = directory;
    this.environment = environment;
    this.streams = streams;
    this.backend = backend;
  }

  /**
   * @param managedBytes managed memory of the slot, all of it for the backend
   */
  static StateSlot open(BackendKind kind, long managedBytes) throws Exception {
    MockEnvironment environment =
        new MockEnvironmentBuilder()
            .setManagedMemorySize(managedBytes)
            .setMaxParallelism(KEY_GROUPS)
            .build();
    WorkDirectory directory = WorkDirectory.make("state-slot-");
    CloseableRegistry streams = new CloseableRegistry();
    try {
      AbstractKeyedStateBackend<Long> backend =
          kind.create(directory.path())
              .createKeyedStateBackend(
                  new KeyedStateBackendParametersImpl<>(
                      environment,
                      new JobID(),
                      "benchmark",
                      LongSerializer.INSTANCE,
                      KEY_GROUPS,
                      KeyGroupRange.of(0, KEY_GROUPS - 1),
                      environment.getTaskKvStateRegistry(),
                      TtlTimeProvider.DEFAULT,
                      UnregisteredMetricsGroup.createOperatorMetricGroup(),
                      (name, value) -> {},
                      List.of(),
                      streams,
                      1.0));
      return new StateSlot(directory, environment, streams, backend);
    } catch (Exception | Error e) {
      try {
        environment.close();
        directory.delete();
      } catch (Exception suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /** The state of {@code descriptor} in the namespace of plain keyed state. */
  <S extends State> S state(StateDescriptor<S, ?> descriptor) throws Exception {
    return backend.getPartitionedState(
        VoidNamespace.INSTANCE, VoidNamespaceSerializer.INSTANCE, descriptor);
  }

  void selectKey(Long key) {
    backend.setCurrentKey(key);
  }

  /** Where the backend works; it must be empty of files once the slot is closed. */
  Path directory() {
    return directory.path();
  }

  /**
   * Disposes of the backend.
   *
   * @throws IllegalStateException when managed memory is still reserved, or when working files are
   *     left behind; the files are deleted then
   */
  public void close() throws Exception {
    streams.close();
    backend.dispose();
    backend.close();
    List<Path> left = directory.delete();
    environment.close();
    if (!left.isEmpty()) {
      throw new IllegalStateException("The backend left files behind: " + left);
    }
  }
}
