/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import static org.apache.flink.runtime.state.CompositeKeySerializationUtils.isAmbiguousKeyPossible;
import static org.apache.flink.runtime.state.CompositeKeySerializationUtils.writeNameSpace;
import static org.apache.flink.runtime.state.CompositeKeySerializationUtils.writeVariableIntBytes;

import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.util.FlinkRuntimeException;

/**
 * Builds engine keys in one buffer that is used again and again. The key is serialized once when it
 * is selected; each state writes its id and appends its namespace and user key behind it.
 *
 * <p>Belongs to one thread. Allocates nothing once the buffer has grown.
 *
 * <p>If both key and namespace have a variable length, the length of the key follows the key and
 * that of the namespace follows the namespace, as in Flink's canonical keys.
 */
public final class CompositeKey<K> {
  private final TypeSerializer<K> keySerializer;
  private final KeyLayout layout;
  private final DataOutputSerializer out = new DataOutputSerializer(128);
  private int keyEnd;
  private int namespaceEnd;

  public CompositeKey(TypeSerializer<K> keySerializer, KeyLayout layout) {
    this.keySerializer = keySerializer;
    this.layout = layout;
  }

  /** Selects a key; what was behind the old one is gone. */
  public void setKey(K key, int keyGroup) {
    out.clear();
    try {
      out.skipBytesToWrite(layout.headerBytes());
      keySerializer.serialize(key, out);
    } catch (IOException e) {
      throw new FlinkRuntimeException("The key cannot be serialized: " + key, e);
    }
    layout.writeKeyGroup(keyGroup, out.getSharedBuffer());
    keyEnd = out.length();
    namespaceEnd = 0;
  }

  /**
   * Whether lengths follow key and namespace: without them two pairs could have the same bytes. A
   * state asks once and keeps the answer.
   */
  public boolean needsLengths(TypeSerializer<?> namespaceSerializer) {
    return isAmbiguousKeyPossible(keySerializer, namespaceSerializer);
  }

  /**
   * Makes this the key of a state without a user key. A key must have been selected.
   *
   * @param lengths {@link #needsLengths} of the serializer
   */
  public <N> void setNamespace(
      int stateId, N namespace, TypeSerializer<N> serializer, boolean lengths) {
    if (keyEnd == 0) {
      throw new IllegalStateException("No key set. State is used outside of a keyed context.");
    }
    out.setPosition(keyEnd);
    try {
      if (lengths) {
        writeVariableIntBytes(keyEnd - layout.headerBytes(), out);
      }
      writeNameSpace(namespace, serializer, out, lengths);
    } catch (IOException e) {
      throw new FlinkRuntimeException("The namespace cannot be serialized: " + namespace, e);
    }
    layout.writeStateId(stateId, out.getSharedBuffer());
    namespaceEnd = out.length();
  }

  /** Puts a user key behind the namespace, replacing the one before. */
  public <U> void setUserKey(U userKey, TypeSerializer<U> serializer) throws IOException {
    assert namespaceEnd > 0 : "the namespace comes before the user key";
    out.setPosition(namespaceEnd);
    serializer.serialize(userKey, out);
  }

  /** Holds the key in its first {@link #length()} bytes; valid until the next change. */
  public byte[] bytes() {
    return out.getSharedBuffer();
  }

  public int length() {
    return out.length();
  }

  /** A copy of the key as it is now. */
  public byte[] copy() {
    return Arrays.copyOf(out.getSharedBuffer(), out.length());
  }
}
