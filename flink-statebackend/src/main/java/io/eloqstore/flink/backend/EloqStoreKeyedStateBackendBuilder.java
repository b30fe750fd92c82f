/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.backend;

import io.eloqstore.api.StoreOptions;
import io.eloqstore.flink.checkpoint.NativeSnapshots;
import io.eloqstore.flink.checkpoint.SnapshotOrigin;
import io.eloqstore.flink.checkpoint.StateRestore;
import io.eloqstore.flink.checkpoint.StateTable;
import io.eloqstore.flink.checkpoint.TransferCounts;
import io.eloqstore.flink.config.BackendSettings;
import io.eloqstore.flink.resource.BackendLease;
import io.eloqstore.flink.resource.EngineFactory;
import io.eloqstore.flink.resource.SlotLease;
import io.eloqstore.flink.resource.WorkingDirectories;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.runtime.execution.Environment;
import org.apache.flink.runtime.metrics.MetricNames;
import org.apache.flink.runtime.state.BackendBuildingException;
import org.apache.flink.runtime.state.InternalKeyContext;
import org.apache.flink.runtime.state.InternalKeyContextImpl;
import org.apache.flink.runtime.state.StateBackend.KeyedStateBackendParameters;
import org.apache.flink.runtime.state.StateSerializerProvider;
import org.apache.flink.runtime.state.StreamCompressionDecorator;
import org.apache.flink.runtime.state.metrics.LatencyTrackingStateConfig;
import org.apache.flink.runtime.state.metrics.SizeTrackingStateConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds a keyed backend: takes memory, a working directory and a store, restores, and hands all of
 * it to the backend. A build that fails leaves nothing behind.
 */
public final class EloqStoreKeyedStateBackendBuilder<K> {
  private static final Logger LOG =
      LoggerFactory.getLogger(EloqStoreKeyedStateBackendBuilder.class);

  final KeyedStateBackendParameters<K> parameters;
  final LatencyTrackingStateConfig latencyTracking;
  final SizeTrackingStateConfig sizeTracking;
  final StreamCompressionDecorator compression;
  final BackendSettings settings;
  private final EngineFactory engines;

  public EloqStoreKeyedStateBackendBuilder(
      KeyedStateBackendParameters<K> parameters,
      BackendSettings settings,
      EngineFactory engines,
      LatencyTrackingStateConfig latencyTracking,
      SizeTrackingStateConfig sizeTracking,
      StreamCompressionDecorator compression) {
    this.parameters = parameters;
    this.settings = settings;
    this.engines = engines;
    this.latencyTracking = latencyTracking;
    this.sizeTracking = sizeTracking;
    this.compression = compression;
  }

  ClassLoader userCode() {
    return parameters.getEnv().getUserCodeClassLoader().asClassLoader();
  }

  InternalKeyContext<K> keyContext() {
    return new InternalKeyContextImpl<>(
        parameters.getKeyGroupRange(), parameters.getNumberOfKeyGroups());
  }

  /**
   * @throws BackendBuildingException with the reason; everything taken was given back
   */
  public EloqStoreKeyedStateBackend<K> build() throws IOException {
    BackendLease lease = openLease();
    try {
      return build(lease);
    } catch (Exception | Error e) {
      try {
        lease.release();
      } catch (IOException releaseFailure) {
        e.addSuppressed(releaseFailure);
      }
      if (e instanceof BackendBuildingException known) {
        throw known;
      }
      if (e instanceof Error error) {
        throw error;
      }
      throw new BackendBuildingException(
          "Could not build the EloqStore keyed state backend of "
              + parameters.getOperatorIdentifier(),
          e);
    }
  }

  private BackendLease openLease() throws IOException {
    Environment env = parameters.getEnv();
    SlotLease slot =
        SlotLease.acquire(
            env.getMemoryManager(), parameters.getManagedMemoryFraction(), settings, engines);
    Path directory;
    try {
      directory =
          WorkingDirectories.create(
              baseDirectories(env), env.getJobID(), parameters.getOperatorIdentifier());
    } catch (IOException | RuntimeException e) {
      try {
        slot.close();
      } catch (IOException closeFailure) {
        e.addSuppressed(closeFailure);
      }
      throw e;
    }
    return BackendLease.open(
        slot,
        directory,
        // Flink recovers from checkpoints: what a power cut takes from local disks is not missed.
        StoreOptions.defaults()
            .withDurability(StoreOptions.Durability.NEVER)
            .withSegments(settings.segments()));
  }

  private List<Path> baseDirectories(Environment env) {
    if (settings.localDirectories().isEmpty()) {
      return List.of(env.getTaskManagerInfo().getTmpWorkingDirectory().toPath());
    }
    return settings.localDirectories().stream().map(File::new).map(File::toPath).toList();
  }

  private EloqStoreKeyedStateBackend<K> build(BackendLease lease) throws Exception {
    StateTable table =
        new StateTable(
            parameters.getKeyGroupRange(),
            parameters.getNumberOfKeyGroups(),
            settings.timersInStore());
    StateSerializerProvider<K> keySerializer =
        StateSerializerProvider.fromNewRegisteredSerializer(parameters.getKeySerializer());
    TransferCounts counts = new TransferCounts();
    long begin = System.nanoTime();
    SnapshotOrigin origin =
        new StateRestore<>(
                lease.store(),
                table,
                keySerializer,
                userCode(),
                settings.transferThreads(),
                parameters.getCancelStreamRegistry(),
                counts)
            .restore(parameters.getStateHandles());
    long restoreMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    long fetchMs = TimeUnit.NANOSECONDS.toMillis(counts.fetchNanos());
    parameters
        .getCustomInitializationMetrics()
        .addMetric(MetricNames.RESTORE_STATE_DURATION, restoreMs);
    parameters
        .getCustomInitializationMetrics()
        .addMetric(MetricNames.DOWNLOAD_STATE_DURATION, fetchMs);
    LOG.info(
        "Keyed state of {}, key groups {}: {} partitions from {} handles, {} files with {} bytes"
            + " fetched in {} ms, open after {} ms",
        parameters.getOperatorIdentifier(),
        parameters.getKeyGroupRange(),
        table.partitions().all().size(),
        parameters.getStateHandles().size(),
        counts.fetchedFiles(),
        counts.fetchedBytes(),
        fetchMs,
        restoreMs);
    if (settings.metrics()) {
      new BackendMetrics(lease, table.partitions(), counts).register(parameters.getMetricGroup());
    }
    return new EloqStoreKeyedStateBackend<>(
        this,
        keySerializer.currentSchemaSerializer(),
        lease,
        table,
        new NativeSnapshots<>(
            table,
            keySerializer.currentSchemaSerializer(),
            lease.guard(),
            origin,
            parameters.getEnv().getTaskStateManager().createLocalRecoveryConfig(),
            settings.transferThreads(),
            settings.incremental(),
            counts,
            parameters.getOperatorIdentifier()),
        // The caller's registry ends with the restore; the backend cancels its own snapshots.
        new CloseableRegistry());
  }
}
