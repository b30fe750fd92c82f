/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.flink.key.CompositeKey;
import io.eloqstore.flink.key.KeyLayout;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * What the states of one backend share. Belongs to the task's thread; the buffers are free between
 * two calls of a state.
 *
 * @param key the selected key, completed by the state that is called
 * @param buffer takes what is read
 * @param in reads values out of {@code buffer}
 * @param out takes what is written
 */
public record StateContext<K>(
    OwnedPartition partition,
    CompositeKey<K> key,
    TypeSerializer<K> keySerializer,
    KeyLayout layout,
    int numberOfKeyGroups,
    ValueBuffer buffer,
    DataInputDeserializer in,
    DataOutputSerializer out) {

  public static <K> StateContext<K> of(
      OwnedPartition partition, TypeSerializer<K> keySerializer, int numberOfKeyGroups) {
    KeyLayout layout = KeyLayout.of(numberOfKeyGroups);
    return new StateContext<>(
        partition,
        new CompositeKey<>(keySerializer, layout),
        keySerializer,
        layout,
        numberOfKeyGroups,
        new ValueBuffer(),
        new DataInputDeserializer(),
        new DataOutputSerializer(128));
  }
}
