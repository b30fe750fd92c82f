/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.StateSerializerProvider;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;
import org.apache.flink.runtime.state.restore.FullSnapshotRestoreOperation;
import org.apache.flink.runtime.state.restore.KeyGroup;
import org.apache.flink.runtime.state.restore.KeyGroupEntry;
import org.apache.flink.runtime.state.restore.SavepointRestoreResult;
import org.apache.flink.runtime.state.restore.ThrowingIterator;

/**
 * Puts the entries of canonical savepoints, whichever backend wrote them.
 *
 * <p>Belongs to the task's thread.
 */
final class CanonicalRestore<K> {
  private final StateTable table;
  private final StateSerializerProvider<K> keySerializer;
  private final ClassLoader userCode;
  private final EntrySink sink;
  private final DataInputDeserializer timerIn = new DataInputDeserializer();

  CanonicalRestore(
      OwnedPartition partition,
      StateTable table,
      StateSerializerProvider<K> keySerializer,
      ClassLoader userCode) {
    this.table = table;
    this.keySerializer = keySerializer;
    this.userCode = userCode;
    this.sink = new EntrySink(partition, table.layout());
  }

  void restore(List<KeyedStateHandle> handles) throws Exception {
    try (ThrowingIterator<SavepointRestoreResult> savepoints =
        new FullSnapshotRestoreOperation<>(table.keyGroupRange(), userCode, handles, keySerializer)
            .restore()) {
      while (savepoints.hasNext()) {
        restore(savepoints.next());
      }
    }
  }

  private void restore(SavepointRestoreResult savepoint) throws Exception {
    Map<Integer, KeyedState> states = new HashMap<>();
    Map<Integer, Timers<?>> queues = new HashMap<>();
    List<StateMetaInfoSnapshot> metaInfos = savepoint.getStateMetaInfoSnapshots();
    for (int i = 0; i < metaInfos.size(); i++) {
      StateMetaInfoSnapshot metaInfo = metaInfos.get(i);
      if (metaInfo.getBackendStateType() == StateMetaInfoSnapshot.BackendStateType.PRIORITY_QUEUE) {
        queues.put(i, new Timers<>(table.restoreQueue(metaInfo), table.keyGroupRange()));
      } else {
        states.put(i, table.restoreState(metaInfo));
      }
    }
    try (ThrowingIterator<KeyGroup> groups = savepoint.getRestoredKeyGroups()) {
      while (groups.hasNext()) {
        try (ThrowingIterator<KeyGroupEntry> entries = groups.next().getKeyGroupEntries()) {
          while (entries.hasNext()) {
            restore(entries.next(), states, queues);
          }
        }
      }
    }
  }

  private void restore(
      KeyGroupEntry entry, Map<Integer, KeyedState> states, Map<Integer, Timers<?>> queues)
      throws IOException {
    KeyedState state = states.get(entry.getKvStateId());
    if (state != null) {
      sink.put(state, entry.getKey(), entry.getValue());
      return;
    }
    Timers<?> queue = queues.get(entry.getKvStateId());
    if (queue == null) {
      throw new IOException(
          "The savepoint has an entry of an unknown state " + entry.getKvStateId());
    }
    timerIn.setBuffer(entry.getKey());
    timerIn.skipBytesToRead(table.layout().keyGroupBytes());
    queue.readOne(timerIn);
  }
}
