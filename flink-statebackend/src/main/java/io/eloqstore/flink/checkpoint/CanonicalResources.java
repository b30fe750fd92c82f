/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.flink.checkpoint.CanonicalIterator.PartSource;
import io.eloqstore.flink.checkpoint.CanonicalIterator.StateSource;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import io.eloqstore.flink.checkpoint.StateTable.StoredQueue;
import io.eloqstore.flink.key.CanonicalEntries;
import io.eloqstore.flink.key.KeyLayout;
import io.eloqstore.flink.key.KeyedPartition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.runtime.state.FullSnapshotResources;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyValueStateIterator;
import org.apache.flink.runtime.state.StreamCompressionDecorator;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueStateSnapshot;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;
import org.apache.flink.util.ResourceGuard;

/**
 * What a canonical savepoint writes, fixed at the moment {@link #open} is called. Made by the
 * task's thread, read by the one that writes the savepoint.
 */
public final class CanonicalResources<K> implements FullSnapshotResources<K> {
  private final ResourceGuard.Lease lease;
  private final List<PartSource> parts;
  private final List<HeapPriorityQueueStateSnapshot<?>> timers;
  private final List<StateMetaInfoSnapshot> metaInfos;
  private final int firstQueueId;
  private final KeyLayout layout;
  private final KeyGroupRange keyGroups;
  private final TypeSerializer<K> keySerializer;
  private final StreamCompressionDecorator compression;

  private CanonicalResources(
      ResourceGuard.Lease lease,
      List<PartSource> parts,
      StateTable table,
      TypeSerializer<K> keySerializer,
      StreamCompressionDecorator compression) {
    this.lease = lease;
    this.parts = parts;
    this.timers = table.queueSnapshots();
    this.metaInfos = table.metaSnapshots();
    this.firstQueueId = metaInfos.size() - timers.size();
    this.layout = table.layout();
    this.keyGroups = table.keyGroupRange();
    this.keySerializer = keySerializer;
    this.compression = compression;
  }

  /**
   * @param guard taken until {@link #release}
   */
  public static <K> CanonicalResources<K> open(
      StateTable table,
      TypeSerializer<K> keySerializer,
      StreamCompressionDecorator compression,
      ResourceGuard guard)
      throws IOException {
    ResourceGuard.Lease lease = guard.acquireResource();
    List<PartSource> parts = new ArrayList<>();
    try {
      for (KeyedPartition part : table.partitions().all()) {
        parts.add(source(part, table));
      }
      return new CanonicalResources<>(lease, parts, table, keySerializer, compression);
    } catch (RuntimeException e) {
      parts.forEach(part -> part.entries().close());
      lease.close();
      throw e;
    }
  }

  private static PartSource source(KeyedPartition part, StateTable table) {
    Map<Integer, StateSource> sources = new HashMap<>();
    Set<Integer> lists = new HashSet<>();
    for (KeyedState state : table.states()) {
      int id = state.idIn(part);
      sources.put(
          id,
          new StateSource(
              sources.size(),
              state
                  .metaInfo()
                  .getStateSnapshotTransformFactory()
                  .createForSerializedState()
                  .orElse(null)));
      if (state.isList()) {
        lists.add(id);
      }
    }
    for (StoredQueue queue : table.storedQueues()) {
      sources.put(queue.ids()[part.index()], new StateSource(sources.size(), null));
    }
    CanonicalEntries entries =
        new CanonicalEntries(
            part.partition().iterator(table.layout().keyGroupRange(part.keyGroups()), false),
            table.layout(),
            lists::contains);
    return new PartSource(entries, sources);
  }

  @Override
  public List<StateMetaInfoSnapshot> getMetaInfoSnapshots() {
    return metaInfos;
  }

  @Override
  public KeyValueStateIterator createKVStateIterator() throws IOException {
    return new CanonicalIterator(parts, timers, firstQueueId, layout, keyGroups);
  }

  @Override
  public KeyGroupRange getKeyGroupRange() {
    return keyGroups;
  }

  @Override
  public TypeSerializer<K> getKeySerializer() {
    return keySerializer;
  }

  @Override
  public StreamCompressionDecorator getStreamCompressionDecorator() {
    return compression;
  }

  @Override
  public void release() {
    try {
      parts.forEach(part -> part.entries().close());
    } finally {
      lease.close();
    }
  }
}
