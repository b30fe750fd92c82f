/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.config.BackendSettings;
import io.eloqstore.flink.config.EloqStoreOptions;
import io.eloqstore.flink.fake.ContractEngine;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Metrics are there, say what is, and are harmless when the backend is gone. */
class MetricsTest {
  private static final ValueStateDescriptor<String> VALUE =
      new ValueStateDescriptor<>("value", String.class);

  @TempDir Path directory;

  private final Map<String, Gauge<?>> gauges = new TreeMap<>();
  private BackendHarness harness;

  private final class Group extends UnregisteredMetricsGroup {
    private final String prefix;

    Group(String prefix) {
      this.prefix = prefix;
    }

    @Override
    public <T, G extends Gauge<T>> G gauge(String name, G gauge) {
      gauges.put(prefix + name, gauge);
      return gauge;
    }

    @Override
    public MetricGroup addGroup(String name) {
      return new Group(prefix + name + ".");
    }
  }

  private AbstractKeyedStateBackend<Integer> create(boolean metrics, KeyedStateHandle... handles)
      throws Exception {
    if (harness == null) {
      harness = new BackendHarness(directory);
    }
    harness.metrics = new Group("");
    BackendSettings settings =
        TestSettings.defaults()
            .with(EloqStoreOptions.LOCAL_DIRECTORIES, directory.toString())
            .with(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true)
            .with(EloqStoreOptions.METRICS, metrics);
    return harness.create(
        new EloqStoreStateBackend(settings, ContractEngine.FACTORY),
        KeyGroupRange.of(0, BackendHarness.KEY_GROUPS - 1),
        handles);
  }

  @AfterEach
  void close() throws Exception {
    harness.close();
  }

  private long value(String name) {
    return ((Number) gauges.get("eloqstore." + name).getValue()).longValue();
  }

  @Test
  void gaugesSayWhatIs() throws Exception {
    AbstractKeyedStateBackend<Integer> backend = create(true);
    ValueState<String> value = BackendHarness.state(backend, VALUE);
    for (int key = 0; key < 3000; key++) {
      backend.setCurrentKey(key);
      value.update("value " + key);
    }
    assertThat(value("memory-budget-bytes")).isPositive();
    assertThat(value("memory-write-buffer-bytes")).isPositive();
    KeyedStateHandle handle =
        BackendHarness.snapshot(
            backend, 1, CheckpointType.CHECKPOINT, new MemCheckpointStreamFactory(64 << 20));
    backend.notifyCheckpointComplete(1);
    assertThat(value("estimate-num-keys")).isEqualTo(3000);
    assertThat(value("memory-mapping-bytes")).isPositive();
    assertThat(value("partitions")).isEqualTo(1);
    long uploaded = value("checkpoint-uploaded-bytes");
    assertThat(uploaded).isGreaterThan(3000L * 10);
    assertThat(value("checkpoint-reused-bytes")).isZero();
    backend.setCurrentKey(1);
    value.update("changed");
    BackendHarness.snapshot(
        backend, 2, CheckpointType.CHECKPOINT, new MemCheckpointStreamFactory(64 << 20));
    assertThat(value("checkpoint-reused-bytes")).isPositive();
    assertThat(value("restore-fetched-bytes")).isZero();
    Map<String, Gauge<?>> old = new TreeMap<>(gauges);
    backend.dispose();
    old.forEach((name, gauge) -> assertThat(gauge.getValue()).as(name).isNotNull());

    backend = create(true, handle);
    assertThat(value("restore-fetched-files")).isPositive();
    assertThat(value("restore-fetched-bytes")).isPositive();
    assertThat(value("estimate-num-keys")).isEqualTo(3000);
    backend.dispose();
  }

  @Test
  void metricsCanBeLeftOut() throws Exception {
    create(false).dispose();
    assertThat(gauges).isEmpty();
  }
}
