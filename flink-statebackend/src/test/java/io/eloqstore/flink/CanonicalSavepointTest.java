/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.fake.ContractEngine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.RunnableFuture;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ReducingStateDescriptor;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.checkpoint.SavepointType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.AbstractStateBackend;
import org.apache.flink.runtime.state.CheckpointStorageLocationReference;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupedInternalPriorityQueue;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SavepointResources;
import org.apache.flink.runtime.state.SavepointSnapshotStrategy;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.SnapshotStrategyRunner;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.apache.flink.streaming.api.operators.TimerHeapInternalTimer;
import org.apache.flink.streaming.api.operators.TimerSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Canonical savepoints go from this backend to Flink's heap backend and back, with every state. */
class CanonicalSavepointTest {
  private static final int KEYS = 200;
  private static final ValueStateDescriptor<String> VALUE =
      new ValueStateDescriptor<>("value", StringSerializer.INSTANCE);
  private static final ListStateDescriptor<String> LIST =
      new ListStateDescriptor<>("list", StringSerializer.INSTANCE);
  private static final MapStateDescriptor<Integer, String> MAP =
      new MapStateDescriptor<>("map", IntSerializer.INSTANCE, StringSerializer.INSTANCE);
  private static final ReducingStateDescriptor<Integer> REDUCING =
      new ReducingStateDescriptor<>("reducing", Integer::sum, IntSerializer.INSTANCE);

  @TempDir Path directory;

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

  @Test
  void fromThisBackendToTheHeapBackend() throws Exception {
    move(harness.stateBackend(), new HashMapStateBackend());
  }

  @Test
  void fromTheHeapBackendToThisBackend() throws Exception {
    move(new HashMapStateBackend(), harness.stateBackend());
  }

  @Test
  void fromThisBackendToItself() throws Exception {
    move(harness.stateBackend(), harness.stateBackend());
  }

  @Test
  void timersAndStatesSurviveANativeCheckpoint() throws Exception {
    AbstractKeyedStateBackend<Integer> source = create(harness.stateBackend());
    fill(source);
    KeyedStateHandle handle =
        BackendHarness.snapshot(
            source, 1, CheckpointType.CHECKPOINT, new MemCheckpointStreamFactory(10 << 20));
    source.dispose();
    AbstractKeyedStateBackend<Integer> target = create(harness.stateBackend(), handle);
    check(target);
    target.dispose();
  }

  private void move(AbstractStateBackend from, AbstractStateBackend to) throws Exception {
    AbstractKeyedStateBackend<Integer> source = create(from);
    fill(source);
    KeyedStateHandle savepoint = savepoint(source);
    source.dispose();
    AbstractKeyedStateBackend<Integer> target = create(to, savepoint);
    check(target);
    target.dispose();
  }

  private AbstractKeyedStateBackend<Integer> create(
      AbstractStateBackend backend, KeyedStateHandle... handles) throws Exception {
    return harness.create(backend, KeyGroupRange.of(0, BackendHarness.KEY_GROUPS - 1), handles);
  }

  private static KeyedStateHandle savepoint(AbstractKeyedStateBackend<Integer> backend)
      throws Exception {
    SavepointResources<Integer> resources = backend.savepoint();
    RunnableFuture<SnapshotResult<KeyedStateHandle>> future =
        new SnapshotStrategyRunner<>(
                "savepoint",
                new SavepointSnapshotStrategy<>(resources.getSnapshotResources()),
                new CloseableRegistry(),
                resources.getPreferredSnapshotExecutionType())
            .snapshot(
                1,
                0,
                new MemCheckpointStreamFactory(10 << 20),
                CheckpointOptions.alignedNoTimeout(
                    SavepointType.savepoint(SavepointFormatType.CANONICAL),
                    CheckpointStorageLocationReference.getDefault()));
    // What is written after the savepoint was begun does not belong to it.
    backend.setCurrentKey(1);
    BackendHarness.state(backend, VALUE).update("too late");
    BackendHarness.state(backend, LIST).add("too late");
    future.run();
    return future.get().getJobManagerOwnedSnapshot();
  }

  private static void fill(AbstractKeyedStateBackend<Integer> backend) throws Exception {
    for (int key = 0; key < KEYS; key++) {
      backend.setCurrentKey(key);
      BackendHarness.state(backend, VALUE).update("value " + key);
      ListState<String> list = BackendHarness.state(backend, LIST);
      list.add("dropped");
      list.update(List.of("a", "b" + key));
      list.add("c");
      list.addAll(List.of("d", "e"));
      if (key % 3 == 0) {
        list.clear();
      }
      MapState<Integer, String> map = BackendHarness.state(backend, MAP);
      for (int i = 0; i < key % 5; i++) {
        map.put(i, i == 1 ? null : "entry " + i);
      }
      BackendHarness.state(backend, REDUCING).add(key);
      BackendHarness.state(backend, REDUCING).add(1);
    }
    KeyGroupedInternalPriorityQueue<TimerHeapInternalTimer<Integer, VoidNamespace>> timers =
        timers(backend);
    for (int key = 0; key < KEYS; key++) {
      timers.add(new TimerHeapInternalTimer<>(1000 - key, key, VoidNamespace.INSTANCE));
    }
  }

  private static void check(AbstractKeyedStateBackend<Integer> backend) throws Exception {
    for (int key = 0; key < KEYS; key++) {
      backend.setCurrentKey(key);
      assertThat(BackendHarness.state(backend, VALUE).value()).isEqualTo("value " + key);
      Iterable<String> list = BackendHarness.state(backend, LIST).get();
      if (key % 3 == 0) {
        assertThat(list == null || !list.iterator().hasNext()).isTrue();
      } else {
        assertThat(list).containsExactly("a", "b" + key, "c", "d", "e");
      }
      MapState<Integer, String> map = BackendHarness.state(backend, MAP);
      for (int i = 0; i < 5; i++) {
        assertThat(map.contains(i)).isEqualTo(i < key % 5);
        assertThat(map.get(i)).isEqualTo(i >= key % 5 || i == 1 ? null : "entry " + i);
      }
      assertThat(BackendHarness.state(backend, REDUCING).get()).isEqualTo(key + 1);
    }
    assertThat(keys(backend, "value")).hasSize(KEYS);
    assertThat(keys(backend, "list")).hasSize(KEYS - (KEYS + 2) / 3);
    assertThat(keys(backend, "map")).hasSize(KEYS - KEYS / 5);
    // Queries of timers are by time: the highest key fires first.
    KeyGroupedInternalPriorityQueue<TimerHeapInternalTimer<Integer, VoidNamespace>> timers =
        timers(backend);
    assertThat(timers.size()).isEqualTo(KEYS);
    for (int key = KEYS - 1; key >= 0; key--) {
      assertThat(timers.poll().getKey()).isEqualTo(key);
    }
  }

  private static List<Integer> keys(AbstractKeyedStateBackend<Integer> backend, String state) {
    try (Stream<Integer> keys = backend.getKeys(state, VoidNamespace.INSTANCE)) {
      List<Integer> found = new ArrayList<>(keys.toList());
      assertThat(found).hasSize(new TreeSet<>(found).size());
      return found;
    }
  }

  private static KeyGroupedInternalPriorityQueue<TimerHeapInternalTimer<Integer, VoidNamespace>>
      timers(AbstractKeyedStateBackend<Integer> backend) {
    return backend.create(
        "timers", new TimerSerializer<>(IntSerializer.INSTANCE, VoidNamespaceSerializer.INSTANCE));
  }
}
