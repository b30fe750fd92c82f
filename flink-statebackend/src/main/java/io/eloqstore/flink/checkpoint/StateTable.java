/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.flink.key.KeyLayout;
import io.eloqstore.flink.key.StateIds;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.runtime.state.KeyExtractorFunction;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.Keyed;
import org.apache.flink.runtime.state.PriorityComparable;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.runtime.state.RegisteredPriorityQueueStateBackendMetaInfo;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueElement;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueSetFactory;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueSnapshotRestoreWrapper;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueStateSnapshot;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;

/**
 * The states of one keyed backend: what is known of each, its id in the partition, and the timer
 * queues on the heap.
 *
 * <p>Belongs to the task's thread.
 */
public final class StateTable {
  private static final int QUEUE_CAPACITY = 128;

  private final KeyGroupRange keyGroupRange;
  private final int numberOfKeyGroups;
  private final KeyLayout layout;
  private final HeapPriorityQueueSetFactory queueFactory;
  private final Map<String, KeyedState> states = new LinkedHashMap<>();
  private final Map<String, HeapPriorityQueueSnapshotRestoreWrapper<?>> queues =
      new LinkedHashMap<>();
  private StateIds ids = new StateIds();

  /**
   * One key/value state.
   *
   * @param id its id in the partition
   */
  public record KeyedState(int id, RegisteredKeyValueStateBackendMetaInfo<?, ?> metaInfo) {

    public boolean isList() {
      return metaInfo.getStateType() == StateDescriptor.Type.LIST;
    }
  }

  public StateTable(KeyGroupRange keyGroupRange, int numberOfKeyGroups) {
    this.keyGroupRange = keyGroupRange;
    this.numberOfKeyGroups = numberOfKeyGroups;
    this.layout = KeyLayout.of(numberOfKeyGroups);
    this.queueFactory =
        new HeapPriorityQueueSetFactory(keyGroupRange, numberOfKeyGroups, QUEUE_CAPACITY);
  }

  public KeyLayout layout() {
    return layout;
  }

  public KeyGroupRange keyGroupRange() {
    return keyGroupRange;
  }

  /** The state of that name; {@code null} when it is neither registered nor restored. */
  public KeyedState find(String name) {
    return states.get(name);
  }

  /** Registers a state, or replaces what is known of it; its id stays. */
  public KeyedState put(String name, RegisteredKeyValueStateBackendMetaInfo<?, ?> metaInfo) {
    KeyedState state = new KeyedState(ids.idOf(name), metaInfo);
    states.put(name, state);
    return state;
  }

  /** All key/value states, in the order they were registered. */
  public Collection<KeyedState> states() {
    return states.values();
  }

  /** The timer queues by name; changed by Flink's queue registry. */
  public Map<String, HeapPriorityQueueSnapshotRestoreWrapper<?>> queues() {
    return queues;
  }

  public HeapPriorityQueueSetFactory queueFactory() {
    return queueFactory;
  }

  public int numberOfKeyGroups() {
    return numberOfKeyGroups;
  }

  StateIds ids() {
    return ids;
  }

  /** Takes over the ids of a restored partition; before any state is put. */
  void useIds(StateIds restored) {
    if (!states.isEmpty()) {
      throw new IllegalStateException("states are registered already: " + states.keySet());
    }
    ids = restored;
  }

  /** Takes over what a snapshot says of a state, unless it is known already. */
  KeyedState restoreState(StateMetaInfoSnapshot snapshot) {
    KeyedState known = states.get(snapshot.getName());
    if (known != null) {
      return known;
    }
    return put(
        snapshot.getName(),
        (RegisteredKeyValueStateBackendMetaInfo<?, ?>)
            RegisteredKeyValueStateBackendMetaInfo.fromMetaInfoSnapshot(snapshot));
  }

  /** The queue that takes a snapshot's timers; made when it is not there. */
  HeapPriorityQueueSnapshotRestoreWrapper<?> restoreQueue(StateMetaInfoSnapshot snapshot) {
    return queues.computeIfAbsent(
        snapshot.getName(),
        name -> newQueue(new RegisteredPriorityQueueStateBackendMetaInfo<>(snapshot)));
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private <T extends HeapPriorityQueueElement & PriorityComparable<? super T> & Keyed<?>>
      HeapPriorityQueueSnapshotRestoreWrapper<T> newQueue(
          RegisteredPriorityQueueStateBackendMetaInfo metaInfo) {
    return new HeapPriorityQueueSnapshotRestoreWrapper<>(
        queueFactory.<T>create(metaInfo.getName(), metaInfo.getElementSerializer()),
        metaInfo,
        KeyExtractorFunction.forKeyedObjects(),
        keyGroupRange,
        numberOfKeyGroups);
  }

  /** Meta information of every state, then of every queue: the order a snapshot lists them in. */
  List<StateMetaInfoSnapshot> metaSnapshots() {
    List<StateMetaInfoSnapshot> snapshots = new ArrayList<>();
    states.values().forEach(state -> snapshots.add(state.metaInfo().snapshot()));
    queues.values().forEach(queue -> snapshots.add(queue.getMetaInfo().snapshot()));
    return snapshots;
  }

  /** The timers as they are now, in the order of {@link #metaSnapshots}. */
  List<HeapPriorityQueueStateSnapshot<?>> queueSnapshots() {
    List<HeapPriorityQueueStateSnapshot<?>> snapshots = new ArrayList<>();
    queues.values().forEach(queue -> snapshots.add(queue.stateSnapshot()));
    return snapshots;
  }
}
