/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import io.eloqstore.flink.key.CanonicalEntries;
import io.eloqstore.flink.key.StateIds;
import io.eloqstore.flink.resource.StateStore;
import io.eloqstore.flink.resource.WorkingDirectories;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataInputViewStreamWrapper;
import org.apache.flink.runtime.state.BackendBuildingException;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle.HandleAndLocalPath;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupsStateHandle;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.StateSerializerProvider;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;
import org.apache.flink.util.StateMigrationException;

/**
 * Fills a backend from what a checkpoint or savepoint holds.
 *
 * <ul>
 *   <li>One native handle of the same key groups: its files become the partition.
 *   <li>Several, or other key groups: the entries in range are copied out of each.
 *   <li>Canonical handles of any backend: their entries are put.
 * </ul>
 *
 * <p>Belongs to the task's thread.
 */
public final class StateRestore<K> {
  private static final PartitionId STATE = new PartitionId("state", 0);
  private static final String MANIFEST_PREFIX = "manifest";

  private final StateStore store;
  private final StateTable table;
  private final StateSerializerProvider<K> keySerializer;
  private final ClassLoader userCode;
  private final RangeTransfer transfer;
  private final CloseableRegistry cancel;
  private boolean keySerializerChecked;

  /** What a restore leaves: the open partition and the line of checkpoints it continues. */
  public record Restored(OwnedPartition partition, SnapshotOrigin origin) {}

  /**
   * @param table filled with the restored states
   * @param keySerializer told of the serializer of the restored keys
   * @param cancel closing it makes the restore fail
   */
  public StateRestore(
      StateStore store,
      StateTable table,
      StateSerializerProvider<K> keySerializer,
      ClassLoader userCode,
      int transferThreads,
      CloseableRegistry cancel) {
    this.store = store;
    this.table = table;
    this.keySerializer = keySerializer;
    this.userCode = userCode;
    this.transfer = new RangeTransfer(transferThreads);
    this.cancel = cancel;
  }

  /**
   * @param handles of one kind; may be empty
   * @throws BackendBuildingException for a kind of handle that this backend cannot read
   */
  public Restored restore(Collection<KeyedStateHandle> handles) throws Exception {
    List<KeyedStateHandle> present = handles.stream().filter(Objects::nonNull).toList();
    if (present.isEmpty()) {
      return new Restored(store.openPartition(STATE), SnapshotOrigin.fresh());
    }
    KeyedStateHandle first = present.get(0);
    if (first instanceof IncrementalRemoteKeyedStateHandle) {
      List<IncrementalRemoteKeyedStateHandle> natives = new ArrayList<>();
      for (KeyedStateHandle handle : present) {
        if (!(handle instanceof IncrementalRemoteKeyedStateHandle ours)) {
          throw unreadable(handle);
        }
        natives.add(ours);
      }
      if (natives.size() == 1 && first.getKeyGroupRange().equals(table.keyGroupRange())) {
        return restoreFiles(natives.get(0));
      }
      return copyEntries(natives);
    }
    if (first instanceof KeyGroupsStateHandle) {
      OwnedPartition partition = store.openPartition(STATE);
      return orClose(
          partition,
          () -> {
            new CanonicalRestore<>(partition, table, keySerializer, userCode).restore(present);
            return SnapshotOrigin.fresh();
          });
    }
    throw unreadable(first);
  }

  private static BackendBuildingException unreadable(KeyedStateHandle handle) {
    return new BackendBuildingException(
        "The EloqStore backend cannot restore from a "
            + handle.getClass().getName()
            + ". Take a canonical savepoint and restore from that.");
  }

  private interface Fill {
    SnapshotOrigin run() throws Exception;
  }

  private static Restored orClose(OwnedPartition partition, Fill fill) throws Exception {
    try {
      return new Restored(partition, fill.run());
    } catch (Exception e) {
      try {
        partition.close();
      } catch (RuntimeException closeFailure) {
        e.addSuppressed(closeFailure);
      }
      throw e;
    }
  }

  private Restored restoreFiles(IncrementalRemoteKeyedStateHandle handle) throws Exception {
    try (FSDataInputStream stream = handle.getMetaDataStateHandle().openInputStream();
        Closeable registration = cancel.registerCloseableTemporarily(stream)) {
      assert registration != null;
      DataInputView in = new DataInputViewStreamWrapper(stream);
      MetaStream.Head head = MetaStream.readHead(in, userCode);
      checkKeySerializer(head.keySerializer());
      OwnedPartition partition = openFiles(STATE, handle, head);
      return orClose(
          partition,
          () -> {
            table.useIds(head.ids());
            restoreStates(head);
            restoreTimers(head, in);
            return continueLine(handle);
          });
    }
  }

  /**
   * The manifest is not built upon: the engine may have begun a new one under the old name. Data
   * files are safe, because after a restore only new ones are written.
   */
  private static SnapshotOrigin continueLine(IncrementalRemoteKeyedStateHandle handle)
      throws IOException {
    List<StoredRange> ranges = new ArrayList<>();
    for (HandleAndLocalPath entry : handle.getSharedState()) {
      StoredRange stored = StoredRange.of(entry);
      if (!stored.range().file().startsWith(MANIFEST_PREFIX)) {
        ranges.add(stored);
      }
    }
    RangeLedger ledger = new RangeLedger();
    ledger.restored(handle.getCheckpointId(), ranges);
    return new SnapshotOrigin(handle.getBackendIdentifier(), ledger);
  }

  private Restored copyEntries(List<IncrementalRemoteKeyedStateHandle> handles) throws Exception {
    OwnedPartition partition = store.openPartition(STATE);
    return orClose(
        partition,
        () -> {
          for (int i = 0; i < handles.size(); i++) {
            copyEntries(handles.get(i), new PartitionId("source", i), partition);
          }
          return SnapshotOrigin.fresh();
        });
  }

  private void copyEntries(
      IncrementalRemoteKeyedStateHandle handle, PartitionId sourceId, OwnedPartition target)
      throws Exception {
    KeyGroupRange common = table.keyGroupRange().getIntersection(handle.getKeyGroupRange());
    try (FSDataInputStream stream = handle.getMetaDataStateHandle().openInputStream();
        Closeable registration = cancel.registerCloseableTemporarily(stream)) {
      assert registration != null;
      DataInputView in = new DataInputViewStreamWrapper(stream);
      MetaStream.Head head = MetaStream.readHead(in, userCode);
      checkKeySerializer(head.keySerializer());
      restoreStates(head);
      Map<Integer, KeyedState> targets = new HashMap<>();
      for (Map.Entry<String, Integer> id : head.ids().byName().entrySet()) {
        targets.put(id.getValue(), table.find(id.getKey()));
      }
      if (common.getNumberOfKeyGroups() > 0) {
        try (OwnedPartition source = openFiles(sourceId, handle, head)) {
          copyRange(source, common, targets, target);
        }
        WorkingDirectories.delete(store.partitionDirectory(sourceId));
      }
      restoreTimers(head, in);
    }
  }

  private void copyRange(
      OwnedPartition source,
      KeyGroupRange groups,
      Map<Integer, KeyedState> targets,
      OwnedPartition target) {
    EntrySink sink = new EntrySink(target, table.layout());
    try (CanonicalEntries entries =
        new CanonicalEntries(
            source.iterator(
                table.layout().keyGroupRange(groups.getStartKeyGroup(), groups.getEndKeyGroup()),
                false),
            table.layout(),
            id -> targets.get(id).isList())) {
      while (entries.next()) {
        sink.put(targets.get(entries.stateId()), entries.key(), entries.value());
      }
    }
  }

  private OwnedPartition openFiles(
      PartitionId id, IncrementalRemoteKeyedStateHandle handle, MetaStream.Head head)
      throws Exception {
    List<StoredRange> ranges = new ArrayList<>();
    for (HandleAndLocalPath entry : handle.getSharedState()) {
      ranges.add(StoredRange.of(entry));
    }
    for (HandleAndLocalPath entry : handle.getPrivateState()) {
      ranges.add(StoredRange.of(entry));
    }
    transfer.download(ranges, store.partitionDirectory(id), cancel);
    OwnedPartition partition = store.restorePartition(id, head.imageDescription());
    return orClose(
            partition,
            () -> {
              checkIds(partition, head.ids());
              return SnapshotOrigin.fresh();
            })
        .partition();
  }

  /** Files and meta stream are of the same snapshot exactly if both name the same state ids. */
  private static void checkIds(OwnedPartition partition, StateIds expected) throws IOException {
    byte[] encoded = partition.metadata().get(StateIds.METADATA_NAME);
    Map<String, Integer> actual = encoded == null ? null : StateIds.decode(encoded).byName();
    if (!expected.byName().equals(actual)) {
      throw new IOException(
          "The files and the meta data of the snapshot do not belong together: state ids "
              + actual
              + " in the files, "
              + expected.byName()
              + " in the meta data");
    }
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

  private void restoreStates(MetaStream.Head head) {
    for (StateMetaInfoSnapshot state : head.states()) {
      if (state.getBackendStateType() != StateMetaInfoSnapshot.BackendStateType.PRIORITY_QUEUE) {
        table.restoreState(state);
      }
    }
  }

  private void restoreTimers(MetaStream.Head head, DataInputView in) throws IOException {
    for (StateMetaInfoSnapshot queue : head.queues()) {
      Timers<?> timers = new Timers<>(table.restoreQueue(queue), table.keyGroupRange());
      for (int group : head.timerKeyGroups()) {
        timers.read(in, group);
      }
    }
  }
}
