/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.flink.checkpoint.CanonicalIterator.StateSource;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import io.eloqstore.flink.key.CanonicalEntries;
import io.eloqstore.flink.key.KeyLayout;
import java.io.IOException;
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
  private final CanonicalEntries entries;
  private final Map<Integer, StateSource> sources;
  private final List<HeapPriorityQueueStateSnapshot<?>> timers;
  private final List<StateMetaInfoSnapshot> metaInfos;
  private final KeyLayout layout;
  private final KeyGroupRange keyGroups;
  private final TypeSerializer<K> keySerializer;
  private final StreamCompressionDecorator compression;

  private CanonicalResources(
      ResourceGuard.Lease lease,
      CanonicalEntries entries,
      Map<Integer, StateSource> sources,
      StateTable table,
      TypeSerializer<K> keySerializer,
      StreamCompressionDecorator compression) {
    this.lease = lease;
    this.entries = entries;
    this.sources = sources;
    this.timers = table.queueSnapshots();
    this.metaInfos = table.metaSnapshots();
    this.layout = table.layout();
    this.keyGroups = table.keyGroupRange();
    this.keySerializer = keySerializer;
    this.compression = compression;
  }

  /**
   * @param guard taken until {@link #release}
   */
  public static <K> CanonicalResources<K> open(
      OwnedPartition partition,
      StateTable table,
      TypeSerializer<K> keySerializer,
      StreamCompressionDecorator compression,
      ResourceGuard guard)
      throws IOException {
    Map<Integer, StateSource> sources = new HashMap<>();
    Set<Integer> lists = new HashSet<>();
    for (KeyedState state : table.states()) {
      sources.put(
          state.id(),
          new StateSource(
              sources.size(),
              state
                  .metaInfo()
                  .getStateSnapshotTransformFactory()
                  .createForSerializedState()
                  .orElse(null)));
      if (state.isList()) {
        lists.add(state.id());
      }
    }
    ResourceGuard.Lease lease = guard.acquireResource();
    CanonicalEntries entries = null;
    try {
      KeyGroupRange groups = table.keyGroupRange();
      entries =
          new CanonicalEntries(
              partition.iterator(
                  table.layout().keyGroupRange(groups.getStartKeyGroup(), groups.getEndKeyGroup()),
                  false),
              table.layout(),
              lists::contains);
      return new CanonicalResources<>(lease, entries, sources, table, keySerializer, compression);
    } catch (RuntimeException e) {
      if (entries != null) {
        entries.close();
      }
      lease.close();
      throw e;
    }
  }

  @Override
  public List<StateMetaInfoSnapshot> getMetaInfoSnapshots() {
    return metaInfos;
  }

  @Override
  public KeyValueStateIterator createKVStateIterator() throws IOException {
    return new CanonicalIterator(entries, sources, timers, layout, keyGroups);
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
      entries.close();
    } finally {
      lease.close();
    }
  }
}
