/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import io.eloqstore.flink.key.KeyLayout;

/**
 * Puts canonical entries into a partition.
 *
 * @param layout of the engine's keys
 */
record EntrySink(OwnedPartition partition, KeyLayout layout) {

  /** A list comes as one value and stays so until it is appended to. */
  void put(KeyedState state, byte[] canonicalKey, byte[] value) {
    byte[] key = layout.engineKey(canonicalKey, state.id());
    if (state.isList()) {
      partition.putList(key, 0, key.length, value, 0, value.length);
    } else {
      partition.put(key, 0, key.length, value, 0, value.length);
    }
  }
}
