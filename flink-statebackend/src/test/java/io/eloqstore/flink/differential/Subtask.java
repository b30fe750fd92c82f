/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.differential;

import io.eloqstore.flink.fake.LongSum;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.RunnableFuture;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.state.AggregatingStateDescriptor;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ReducingStateDescriptor;
import org.apache.flink.api.common.state.State;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.checkpoint.SavepointType;
import org.apache.flink.runtime.checkpoint.SnapshotType;
import org.apache.flink.runtime.execution.Environment;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.AbstractStateBackend;
import org.apache.flink.runtime.state.CheckpointStorageLocationReference;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupedInternalPriorityQueue;
import org.apache.flink.runtime.state.KeyedStateBackendParametersImpl;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SavepointResources;
import org.apache.flink.runtime.state.SavepointSnapshotStrategy;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.SnapshotStrategyRunner;
import org.apache.flink.runtime.state.internal.InternalAggregatingState;
import org.apache.flink.runtime.state.internal.InternalListState;
import org.apache.flink.runtime.state.internal.InternalMapState;
import org.apache.flink.runtime.state.internal.InternalReducingState;
import org.apache.flink.runtime.state.internal.InternalValueState;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.streaming.api.operators.TimerHeapInternalTimer;
import org.apache.flink.streaming.api.operators.TimerSerializer;
import org.apache.flink.util.CloseableIterator;

/** One keyed backend with every kind of state, under Flink's interfaces only. */
final class Subtask {
  static final Duration TTL = Duration.ofMillis(1000);
  static final String VALUE = "value";

  final AbstractKeyedStateBackend<String> backend;
  final KeyGroupRange range;
  InternalValueState<String, String, String> value;
  InternalListState<String, String, Integer> list;
  InternalMapState<String, String, Integer, String> map;
  InternalReducingState<String, String, Long> reducing;
  InternalAggregatingState<String, String, Long, Long, Long> aggregating;
  InternalValueState<String, String, String> expiring;
  KeyGroupedInternalPriorityQueue<TimerHeapInternalTimer<String, String>> timers;

  Subtask(
      AbstractStateBackend stateBackend,
      Environment env,
      int keyGroups,
      KeyGroupRange range,
      TtlTimeProvider time,
      Collection<KeyedStateHandle> handles,
      Random order)
      throws Exception {
    this.range = range;
    this.backend =
        stateBackend.createKeyedStateBackend(
            new KeyedStateBackendParametersImpl<>(
                env,
                new JobID(),
                "differential",
                StringSerializer.INSTANCE,
                keyGroups,
                range,
                env.getTaskKvStateRegistry(),
                time,
                UnregisteredMetricsGroup.createOperatorMetricGroup(),
                (name, duration) -> {},
                handles,
                new CloseableRegistry(),
                0.5));
    register(order);
  }

  /** In another order in each subtask. */
  private void register(Random order) throws Exception {
    ValueStateDescriptor<String> withTtl =
        new ValueStateDescriptor<>("expiring", StringSerializer.INSTANCE);
    withTtl.enableTimeToLive(StateTtlConfig.newBuilder(TTL).cleanupFullSnapshot().build());
    List<Registration> registrations = new ArrayList<>();
    registrations.add(
        () -> value = state(new ValueStateDescriptor<>(VALUE, StringSerializer.INSTANCE)));
    registrations.add(
        () -> list = state(new ListStateDescriptor<>("list", IntSerializer.INSTANCE)));
    registrations.add(
        () ->
            map =
                state(
                    new MapStateDescriptor<>(
                        "map", IntSerializer.INSTANCE, StringSerializer.INSTANCE)));
    registrations.add(
        () ->
            reducing =
                state(
                    new ReducingStateDescriptor<>(
                        "reducing", (a, b) -> a * 31 + b, LongSerializer.INSTANCE)));
    registrations.add(
        () ->
            aggregating =
                state(
                    new AggregatingStateDescriptor<>(
                        "aggregating", new LongSum(), LongSerializer.INSTANCE)));
    registrations.add(() -> expiring = state(withTtl));
    registrations.add(
        () ->
            timers =
                backend.create(
                    "timers",
                    new TimerSerializer<>(StringSerializer.INSTANCE, StringSerializer.INSTANCE)));
    Collections.shuffle(registrations, order);
    for (Registration registration : registrations) {
      registration.run();
    }
  }

  private interface Registration {
    void run() throws Exception;
  }

  @SuppressWarnings("unchecked")
  private <S extends State, I> I state(StateDescriptor<S, ?> descriptor) throws Exception {
    return (I) backend.getOrCreateKeyedState(StringSerializer.INSTANCE, descriptor);
  }

  /** Everything of one key and namespace, in words. */
  String dump(String key, String namespace) throws Exception {
    backend.setCurrentKey(key);
    value.setCurrentNamespace(namespace);
    list.setCurrentNamespace(namespace);
    map.setCurrentNamespace(namespace);
    reducing.setCurrentNamespace(namespace);
    aggregating.setCurrentNamespace(namespace);
    expiring.setCurrentNamespace(namespace);
    Map<Integer, String> entries = new HashMap<>();
    for (Map.Entry<Integer, String> entry : map.entries()) {
      entries.put(entry.getKey(), entry.getValue());
    }
    Iterable<Integer> elements = list.get();
    List<Integer> copied = new ArrayList<>();
    if (elements != null) {
      elements.forEach(copied::add);
    }
    return "value="
        + value.value()
        + " list="
        + copied
        + " map="
        + new TreeMap<>(entries)
        + " reducing="
        + reducing.get()
        + " aggregating="
        + aggregating.get()
        + " expiring="
        + expiring.value();
  }

  Set<String> keysOf(String state, String namespace) {
    try (Stream<String> keys = backend.getKeys(state, namespace)) {
      return new HashSet<>(keys.toList());
    }
  }

  Set<Long> timerStamps() throws Exception {
    Set<Long> stamps = new HashSet<>();
    CloseableIterator<TimerHeapInternalTimer<String, String>> all = timers.iterator();
    all.forEachRemaining(timer -> stamps.add(timer.getTimestamp()));
    all.close();
    return stamps;
  }

  RunnableFuture<SnapshotResult<KeyedStateHandle>> snapshot(
      long id, SnapshotType type, CheckpointStreamFactory target) throws Exception {
    return backend.snapshot(id, 0, target, options(type));
  }

  private static CheckpointOptions options(SnapshotType type) {
    return CheckpointOptions.alignedNoTimeout(
        type, CheckpointStorageLocationReference.getDefault());
  }

  /** A canonical savepoint, written by Flink's own writer. */
  KeyedStateHandle savepoint(CheckpointStreamFactory target) throws Exception {
    SavepointResources<String> resources = backend.savepoint();
    RunnableFuture<SnapshotResult<KeyedStateHandle>> future =
        new SnapshotStrategyRunner<>(
                "savepoint",
                new SavepointSnapshotStrategy<>(resources.getSnapshotResources()),
                new CloseableRegistry(),
                resources.getPreferredSnapshotExecutionType())
            .snapshot(
                1, 0, target, options(SavepointType.savepoint(SavepointFormatType.CANONICAL)));
    future.run();
    return future.get().getJobManagerOwnedSnapshot();
  }
}
