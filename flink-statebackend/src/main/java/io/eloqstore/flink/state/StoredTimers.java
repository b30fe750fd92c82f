/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.flink.checkpoint.StateTable;
import io.eloqstore.flink.checkpoint.StateTable.StoredQueue;
import io.eloqstore.flink.key.KeyedPartition;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.runtime.state.KeyExtractorFunction;
import org.apache.flink.runtime.state.KeyGroupedInternalPriorityQueue;
import org.apache.flink.runtime.state.Keyed;
import org.apache.flink.runtime.state.PriorityComparable;
import org.apache.flink.runtime.state.PriorityComparator;
import org.apache.flink.runtime.state.RegisteredPriorityQueueStateBackendMetaInfo;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueElement;
import org.apache.flink.runtime.state.heap.KeyGroupPartitionedPriorityQueue;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.flink.util.StateMigrationException;

/**
 * Makes timer queues that lie in the partitions.
 *
 * <p>Belongs to the task's thread.
 *
 * @param cacheSize elements of a key group that a queue keeps in memory at most
 */
public record StoredTimers(StateTable table, int cacheSize) {

  /**
   * A queue with everything that was restored under the name.
   *
   * @throws FlinkRuntimeException when the serializer cannot read what was restored
   */
  public <T extends HeapPriorityQueueElement & PriorityComparable<? super T> & Keyed<?>>
      KeyGroupedInternalPriorityQueue<T> createOrUpdate(
          String name, TypeSerializer<T> serializer, boolean allowFutureMetadataUpdates) {
    StoredQueue known = table.findQueue(name);
    TypeSerializer<T> used = known == null ? serializer : adapt(known, serializer);
    RegisteredPriorityQueueStateBackendMetaInfo<T> metaInfo =
        new RegisteredPriorityQueueStateBackendMetaInfo<>(name, used);
    StoredQueue queue =
        table.putQueue(
            allowFutureMetadataUpdates ? metaInfo.withSerializerUpgradesAllowed() : metaInfo);
    TimerSet.Elements<T> elements = TimerSet.Elements.of(used, cacheSize);
    return new KeyGroupPartitionedPriorityQueue<T, TimerSet<T>>(
        KeyExtractorFunction.forKeyedObjects(),
        PriorityComparator.forPriorityComparableObjects(),
        (keyGroup, keyGroups, extractor, comparator) -> set(elements, queue, keyGroup),
        table.keyGroupRange(),
        table.numberOfKeyGroups());
  }

  /**
   * The serializer to go on with; timers that have a former format are written anew.
   *
   * @throws FlinkRuntimeException when it cannot read what was restored
   */
  @SuppressWarnings("unchecked")
  private <T> TypeSerializer<T> adapt(StoredQueue known, TypeSerializer<T> serializer) {
    RegisteredPriorityQueueStateBackendMetaInfo<T> metaInfo =
        (RegisteredPriorityQueueStateBackendMetaInfo<T>) known.metaInfo();
    TypeSerializer<T> former = metaInfo.getElementSerializer();
    TypeSerializerSchemaCompatibility<T> compatibility =
        metaInfo.updateElementSerializer(serializer);
    if (compatibility.isIncompatible()) {
      throw new FlinkRuntimeException(
          new StateMigrationException(
              "The new priority queue serializer must not be incompatible: the timers of "
                  + metaInfo.getName()
                  + " cannot be read by "
                  + serializer));
    }
    if (compatibility.isCompatibleAfterMigration()) {
      for (int group : table.keyGroupRange()) {
        rewrite(known, group, former, serializer);
      }
    }
    return metaInfo.getElementSerializer();
  }

  private <T> void rewrite(
      StoredQueue queue, int group, TypeSerializer<T> former, TypeSerializer<T> serializer) {
    KeyedPartition part = table.partitions().of(group);
    byte[] prefix = table.layout().prefix(group, queue.ids()[part.index()]);
    TimerSet<T> before =
        new TimerSet<>(TimerSet.Elements.of(former, cacheSize), part.partition(), prefix);
    List<T> timers = new ArrayList<>();
    before.iterator().forEachRemaining(timers::add);
    if (!timers.isEmpty()) {
      part.partition().deleteRange(KeyRange.prefix(prefix));
      new TimerSet<>(TimerSet.Elements.of(serializer, cacheSize), part.partition(), prefix)
          .addAll(timers);
    }
  }

  private <T> TimerSet<T> set(TimerSet.Elements<T> elements, StoredQueue queue, int keyGroup) {
    KeyedPartition part = table.partitions().of(keyGroup);
    OwnedPartition partition = part.partition();
    byte[] prefix = table.layout().prefix(keyGroup, queue.ids()[part.index()]);
    return new TimerSet<>(elements, partition, prefix);
  }
}
