/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.KeyRange;
import io.eloqstore.flink.key.KeyLayout;
import io.eloqstore.flink.key.KeyedPartition;
import io.eloqstore.flink.key.KeyedPartitions;
import io.eloqstore.flink.key.PartitionCursor;
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
 * The states and timer queues of one keyed backend: what is known of each and its ids in the
 * partitions. Queues lie in the partitions, too, or all of them on the heap.
 *
 * <p>Belongs to the task's thread.
 */
public final class StateTable {
  private static final int QUEUE_CAPACITY = 128;

  /** No state of a user has a name that begins so: ids of queues do not meet those of states. */
  private static final String QUEUE_PREFIX = "\u0001";

  private final KeyGroupRange keyGroupRange;
  private final int numberOfKeyGroups;
  private final boolean timersInStore;
  private final KeyLayout layout;
  private final HeapPriorityQueueSetFactory queueFactory;
  private final Map<String, KeyedState> states = new LinkedHashMap<>();
  private final Map<String, HeapPriorityQueueSnapshotRestoreWrapper<?>> queues =
      new LinkedHashMap<>();
  private final Map<String, StoredQueue> storedQueues = new LinkedHashMap<>();
  private KeyedPartitions partitions;

  /** One key/value state. */
  public static final class KeyedState {
    private final int[] ids;
    private final RegisteredKeyValueStateBackendMetaInfo<?, ?> metaInfo;

    /**
     * @param ids its ids by the index of the partition
     */
    KeyedState(int[] ids, RegisteredKeyValueStateBackendMetaInfo<?, ?> metaInfo) {
      this.ids = ids;
      this.metaInfo = metaInfo;
    }

    /** Ids by the index of the partition; not to be changed. */
    public int[] ids() {
      return ids;
    }

    /** Its id in a partition. */
    public int idIn(KeyedPartition partition) {
      return ids[partition.index()];
    }

    public RegisteredKeyValueStateBackendMetaInfo<?, ?> metaInfo() {
      return metaInfo;
    }

    public boolean isList() {
      return metaInfo.getStateType() == StateDescriptor.Type.LIST;
    }
  }

  /**
   * A timer queue in the partitions: its elements are keys without a value.
   *
   * @param ids its ids by the index of the partition; not to be changed
   */
  public record StoredQueue(int[] ids, RegisteredPriorityQueueStateBackendMetaInfo<?> metaInfo) {}

  /**
   * @param timersInStore whether timer queues lie in the partitions
   */
  public StateTable(KeyGroupRange keyGroupRange, int numberOfKeyGroups, boolean timersInStore) {
    this.keyGroupRange = keyGroupRange;
    this.numberOfKeyGroups = numberOfKeyGroups;
    this.timersInStore = timersInStore;
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
    KeyedState state = new KeyedState(partitions().register(name), metaInfo);
    states.put(name, state);
    return state;
  }

  /** All key/value states, in the order they were registered. */
  public Collection<KeyedState> states() {
    return states.values();
  }

  public boolean timersInStore() {
    return timersInStore;
  }

  /** The queue of that name in the partitions; {@code null} when it is not known. */
  public StoredQueue findQueue(String name) {
    return storedQueues.get(name);
  }

  /** Registers a queue in the partitions, or replaces what is known of it; its ids stay. */
  public StoredQueue putQueue(RegisteredPriorityQueueStateBackendMetaInfo<?> metaInfo) {
    StoredQueue queue = new StoredQueue(queueIds(metaInfo.getName()), metaInfo);
    storedQueues.put(metaInfo.getName(), queue);
    return queue;
  }

  /** Queues in the partitions, in the order they were registered. */
  Collection<StoredQueue> storedQueues() {
    return storedQueues.values();
  }

  /** The ids that a queue has, or would have, in the partitions. */
  int[] queueIds(String name) {
    return partitions().register(QUEUE_PREFIX + name);
  }

  /** The queue that has its ids under a name. */
  static String queueName(String idName) {
    return idName.substring(QUEUE_PREFIX.length());
  }

  /** What a queue has in a key group, if it lies in the partitions. */
  public KeyRange queueRange(int[] ids, int keyGroup) {
    return layout.stateRange(keyGroup, ids[partitions().of(keyGroup).index()]);
  }

  /** The timer queues on the heap by name; changed by Flink's queue registry. */
  public Map<String, HeapPriorityQueueSnapshotRestoreWrapper<?>> queues() {
    return queues;
  }

  public HeapPriorityQueueSetFactory queueFactory() {
    return queueFactory;
  }

  public int numberOfKeyGroups() {
    return numberOfKeyGroups;
  }

  /** Where the states lie. */
  public KeyedPartitions partitions() {
    if (partitions == null) {
      throw new IllegalStateException("no partition is open yet");
    }
    return partitions;
  }

  /** Walks what a state has in one key group of the backend. */
  public PartitionCursor cursor(KeyedState state, int keyGroup) {
    KeyedPartition part = partitions().of(keyGroup);
    return new PartitionCursor(part.partition(), layout.stateRange(keyGroup, state.idIn(part)));
  }

  /** Names the partitions, once, before any state is put. */
  void usePartitions(KeyedPartitions opened) {
    if (partitions != null) {
      throw new IllegalStateException("the partitions are known already");
    }
    partitions = opened;
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

  /** The queue on the heap that takes a snapshot's timers; made when it is not there. */
  HeapPriorityQueueSnapshotRestoreWrapper<?> restoreQueue(StateMetaInfoSnapshot snapshot) {
    return queues.computeIfAbsent(
        snapshot.getName(),
        name -> newQueue(new RegisteredPriorityQueueStateBackendMetaInfo<>(snapshot)));
  }

  /** The queue in the partitions that takes a snapshot's timers, as that one describes it. */
  StoredQueue restoreStoredQueue(StateMetaInfoSnapshot snapshot) {
    StoredQueue known = storedQueues.get(snapshot.getName());
    return known != null
        ? known
        : putQueue(new RegisteredPriorityQueueStateBackendMetaInfo<>(snapshot));
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
    storedQueues.values().forEach(queue -> snapshots.add(queue.metaInfo().snapshot()));
    return snapshots;
  }

  /** The timers on the heap as they are now, in the order of {@link #metaSnapshots}. */
  List<HeapPriorityQueueStateSnapshot<?>> queueSnapshots() {
    List<HeapPriorityQueueStateSnapshot<?>> snapshots = new ArrayList<>();
    queues.values().forEach(queue -> snapshots.add(queue.stateSnapshot()));
    return snapshots;
  }
}
