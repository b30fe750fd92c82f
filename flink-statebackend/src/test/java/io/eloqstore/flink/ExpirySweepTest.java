/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.fake.ContractEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.apache.flink.runtime.state.ttl.MockTtlTimeProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Expired values leave the store without being read, by Flink's clock. */
class ExpirySweepTest {
  private static final int KEYS = 2000;
  private static final Duration TTL = Duration.ofHours(1);

  @TempDir Path directory;

  private final MockTtlTimeProvider time = new MockTtlTimeProvider();
  private BackendHarness harness;
  private AbstractKeyedStateBackend<Integer> backend;
  private long checkpointId;

  @BeforeEach
  void open() throws Exception {
    time.setCurrentTimestamp(1_000_000);
    harness = new BackendHarness(directory);
    harness.engines = ContractEngine.FACTORY;
    harness.time = time;
    backend = harness.create();
  }

  @AfterEach
  void close() throws Exception {
    backend.dispose();
    harness.close();
  }

  private static <D extends StateDescriptor<?, ?>> D expiring(D descriptor, StateTtlConfig ttl) {
    descriptor.enableTimeToLive(ttl);
    return descriptor;
  }

  private void checkpoint() throws Exception {
    checkpointId++;
    BackendHarness.snapshot(
        backend, checkpointId, CheckpointType.CHECKPOINT, new MemCheckpointStreamFactory(64 << 20));
  }

  private void awaitEntries(int count) {
    while (backend.numKeyValueStateEntries() > count) {
      Thread.yield();
    }
    assertThat(backend.numKeyValueStateEntries()).isEqualTo(count);
  }

  @Test
  void valuesMapEntriesAndListsGoWithTheFirstCheckpointAfterTheirTime() throws Exception {
    StateTtlConfig ttl = StateTtlConfig.newBuilder(TTL).build();
    ValueState<String> value =
        BackendHarness.state(
            backend, expiring(new ValueStateDescriptor<>("value", String.class), ttl));
    MapState<Integer, String> map =
        BackendHarness.state(
            backend, expiring(new MapStateDescriptor<>("map", Integer.class, String.class), ttl));
    ListState<String> list =
        BackendHarness.state(
            backend, expiring(new ListStateDescriptor<>("list", String.class), ttl));
    ValueState<String> forever =
        BackendHarness.state(backend, new ValueStateDescriptor<>("forever", String.class));
    for (int key = 0; key < KEYS; key++) {
      backend.setCurrentKey(key);
      value.update("value " + key);
      map.put(1, "one");
      map.put(2, "two");
      list.add("a");
      list.addAll(List.of("b", "c"));
      forever.update("forever " + key);
    }
    checkpoint();
    assertThat(backend.numKeyValueStateEntries()).isEqualTo(5 * KEYS);

    time.setCurrentTimestamp(1_000_000 + TTL.toMillis() / 2);
    for (int key = 0; key < 10; key++) {
      backend.setCurrentKey(key);
      value.update("later " + key);
      map.put(2, "later");
      list.add("later");
    }
    checkpoint();
    assertThat(backend.numKeyValueStateEntries()).isEqualTo(5 * KEYS);

    time.setCurrentTimestamp(1_000_000 + TTL.toMillis());
    checkpoint();
    awaitEntries(KEYS + 3 * 10);
    for (int key = 0; key < 10; key++) {
      backend.setCurrentKey(key);
      assertThat(value.value()).isEqualTo("later " + key);
      assertThat(map.get(1)).isNull();
      assertThat(map.get(2)).isEqualTo("later");
      assertThat(list.get()).containsExactly("later");
      assertThat(forever.value()).isEqualTo("forever " + key);
    }
  }

  @Test
  void settingsOfTheCompactionFilterAreUnderstood() throws Exception {
    StateTtlConfig swept =
        StateTtlConfig.newBuilder(TTL)
            .cleanupInRocksdbCompactFilter(1, Duration.ofMinutes(10))
            .build();
    StateTtlConfig never = StateTtlConfig.newBuilder(TTL).disableCleanupInBackground().build();
    ValueState<String> first =
        BackendHarness.state(
            backend, expiring(new ValueStateDescriptor<>("swept", String.class), swept));
    ValueState<String> second =
        BackendHarness.state(
            backend, expiring(new ValueStateDescriptor<>("never", String.class), never));
    for (int key = 0; key < 100; key++) {
      backend.setCurrentKey(key);
      first.update("x");
      second.update("y");
    }
    time.setCurrentTimestamp(1_000_000 + 10 * TTL.toMillis());
    checkpoint();
    // The sweep goes through what the checkpoint wrote, or a later one does.
    checkpoint();
    time.setCurrentTimestamp(1_000_000 + 11 * TTL.toMillis());
    checkpoint();
    awaitEntries(100);
    backend.setCurrentKey(7);
    assertThat(first.value()).isNull();
    assertThat(second.value()).isNull();
  }

  @Test
  void valuesThatGetATimeToLiveWhileTheyAreStoredAreNotTakenForOld() throws Exception {
    ValueStateDescriptor<String> descriptor = new ValueStateDescriptor<>("value", String.class);
    ValueState<String> value = BackendHarness.state(backend, descriptor);
    for (int key = 0; key < 100; key++) {
      backend.setCurrentKey(key);
      value.update("value " + key);
    }
    var handle =
        BackendHarness.snapshot(
            backend, 1, CheckpointType.CHECKPOINT, new MemCheckpointStreamFactory(64 << 20));
    backend.dispose();
    checkpointId = 1;
    backend = harness.create(handle);
    value =
        BackendHarness.state(
            backend,
            expiring(
                new ValueStateDescriptor<>("value", String.class),
                StateTtlConfig.newBuilder(TTL).build()));
    time.setCurrentTimestamp(1_000_000 + TTL.toMillis() - 1);
    checkpoint();
    for (int key = 0; key < 100; key++) {
      backend.setCurrentKey(key);
      assertThat(value.value()).isEqualTo("value " + key);
    }
    time.setCurrentTimestamp(1_000_000 + 2 * TTL.toMillis());
    checkpoint();
    awaitEntries(0);
  }
}
