/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.flink.key.CompositeKey;
import io.eloqstore.flink.key.KeyLayout;
import io.eloqstore.flink.key.KeyedPartition;
import io.eloqstore.flink.key.KeyedPartitions;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.util.ResourceGuard;

/**
 * What the states of one backend share: the selected key, the partition it belongs to, buffers that
 * are free between two calls of a state. Belongs to the task's thread.
 */
public final class StateContext<K> {
  private final KeyedPartitions partitions;
  private final TypeSerializer<K> keySerializer;
  private final KeyLayout layout;
  private final int numberOfKeyGroups;
  private final ResourceGuard guard;
  private final CompositeKey<K> key;
  private final ValueBuffer buffer = new ValueBuffer();
  private final DataInputDeserializer in = new DataInputDeserializer();
  private final DataOutputSerializer out = new DataOutputSerializer(128);
  private OwnedPartition partition;
  private int partitionIndex;

  /**
   * @param guard taken by other threads while they read; the partitions are open as long
   */
  public StateContext(
      KeyedPartitions partitions,
      TypeSerializer<K> keySerializer,
      int numberOfKeyGroups,
      ResourceGuard guard) {
    this.guard = guard;
    this.partitions = partitions;
    this.keySerializer = keySerializer;
    this.numberOfKeyGroups = numberOfKeyGroups;
    this.layout = KeyLayout.of(numberOfKeyGroups);
    this.key = new CompositeKey<>(keySerializer, layout);
    use(partitions.all().get(0));
  }

  /** Selects a key, and with it the partition of its key group. */
  public void selectKey(K selected, int keyGroup) {
    use(partitions.of(keyGroup));
    key.setKey(selected, keyGroup);
  }

  private void use(KeyedPartition part) {
    partition = part.partition();
    partitionIndex = part.index();
  }

  /** Any thread. */
  ResourceGuard guard() {
    return guard;
  }

  KeyedPartitions partitions() {
    return partitions;
  }

  /** The partition of the selected key. */
  OwnedPartition partition() {
    return partition;
  }

  /** Index of the partition of the selected key. */
  int partitionIndex() {
    return partitionIndex;
  }

  /** The selected key, completed by the state that is called. */
  CompositeKey<K> key() {
    return key;
  }

  TypeSerializer<K> keySerializer() {
    return keySerializer;
  }

  KeyLayout layout() {
    return layout;
  }

  int numberOfKeyGroups() {
    return numberOfKeyGroups;
  }

  /** Takes what is read. */
  ValueBuffer buffer() {
    return buffer;
  }

  /** Reads values out of {@link #buffer}. */
  DataInputDeserializer in() {
    return in;
  }

  /** Takes what is written. */
  DataOutputSerializer out() {
    return out;
  }
}
