/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import io.eloqstore.flink.key.KeyedPartition;

/** Puts canonical entries into the partitions of a backend. */
record EntrySink(StateTable table) {

  /** A list comes as one value and stays so until it is appended to. */
  void put(KeyedState state, byte[] canonicalKey, byte[] value) {
    KeyedPartition part = table.partitions().of(table.layout().keyGroup(canonicalKey, 0));
    byte[] key = table.layout().engineKey(canonicalKey, state.idIn(part));
    OwnedPartition partition = part.partition();
    if (state.isList()) {
      partition.putList(key, 0, key.length, value, 0, value.length);
    } else {
      partition.put(key, 0, key.length, value, 0, value.length);
    }
  }
}
