/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.backend;

import io.eloqstore.flink.checkpoint.CanonicalResources;
import io.eloqstore.flink.checkpoint.NativeSnapshots;
import io.eloqstore.flink.checkpoint.StateTable;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import io.eloqstore.flink.key.PartitionCursor;
import io.eloqstore.flink.resource.BackendLease;
import io.eloqstore.flink.state.EngineState;
import io.eloqstore.flink.state.EngineStates;
import io.eloqstore.flink.state.ExpirySweeps;
import io.eloqstore.flink.state.SnapshotTransforms;
import io.eloqstore.flink.state.StateContext;
import io.eloqstore.flink.state.StoredTimers;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RunnableFuture;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.State;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.HeapPriorityQueuesManager;
import org.apache.flink.runtime.state.KeyGroupedInternalPriorityQueue;
import org.apache.flink.runtime.state.Keyed;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.PriorityComparable;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.runtime.state.SavepointResources;
import org.apache.flink.runtime.state.SnapshotExecutionType;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.SnapshotStrategyRunner;
import org.apache.flink.runtime.state.StateSnapshotTransformer.StateSnapshotTransformFactory;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueElement;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keyed state in partitions of the engine; timers with it or on the heap.
 *
 * <p>Belongs to the task's thread, but for what Flink calls from elsewhere: the asynchronous part
 * of a snapshot, {@link #close}, and queries of single values.
 */
public final class EloqStoreKeyedStateBackend<K> extends AbstractKeyedStateBackend<K> {
  private static final Logger LOG = LoggerFactory.getLogger(EloqStoreKeyedStateBackend.class);

  private final BackendLease lease;
  private final StateTable table;
  private final StateContext<K> context;
  private final NativeSnapshots<K> snapshots;
  private final StateMigration migration;
  private final ExpirySweeps expiry;
  private final HeapPriorityQueuesManager heapTimers;
  private final StoredTimers storedTimers;
  private final Map<String, EngineState<K, ?, ?>> created = new HashMap<>();
  private boolean queried;
  private boolean disposed;

  EloqStoreKeyedStateBackend(
      EloqStoreKeyedStateBackendBuilder<K> builder,
      TypeSerializer<K> keySerializer,
      BackendLease lease,
      StateTable table,
      NativeSnapshots<K> snapshots,
      CloseableRegistry cancel) {
    super(
        builder.parameters.getKvStateRegistry(),
        keySerializer,
        builder.userCode(),
        builder.parameters.getEnv().getExecutionConfig(),
        builder.parameters.getTtlTimeProvider(),
        builder.latencyTracking,
        builder.sizeTracking,
        cancel,
        builder.compression,
        builder.keyContext());
    this.lease = lease;
    this.table = table;
    this.snapshots = snapshots;
    this.context =
        new StateContext<>(table.partitions(), keySerializer, numberOfKeyGroups, lease.guard());
    this.migration = new StateMigration(table, ttlTimeProvider);
    this.expiry = new ExpirySweeps(table, ttlTimeProvider);
    this.storedTimers = new StoredTimers(table, builder.settings.timerCacheSize());
    this.heapTimers =
        new HeapPriorityQueuesManager(
            table.queues(), table.queueFactory(), keyGroupRange, numberOfKeyGroups);
  }

  // ---- keys ------------------------------------------------------------------------------------

  @Override
  public void setCurrentKey(K newKey) {
    super.setCurrentKey(newKey);
    context.selectKey(getCurrentKey(), getCurrentKeyGroupIndex());
  }

  @Override
  public void setCurrentKeyAndKeyGroup(K newKey, int newKeyGroupIndex) {
    super.setCurrentKeyAndKeyGroup(newKey, newKeyGroupIndex);
    context.selectKey(getCurrentKey(), getCurrentKeyGroupIndex());
  }

  @Override
  public <N> Stream<K> getKeys(String state, N namespace) {
    return streams().keys(List.of(state), namespace);
  }

  @Override
  public <N> Stream<K> getKeys(List<String> states, N namespace) {
    return streams().keys(states, namespace);
  }

  @Override
  public <N> Stream<Tuple2<K, N>> getKeysAndNamespaces(String state) {
    return streams().keysAndNamespaces(state);
  }

  private KeyStreams<K> streams() {
    return new KeyStreams<>(table, keySerializer);
  }

  @Override
  public int numKeyValueStateEntries() {
    long count = 0;
    for (KeyedState state : table.states()) {
      if (state.isList()) {
        count += streams().count(state);
        continue;
      }
      for (int group : keyGroupRange) {
        PartitionCursor cursor = table.cursor(state, group);
        while (cursor.next()) {
          count++;
        }
      }
    }
    return Math.toIntExact(count);
  }

  // ---- states ----------------------------------------------------------------------------------

  @Override
  public <N, V, E, S extends State, T extends S> T createOrUpdateInternalState(
      TypeSerializer<N> namespaceSerializer,
      StateDescriptor<S, V> descriptor,
      StateSnapshotTransformFactory<E> transforms)
      throws Exception {
    return createOrUpdateInternalState(namespaceSerializer, descriptor, transforms, false);
  }

  @Override
  @SuppressWarnings("unchecked")
  public <N, V, E, S extends State, T extends S> T createOrUpdateInternalState(
      TypeSerializer<N> namespaceSerializer,
      StateDescriptor<S, V> descriptor,
      StateSnapshotTransformFactory<E> transforms,
      boolean allowFutureMetadataUpdates)
      throws Exception {
    String name = descriptor.getName();
    KeyedState known = table.find(name);
    RegisteredKeyValueStateBackendMetaInfo<N, V> metaInfo;
    boolean rewrite = false;
    if (known == null) {
      metaInfo =
          new RegisteredKeyValueStateBackendMetaInfo<>(
              descriptor.getType(),
              name,
              namespaceSerializer,
              descriptor.getSerializer(),
              StateSnapshotTransformFactory.noTransform());
    } else {
      metaInfo = (RegisteredKeyValueStateBackendMetaInfo<N, V>) known.metaInfo();
      rewrite = migration.check(metaInfo, descriptor, namespaceSerializer);
    }
    EngineState<K, N, V> state;
    if (rewrite) {
      // The new serializers are known, the values still have the former format.
      state = createOrUpdate(descriptor, known, metaInfo);
      migration.rewrite(known, state);
    }
    if (allowFutureMetadataUpdates) {
      metaInfo = metaInfo.withSerializerUpgradesAllowed();
    }
    metaInfo.updateSnapshotTransformFactory(
        SnapshotTransforms.ofStoredBytes(descriptor, metaInfo.getStateSerializer(), transforms));
    KeyedState registered = table.put(name, metaInfo);
    state = createOrUpdate(descriptor, registered, metaInfo);
    expiry.register(descriptor, registered.ids(), metaInfo.getStateSerializer());
    allowQueries(descriptor);
    return (T) state;
  }

  /** Lists and maps are read by iterators of other threads then. */
  @SuppressWarnings("deprecation") // Queryable state is, and still there.
  private void allowQueries(StateDescriptor<?, ?> descriptor) {
    if (descriptor.isQueryable() && !queried) {
      queried = true;
      table.partitions().all().forEach(part -> part.partition().allowConcurrentIterators());
    }
  }

  @SuppressWarnings("unchecked")
  private <N, V> EngineState<K, N, V> createOrUpdate(
      StateDescriptor<?, V> descriptor,
      KeyedState registered,
      RegisteredKeyValueStateBackendMetaInfo<N, V> metaInfo) {
    EngineState<K, N, V> state = (EngineState<K, N, V>) created.get(descriptor.getName());
    if (state == null) {
      state = EngineStates.create(descriptor, registered.ids(), metaInfo, context);
      created.put(descriptor.getName(), state);
    } else {
      EngineStates.update(state, descriptor, metaInfo);
    }
    return state;
  }

  @Override
  public <T extends HeapPriorityQueueElement & PriorityComparable<? super T> & Keyed<?>>
      KeyGroupedInternalPriorityQueue<T> create(
          String stateName, TypeSerializer<T> byteOrderedElementSerializer) {
    return create(stateName, byteOrderedElementSerializer, false);
  }

  @Override
  public <T extends HeapPriorityQueueElement & PriorityComparable<? super T> & Keyed<?>>
      KeyGroupedInternalPriorityQueue<T> create(
          String stateName,
          TypeSerializer<T> byteOrderedElementSerializer,
          boolean allowFutureMetadataUpdates) {
    return table.timersInStore()
        ? storedTimers.createOrUpdate(
            stateName, byteOrderedElementSerializer, allowFutureMetadataUpdates)
        : heapTimers.createOrUpdate(
            stateName, byteOrderedElementSerializer, allowFutureMetadataUpdates);
  }

  /** Queues on the heap keep the objects they are given. */
  @Override
  public boolean isSafeToReuseKVState() {
    return table.timersInStore();
  }

  @Override
  public String getBackendTypeIdentifier() {
    return "eloqstore";
  }

  // ---- snapshots -------------------------------------------------------------------------------

  @Override
  public RunnableFuture<SnapshotResult<KeyedStateHandle>> snapshot(
      long checkpointId,
      long timestamp,
      CheckpointStreamFactory streamFactory,
      CheckpointOptions checkpointOptions)
      throws Exception {
    checkOpen();
    expiry.sweepIfDue();
    return new SnapshotStrategyRunner<>(
            snapshots.description(),
            snapshots,
            cancelStreamRegistry,
            SnapshotExecutionType.ASYNCHRONOUS)
        .snapshot(checkpointId, timestamp, streamFactory, checkpointOptions);
  }

  @Override
  public SavepointResources<K> savepoint() throws Exception {
    checkOpen();
    return new SavepointResources<>(
        CanonicalResources.open(table, keySerializer, keyGroupCompressionDecorator, lease.guard()),
        SnapshotExecutionType.ASYNCHRONOUS);
  }

  private void checkOpen() {
    if (lease.isClosed()) {
      throw new IllegalStateException("The EloqStore keyed state backend is closed");
    }
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) {
    snapshots.notifyCheckpointComplete(checkpointId);
  }

  @Override
  public void notifyCheckpointAborted(long checkpointId) {
    snapshots.notifyCheckpointAborted(checkpointId);
  }

  // ---- end -------------------------------------------------------------------------------------

  /** Cancels running snapshots and releases everything, see {@link BackendLease}. */
  @Override
  public void close() throws IOException {
    try {
      super.close();
    } finally {
      lease.releaseWhenUnused();
    }
  }

  @Override
  public void dispose() {
    if (disposed) {
      return;
    }
    disposed = true;
    super.dispose();
    created.clear();
    try {
      lease.release();
    } catch (IOException e) {
      LOG.error("The EloqStore keyed state backend was not released cleanly", e);
    }
  }
}
