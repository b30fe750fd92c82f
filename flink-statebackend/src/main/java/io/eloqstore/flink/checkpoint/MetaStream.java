/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.PartitionImage;
import io.eloqstore.flink.key.StateIds;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedBackendSerializationProxy;
import org.apache.flink.runtime.state.StateSnapshot.StateKeyGroupWriter;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueStateSnapshot;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;

/**
 * The meta data of one native snapshot. Big endian, in this order:
 *
 * <pre>
 * magic                8 bytes, "EloqFlnk"
 * version              4 bytes, 2
 * serializers, states  Flink's KeyedBackendSerializationProxy
 * partitions           4 bytes count, and for each
 *   first, last        4 bytes each: its key groups, both inclusive
 *   image description  4 bytes length, bytes of the engine
 *   state ids          4 bytes length, see {@link StateIds}
 * first, last          4 bytes each: key groups of the timers that follow, both inclusive; last
 *                      below first when the timers are in the partitions
 * timers               for each queue, in the order of the states: for each key group what Flink's
 *                      heap queues write
 * </pre>
 *
 * The file is as safe as the checkpoint storage keeps it; it has no checksum of its own.
 */
final class MetaStream {
  static final long MAGIC = 0x456c6f71466c6e6bL;
  static final int VERSION = 2;

  private MetaStream() {}

  /** What a snapshot says before its timers, which follow in the stream. */
  record Head(
      TypeSerializerSnapshot<?> keySerializer,
      List<StateMetaInfoSnapshot> states,
      List<Part> parts,
      KeyGroupRange timerKeyGroups) {

    /** Whether timers follow in the stream. */
    boolean timersFollow() {
      return timerKeyGroups.getNumberOfKeyGroups() > 0;
    }

    /** The queues, in the order of their timers. */
    List<StateMetaInfoSnapshot> queues() {
      List<StateMetaInfoSnapshot> queues = new ArrayList<>(states);
      queues.removeIf(
          state ->
              state.getBackendStateType() != StateMetaInfoSnapshot.BackendStateType.PRIORITY_QUEUE);
      return queues;
    }
  }

  /**
   * One partition of a snapshot.
   *
   * @param keyGroups what is to be looked for in it
   * @param imageDescription what the engine must find
   */
  record Part(KeyGroupRange keyGroups, byte[] imageDescription, StateIds ids) {}

  /**
   * @param images of the parts of the snapshot
   */
  static void write(
      DataOutputView out,
      TypeSerializer<?> keySerializer,
      NativeResources snapshot,
      List<PartitionImage> images,
      KeyGroupRange keyGroups)
      throws IOException {
    out.writeLong(MAGIC);
    out.writeInt(VERSION);
    new KeyedBackendSerializationProxy<>(keySerializer, snapshot.metaInfos(), false).write(out);
    out.writeInt(images.size());
    for (int i = 0; i < images.size(); i++) {
      NativeResources.FrozenPart part = snapshot.parts().get(i);
      writeKeyGroups(out, part.keyGroups());
      writeBytes(out, images.get(i).description());
      writeBytes(out, part.stateIds());
    }
    writeKeyGroups(
        out, snapshot.timers().isEmpty() ? KeyGroupRange.EMPTY_KEY_GROUP_RANGE : keyGroups);
    for (HeapPriorityQueueStateSnapshot<?> timers : snapshot.timers()) {
      StateKeyGroupWriter writer = timers.getKeyGroupWriter();
      for (int group : keyGroups) {
        writer.writeStateInKeyGroup(out, group);
      }
    }
  }

  /**
   * Reads everything before the timers.
   *
   * @throws IOException when the stream is not one of ours, or of a newer version
   */
  static Head readHead(DataInputView in, ClassLoader userCode) throws IOException {
    long magic;
    try {
      magic = in.readLong();
    } catch (EOFException e) {
      throw foreign("the stream ends early", e);
    }
    if (magic != MAGIC) {
      throw foreign("magic 0x" + Long.toHexString(magic), null);
    }
    int version = in.readInt();
    if (version != VERSION) {
      throw new IOException(
          "The snapshot has meta data of version "
              + version
              + ", this EloqStore backend reads version "
              + VERSION);
    }
    KeyedBackendSerializationProxy<?> proxy = new KeyedBackendSerializationProxy<>(userCode);
    proxy.read(in);
    int count = in.readInt();
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      KeyGroupRange keyGroups = readKeyGroups(in);
      parts.add(new Part(keyGroups, readBytes(in), StateIds.decode(readBytes(in))));
    }
    return new Head(
        proxy.getKeySerializerSnapshot(),
        proxy.getStateMetaInfoSnapshots(),
        parts,
        readKeyGroups(in));
  }

  private static void writeKeyGroups(DataOutputView out, KeyGroupRange keyGroups)
      throws IOException {
    out.writeInt(keyGroups.getStartKeyGroup());
    out.writeInt(keyGroups.getEndKeyGroup());
  }

  private static KeyGroupRange readKeyGroups(DataInputView in) throws IOException {
    return KeyGroupRange.of(in.readInt(), in.readInt());
  }

  private static IOException foreign(String found, IOException cause) {
    return new IOException(
        "The incremental snapshot was not written by the EloqStore backend ("
            + found
            + "). Take a canonical savepoint with the backend that wrote it and restore from that.",
        cause);
  }

  private static void writeBytes(DataOutputView out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static byte[] readBytes(DataInputView in) throws IOException {
    int length = in.readInt();
    if (length < 0) {
      throw new IOException("The snapshot's meta data is damaged: a length of " + length);
    }
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return bytes;
  }
}
