/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * The ids under which one partition keeps its states. An id is never given to another name.
 *
 * <p>Belongs to the owner of the partition. Encoded as {@code [count 4 bytes]} and for each state
 * {@code [name, modified UTF-8][id 2 bytes]}.
 */
public final class StateIds {

  /** Name of the encoded ids in a commit's metadata. */
  public static final String METADATA_NAME = "flink.state-ids";

  private final Map<String, Integer> ids = new LinkedHashMap<>();
  private int next;

  /** The id of a state; a new name gets the next id. */
  public int idOf(String stateName) {
    return idOf(stateName, next);
  }

  /**
   * The id of a state.
   *
   * @param unused what a new name gets; at least {@link #next}
   */
  int idOf(String stateName, int unused) {
    Integer known = ids.get(stateName);
    if (known != null) {
      return known;
    }
    if (unused >= KeyLayout.STATE_IDS_MAX) {
      throw new IllegalStateException(
          "a backend holds at most " + KeyLayout.STATE_IDS_MAX + " states: " + stateName);
    }
    ids.put(stateName, unused);
    next = Math.max(next, unused + 1);
    return unused;
  }

  /** Above every id in use. */
  int next() {
    return next;
  }

  /** Ids by name. */
  public Map<String, Integer> byName() {
    return Map.copyOf(ids);
  }

  public byte[] encode() {
    DataOutputSerializer out = new DataOutputSerializer(64);
    try {
      out.writeInt(ids.size());
      for (Map.Entry<String, Integer> entry : ids.entrySet()) {
        out.writeUTF(entry.getKey());
        out.writeShort(entry.getValue());
      }
    } catch (IOException e) {
      throw new IllegalStateException("state names cannot be encoded: " + ids.keySet(), e);
    }
    return out.getCopyOfBuffer();
  }

  public static StateIds decode(byte[] encoded) throws IOException {
    DataInputDeserializer in = new DataInputDeserializer(encoded);
    StateIds result = new StateIds();
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      String name = in.readUTF();
      int id = in.readUnsignedShort();
      result.ids.put(name, id);
      result.next = Math.max(result.next, id + 1);
    }
    return result;
  }
}
