/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.backend;

import io.eloqstore.flink.checkpoint.StateTable;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import io.eloqstore.flink.key.KeyLayout;
import io.eloqstore.flink.key.ListChunks;
import io.eloqstore.flink.key.PartitionCursor;
import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.runtime.state.CompositeKeySerializationUtils;

/**
 * Walks the keys and namespaces of one state in one key group, each pair once, in the order of
 * their bytes. Weakly consistent; pins nothing.
 *
 * <p>Belongs to the task's thread.
 */
final class KeyWalk<K, N> {
  private final PartitionCursor cursor;
  private final KeyLayout layout;
  private final boolean isList;
  private final TypeSerializer<K> keySerializer;
  private final TypeSerializer<N> namespaceSerializer;
  private final boolean ambiguous;
  private final DataInputDeserializer in = new DataInputDeserializer();

  private byte[] pair;
  private int keyEnd;
  private K key;
  private N namespace;

  @SuppressWarnings("unchecked")
  KeyWalk(StateTable table, KeyedState state, int keyGroup, TypeSerializer<K> keySerializer) {
    this.layout = table.layout();
    this.cursor = table.cursor(state, keyGroup);
    this.isList = state.isList();
    this.keySerializer = keySerializer;
    this.namespaceSerializer = (TypeSerializer<N>) state.metaInfo().getNamespaceSerializer();
    this.ambiguous =
        CompositeKeySerializationUtils.isAmbiguousKeyPossible(keySerializer, namespaceSerializer);
  }

  /**
   * Moves to the next pair.
   *
   * @return whether there is one
   */
  boolean next() throws IOException {
    if (pair != null) {
      cursor.skipPrefix(pair);
      pair = null;
    }
    if (!(isList ? nextList() : cursor.next())) {
      return false;
    }
    in.setBuffer(cursor.bytes(), cursor.keyOffset(), cursor.keyLength());
    in.skipBytesToRead(layout.headerBytes());
    key = CompositeKeySerializationUtils.readKey(keySerializer, in, false);
    keyEnd = in.getPosition() - cursor.keyOffset();
    if (ambiguous) {
      CompositeKeySerializationUtils.readVariableIntBytes(in, keyEnd - layout.headerBytes());
    }
    namespace = CompositeKeySerializationUtils.readNamespace(namespaceSerializer, in, ambiguous);
    pair = Arrays.copyOfRange(cursor.bytes(), cursor.keyOffset(), in.getPosition());
    return true;
  }

  /** Moves to the first chunk that shows a list to have elements. */
  private boolean nextList() {
    byte[] list = null;
    long firstLive = 0;
    while (cursor.next()) {
      byte[] bytes = cursor.bytes();
      int keyLength = ListChunks.listKeyLength(cursor.keyLength());
      int keyOffset = cursor.keyOffset();
      if (list == null
          || !Arrays.equals(bytes, keyOffset, keyOffset + keyLength, list, 0, list.length)) {
        list = Arrays.copyOfRange(bytes, keyOffset, keyOffset + keyLength);
        firstLive = 0;
      }
      long number = ListChunks.number(bytes, keyOffset, cursor.keyLength());
      if (number == 0) {
        firstLive = ListChunks.firstLive(bytes, cursor.valueOffset());
        if (cursor.valueLength() > Long.BYTES) {
          return true;
        }
      } else if (number >= firstLive && cursor.valueLength() > 0) {
        return true;
      }
    }
    return false;
  }

  K key() {
    return key;
  }

  N namespace() {
    return namespace;
  }

  /** Engine key of the pair: everything up to the namespace's end. */
  byte[] pairBytes() {
    return pair;
  }

  /** Compares the serialized keys of two walks of the same key group, whatever their states. */
  int compareKeys(KeyWalk<?, ?> other) {
    int header = layout.headerBytes();
    return Arrays.compareUnsigned(pair, header, keyEnd, other.pair, header, other.keyEnd);
  }
}
