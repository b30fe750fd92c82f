/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.differential;

import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.StateSerializerProvider;
import org.apache.flink.runtime.state.restore.FullSnapshotRestoreOperation;
import org.apache.flink.runtime.state.restore.KeyGroup;
import org.apache.flink.runtime.state.restore.KeyGroupEntry;
import org.apache.flink.runtime.state.restore.SavepointRestoreResult;
import org.apache.flink.runtime.state.restore.ThrowingIterator;

/** What canonical savepoints hold, read by Flink's own reader. */
final class CanonicalContent {
  private CanonicalContent() {}

  /** Entries as a multiset: state, key group, key, value in words, and how often. */
  static Map<String, Integer> of(List<KeyedStateHandle> handles, int keyGroups) throws Exception {
    Map<String, Integer> entries = new HashMap<>();
    if (handles.isEmpty()) {
      return entries;
    }
    try (ThrowingIterator<SavepointRestoreResult> savepoints =
        new FullSnapshotRestoreOperation<>(
                KeyGroupRange.of(0, keyGroups - 1),
                CanonicalContent.class.getClassLoader(),
                handles,
                StateSerializerProvider.fromNewRegisteredSerializer(StringSerializer.INSTANCE))
            .restore()) {
      while (savepoints.hasNext()) {
        add(savepoints.next(), entries);
      }
    }
    return entries;
  }

  private static void add(SavepointRestoreResult savepoint, Map<String, Integer> entries)
      throws Exception {
    try (ThrowingIterator<KeyGroup> groups = savepoint.getRestoredKeyGroups()) {
      while (groups.hasNext()) {
        KeyGroup group = groups.next();
        try (ThrowingIterator<KeyGroupEntry> inGroup = group.getKeyGroupEntries()) {
          while (inGroup.hasNext()) {
            KeyGroupEntry entry = inGroup.next();
            String text =
                savepoint.getStateMetaInfoSnapshots().get(entry.getKvStateId()).getName()
                    + " group "
                    + group.getKeyGroupId()
                    + " "
                    + HexFormat.of().formatHex(entry.getKey())
                    + "="
                    + HexFormat.of().formatHex(entry.getValue());
            entries.merge(text, 1, Integer::sum);
          }
        }
      }
    }
  }
}
