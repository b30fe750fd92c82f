/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.config.EloqStoreOptions;
import io.eloqstore.flink.config.EloqStoreOptions.TimerServiceType;
import io.eloqstore.flink.fake.ContractEngine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyGroupedInternalPriorityQueue;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SharedStateRegistry;
import org.apache.flink.runtime.state.SharedStateRegistryImpl;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.apache.flink.streaming.api.operators.TimerHeapInternalTimer;
import org.apache.flink.streaming.api.operators.TimerSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A backend that comes from sixteen others has eight partitions, and everything of all. */
class ManyPartsTest {
  private static final int KEYS = 800;

  @TempDir Path directory;

  private final SharedStateRegistry registry = new SharedStateRegistryImpl();
  private BackendHarness harness;

  @BeforeEach
  void open() {
    harness = new BackendHarness(directory);
    harness.engines = ContractEngine.FACTORY;
  }

  @AfterEach
  void close() throws Exception {
    harness.close();
  }

  /** The states of one backend, registered in an order that differs between backends. */
  private record States(
      ValueState<String> value,
      ListState<Integer> list,
      MapState<Integer, String> map,
      KeyGroupedInternalPriorityQueue<TimerHeapInternalTimer<Integer, String>> timers) {

    static States of(AbstractKeyedStateBackend<Integer> backend, boolean reversed)
        throws Exception {
      ListState<Integer> list = reversed ? list(backend) : null;
      MapState<Integer, String> map =
          BackendHarness.state(
              backend, new MapStateDescriptor<>("map", Integer.class, String.class));
      ValueState<String> value =
          BackendHarness.state(backend, new ValueStateDescriptor<>("value", String.class));
      return new States(
          value,
          list == null ? list(backend) : list,
          map,
          backend.create(
              "timers", new TimerSerializer<>(IntSerializer.INSTANCE, StringSerializer.INSTANCE)));
    }

    private static ListState<Integer> list(AbstractKeyedStateBackend<Integer> backend)
        throws Exception {
      return BackendHarness.state(backend, new ListStateDescriptor<>("list", Integer.class));
    }
  }

  private static boolean belongs(int key, KeyGroupRange range) {
    return range.contains(KeyGroupRangeAssignment.assignToKeyGroup(key, BackendHarness.KEY_GROUPS));
  }

  private KeyedStateHandle checkpoint(AbstractKeyedStateBackend<Integer> backend, long id)
      throws Exception {
    KeyedStateHandle handle =
        BackendHarness.snapshot(
            backend, id, CheckpointType.CHECKPOINT, new MemCheckpointStreamFactory(64 << 20));
    handle.registerSharedStates(registry, id);
    return handle;
  }

  private KeyedStateHandle write(int group) throws Exception {
    KeyGroupRange range = KeyGroupRange.of(group, group);
    AbstractKeyedStateBackend<Integer> backend = harness.create(harness.stateBackend(), range);
    States states = States.of(backend, group % 2 == 1);
    for (int key = 0; key < KEYS; key++) {
      if (belongs(key, range)) {
        backend.setCurrentKey(key);
        states.value.update("value " + key + "x".repeat(group));
        states.list.add(key);
        states.list.add(group);
        states.map.put(group, "map " + key);
        states.timers.add(new TimerHeapInternalTimer<>(key, key, "ns"));
      }
    }
    KeyedStateHandle handle = checkpoint(backend, 1 + group);
    backend.dispose();
    return handle;
  }

  private void check(AbstractKeyedStateBackend<Integer> backend, KeyGroupRange range)
      throws Exception {
    States states = States.of(backend, false);
    for (int key = 0; key < KEYS; key++) {
      if (belongs(key, range)) {
        int group = KeyGroupRangeAssignment.assignToKeyGroup(key, BackendHarness.KEY_GROUPS);
        backend.setCurrentKey(key);
        assertThat(states.value.value()).isEqualTo("value " + key + "x".repeat(group));
        assertThat(states.list.get()).containsExactly(key, group);
        assertThat(states.map.get(group)).isEqualTo("map " + key);
        assertThat(states.timers.poll().getTimestamp()).isEqualTo(key);
      }
    }
    assertThat(states.timers.poll()).isNull();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void smallestPartsAreCopiedIntoTheirNeighbours(boolean timersInStore) throws Exception {
    harness.settings =
        harness.settings.with(
            EloqStoreOptions.TIMER_SERVICE_FACTORY,
            timersInStore ? TimerServiceType.ELOQSTORE : TimerServiceType.HEAP);
    List<KeyedStateHandle> handles = new ArrayList<>();
    for (int group = 0; group < BackendHarness.KEY_GROUPS; group++) {
      handles.add(write(group));
    }
    // Timers written where the other setting keeps them.
    harness.settings =
        harness.settings.with(
            EloqStoreOptions.TIMER_SERVICE_FACTORY,
            timersInStore ? TimerServiceType.HEAP : TimerServiceType.ELOQSTORE);
    AbstractKeyedStateBackend<Integer> backend =
        harness.create(handles.toArray(new KeyedStateHandle[0]));
    try (Stream<Path> files = Files.walk(directory)) {
      assertThat(files.filter(file -> file.getFileName().toString().matches("state\\.\\d+")))
          .hasSize(8);
    }
    KeyedStateHandle merged = checkpoint(backend, 100);
    check(backend, KeyGroupRange.of(0, BackendHarness.KEY_GROUPS - 1));
    backend.dispose();

    for (KeyGroupRange range : List.of(KeyGroupRange.of(0, 4), KeyGroupRange.of(5, 15))) {
      backend = harness.create(harness.stateBackend(), range, merged);
      check(backend, range);
      backend.dispose();
    }
  }
}
