/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.flink.checkpoint.StateTable.StoredQueue;
import io.eloqstore.flink.key.KeyedPartition;
import io.eloqstore.flink.key.PartitionCursor;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.runtime.state.KeyGroupPartitioner;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueElement;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueSnapshotRestoreWrapper;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;

/**
 * Puts restored timers where this backend keeps timers, wherever the snapshot had them; those of
 * the backend's key groups only.
 *
 * <p>Belongs to the task's thread. The partitions are known already.
 */
final class TimerRestore {
  private static final byte[] NO_VALUE = {};

  private final StateTable table;
  private final Map<String, Target<?>> targets = new HashMap<>();
  private final DataInputDeserializer in = new DataInputDeserializer();

  TimerRestore(StateTable table) {
    this.table = table;
  }

  /** One queue of this backend. */
  private interface Target<T> {
    /** Adds what the stream of a queue on the heap holds for one key group. */
    void read(DataInputView stream, int keyGroup) throws IOException;

    /** Adds a timer as canonical entries hold it: key group, element. */
    void add(byte[] canonicalKey) throws IOException;
  }

  /** Registers a queue that a snapshot names. */
  void register(StateMetaInfoSnapshot queue) {
    targets.computeIfAbsent(
        queue.getName(),
        name ->
            table.timersInStore()
                ? new InStore<>(table, table.restoreStoredQueue(queue))
                : new OnHeap<>(table.restoreQueue(queue)));
  }

  /** Reads what a native snapshot's heap queue wrote for one key group. */
  void read(StateMetaInfoSnapshot queue, DataInputView stream, int keyGroup) throws IOException {
    targets.get(queue.getName()).read(stream, keyGroup);
  }

  /** Takes an entry of a canonical savepoint. */
  void add(StateMetaInfoSnapshot queue, byte[] canonicalKey) throws IOException {
    targets.get(queue.getName()).add(canonicalKey);
  }

  /** Moves timers that restored partitions hold to the heap, if that is where they belong. */
  void takeOutOfPartitions(Collection<StateMetaInfoSnapshot> queues) throws IOException {
    if (table.timersInStore()) {
      return;
    }
    for (StateMetaInfoSnapshot queue : queues) {
      int[] ids = table.queueIds(queue.getName());
      for (int group : table.keyGroupRange()) {
        takeOut(targets.get(queue.getName()), ids, group);
      }
    }
  }

  private void takeOut(Target<?> target, int[] ids, int group) throws IOException {
    KeyedPartition part = table.partitions().of(group);
    PartitionCursor cursor = new PartitionCursor(part.partition(), table.queueRange(ids, group));
    boolean any = false;
    while (cursor.next()) {
      target.add(
          table.layout().canonicalKey(cursor.bytes(), cursor.keyOffset(), cursor.keyLength()));
      any = true;
    }
    if (any) {
      part.partition().deleteRange(table.queueRange(ids, group));
    }
  }

  /** A queue on the heap. */
  private final class OnHeap<T extends HeapPriorityQueueElement> implements Target<T> {
    private final HeapPriorityQueueSnapshotRestoreWrapper<T> queue;
    private final TypeSerializer<T> serializer;

    OnHeap(HeapPriorityQueueSnapshotRestoreWrapper<T> queue) {
      this.queue = queue;
      this.serializer = queue.getMetaInfo().getElementSerializer();
    }

    @Override
    public void read(DataInputView stream, int keyGroup) throws IOException {
      KeyGroupPartitioner.<T>createKeyGroupPartitionReader(
              serializer::deserialize,
              (timer, group) -> {
                if (table.keyGroupRange().contains(group)) {
                  queue.getPriorityQueue().add(timer);
                }
              })
          .readMappingsInKeyGroup(stream, keyGroup);
    }

    @Override
    public void add(byte[] canonicalKey) throws IOException {
      in.setBuffer(canonicalKey);
      in.skipBytesToRead(table.layout().keyGroupBytes());
      queue.getPriorityQueue().add(serializer.deserialize(in));
    }
  }

  /** A queue in the partitions. */
  private static final class InStore<T> implements Target<T> {
    private final StateTable table;
    private final StoredQueue queue;
    private final TypeSerializer<T> serializer;
    private final DataOutputSerializer out = new DataOutputSerializer(64);

    @SuppressWarnings("unchecked")
    InStore(StateTable table, StoredQueue queue) {
      this.table = table;
      this.queue = queue;
      this.serializer = (TypeSerializer<T>) queue.metaInfo().getElementSerializer();
    }

    @Override
    public void read(DataInputView stream, int keyGroup) throws IOException {
      KeyGroupPartitioner.<T>createKeyGroupPartitionReader(serializer::deserialize, this::put)
          .readMappingsInKeyGroup(stream, keyGroup);
    }

    private void put(T timer, int keyGroup) throws IOException {
      if (!table.keyGroupRange().contains(keyGroup)) {
        return;
      }
      KeyedPartition part = table.partitions().of(keyGroup);
      out.clear();
      out.write(table.layout().prefix(keyGroup, queue.ids()[part.index()]));
      serializer.serialize(timer, out);
      part.partition().put(out.getSharedBuffer(), 0, out.length(), NO_VALUE, 0, 0);
    }

    @Override
    public void add(byte[] canonicalKey) {
      KeyedPartition part = table.partitions().of(table.layout().keyGroup(canonicalKey, 0));
      byte[] key = table.layout().engineKey(canonicalKey, queue.ids()[part.index()]);
      OwnedPartition partition = part.partition();
      partition.put(key, 0, key.length, NO_VALUE, 0, 0);
    }
  }
}
