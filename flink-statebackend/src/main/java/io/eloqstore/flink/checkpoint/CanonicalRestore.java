/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import java.io.IOException;
import java.util.List;
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
  private final TimerRestore timers;

  CanonicalRestore(
      StateTable table, StateSerializerProvider<K> keySerializer, ClassLoader userCode) {
    this.table = table;
    this.keySerializer = keySerializer;
    this.userCode = userCode;
    this.sink = new EntrySink(table);
    this.timers = new TimerRestore(table);
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
    List<StateMetaInfoSnapshot> metaInfos = savepoint.getStateMetaInfoSnapshots();
    KeyedState[] states = new KeyedState[metaInfos.size()];
    for (int i = 0; i < states.length; i++) {
      StateMetaInfoSnapshot metaInfo = metaInfos.get(i);
      if (metaInfo.getBackendStateType() == StateMetaInfoSnapshot.BackendStateType.PRIORITY_QUEUE) {
        timers.register(metaInfo);
      } else {
        states[i] = table.restoreState(metaInfo);
      }
    }
    try (ThrowingIterator<KeyGroup> groups = savepoint.getRestoredKeyGroups()) {
      while (groups.hasNext()) {
        try (ThrowingIterator<KeyGroupEntry> entries = groups.next().getKeyGroupEntries()) {
          while (entries.hasNext()) {
            restore(entries.next(), metaInfos, states);
          }
        }
      }
    }
  }

  private void restore(
      KeyGroupEntry entry, List<StateMetaInfoSnapshot> metaInfos, KeyedState[] states)
      throws IOException {
    int id = entry.getKvStateId();
    if (id < 0 || id >= states.length) {
      throw new IOException("The savepoint has an entry of an unknown state " + id);
    }
    if (states[id] != null) {
      sink.put(states[id], entry.getKey(), entry.getValue());
    } else {
      timers.add(metaInfos.get(id), entry.getKey());
    }
  }
}
