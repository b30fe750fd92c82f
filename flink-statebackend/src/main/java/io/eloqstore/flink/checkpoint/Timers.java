/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.runtime.state.KeyGroupPartitioner;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueElement;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueSnapshotRestoreWrapper;

/**
 * Puts restored timers into a queue, those of the backend's key groups only.
 *
 * <p>Belongs to the task's thread.
 */
final class Timers<T extends HeapPriorityQueueElement> {
  private final HeapPriorityQueueSnapshotRestoreWrapper<T> queue;
  private final TypeSerializer<T> serializer;
  private final KeyGroupRange keyGroups;

  Timers(HeapPriorityQueueSnapshotRestoreWrapper<T> queue, KeyGroupRange keyGroups) {
    this.queue = queue;
    this.serializer = queue.getMetaInfo().getElementSerializer();
    this.keyGroups = keyGroups;
  }

  /** Reads what a queue's snapshot wrote for one key group. */
  void read(DataInputView in, int keyGroup) throws IOException {
    KeyGroupPartitioner.<T>createKeyGroupPartitionReader(serializer::deserialize, this::add)
        .readMappingsInKeyGroup(in, keyGroup);
  }

  /** Reads one timer. */
  void readOne(DataInputView in) throws IOException {
    queue.getPriorityQueue().add(serializer.deserialize(in));
  }

  private void add(T timer, int keyGroup) {
    if (keyGroups.contains(keyGroup)) {
      queue.getPriorityQueue().add(timer);
    }
  }
}
