/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.PartitionId;
import io.eloqstore.flink.key.KeyedPartitions;
import io.eloqstore.flink.key.StateIds;
import io.eloqstore.flink.resource.StateStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.runtime.state.BackendBuildingException;
import org.apache.flink.runtime.state.IncrementalLocalKeyedStateHandle;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;
import org.apache.flink.runtime.state.KeyGroupsStateHandle;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.StateSerializerProvider;
import org.apache.flink.util.StateMigrationException;

/**
 * Fills a backend from what a checkpoint or savepoint holds.
 *
 * <ul>
 *   <li>Native handles, in checkpoint storage or on the local disk: their files become the
 *       partitions, see {@link NativeRestore}.
 *   <li>Canonical handles of any backend: their entries are put.
 * </ul>
 *
 * <p>Belongs to the task's thread.
 */
public final class StateRestore<K> {
  private final StateStore store;
  private final StateTable table;
  private final StateSerializerProvider<K> keySerializer;
  private final ClassLoader userCode;
  private final RangeTransfer transfer;
  private final CloseableRegistry cancel;
  private final TransferCounts counts;
  private boolean keySerializerChecked;

  /**
   * @param store takes the partitions; closing it closes them, also after a failure
   * @param table filled with the partitions and the restored states
   * @param keySerializer told of the serializer of the restored keys
   * @param cancel closing it makes the restore fail
   * @param counts told of what is fetched
   */
  public StateRestore(
      StateStore store,
      StateTable table,
      StateSerializerProvider<K> keySerializer,
      ClassLoader userCode,
      int transferThreads,
      CloseableRegistry cancel,
      TransferCounts counts) {
    this.counts = counts;
    this.store = store;
    this.table = table;
    this.keySerializer = keySerializer;
    this.userCode = userCode;
    this.transfer = new RangeTransfer(transferThreads);
    this.cancel = cancel;
  }

  /** Names the partitions of a backend, by index. */
  static PartitionId partitionId(int index) {
    return new PartitionId("state", index);
  }

  /**
   * @param handles of one kind; may be empty
   * @return the line of checkpoints that goes on
   * @throws BackendBuildingException for a kind of handle that this backend cannot read
   */
  public SnapshotOrigin restore(Collection<KeyedStateHandle> handles) throws Exception {
    List<KeyedStateHandle> present = handles.stream().filter(Objects::nonNull).toList();
    if (!present.isEmpty() && nativeSource(present.get(0)) != null) {
      List<NativeRestore.Source> sources = new ArrayList<>();
      for (KeyedStateHandle handle : present) {
        NativeRestore.Source source = nativeSource(handle);
        if (source == null) {
          throw unreadable(handle);
        }
        sources.add(source);
      }
      return new NativeRestore(store, table, userCode, cancel, counts)
          .restore(sources, head -> checkKeySerializer(head.keySerializer()));
    }
    for (KeyedStateHandle handle : present) {
      if (!(handle instanceof KeyGroupsStateHandle)) {
        throw unreadable(handle);
      }
    }
    table.usePartitions(
        KeyedPartitions.single(
            table.keyGroupRange(), store.openPartition(partitionId(0)), new StateIds()));
    if (!present.isEmpty()) {
      new CanonicalRestore<>(table, keySerializer, userCode).restore(present);
    }
    return SnapshotOrigin.fresh();
  }

  /** {@code null} when it is not the handle of a native snapshot. */
  private NativeRestore.Source nativeSource(KeyedStateHandle handle) throws IOException {
    if (handle instanceof IncrementalRemoteKeyedStateHandle remote) {
      return new NativeRestore.Source(
          remote.getKeyGroupRange(),
          remote.getBackendIdentifier(),
          remote.getCheckpointId(),
          remote.getMetaDataStateHandle(),
          new RemoteFiles(remote, transfer, cancel));
    }
    if (handle instanceof IncrementalLocalKeyedStateHandle local) {
      return new NativeRestore.Source(
          local.getKeyGroupRange(),
          local.getBackendIdentifier(),
          local.getCheckpointId(),
          local.getMetaDataStateHandle(),
          new LocalFiles(local));
    }
    return null;
  }

  private static BackendBuildingException unreadable(KeyedStateHandle handle) {
    return new BackendBuildingException(
        "The EloqStore backend cannot restore from a "
            + handle.getClass().getName()
            + ". Take a canonical savepoint and restore from that.");
  }

  /** All handles of one restore were written with the same key serializer: one look is enough. */
  @SuppressWarnings("unchecked")
  private void checkKeySerializer(TypeSerializerSnapshot<?> restored)
      throws StateMigrationException {
    if (keySerializerChecked) {
      return;
    }
    keySerializerChecked = true;
    TypeSerializer<K> current = keySerializer.currentSchemaSerializer();
    TypeSerializerSchemaCompatibility<K> compatibility =
        keySerializer.setPreviousSerializerSnapshotForRestoredState(
            (TypeSerializerSnapshot<K>) restored);
    if (compatibility.isCompatibleAfterMigration() || compatibility.isIncompatible()) {
      throw new StateMigrationException(
          "Keys cannot be migrated: the key serializer "
              + current
              + " cannot read what "
              + keySerializer.previousSchemaSerializer()
              + " wrote");
    }
  }
}
