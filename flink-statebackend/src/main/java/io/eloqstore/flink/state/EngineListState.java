/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.flink.key.CanonicalEntries;
import io.eloqstore.flink.key.CompositeKey;
import io.eloqstore.flink.key.PartitionCursor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.base.ListSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.runtime.state.ListDelimitedSerializer;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.runtime.state.internal.InternalListState;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.util.Preconditions;

/** A list for each key and namespace. Appending reads nothing. */
final class EngineListState<K, N, V> extends EngineState<K, N, List<V>>
    implements InternalListState<K, N, V> {
  private TypeSerializer<V> elementSerializer;

  EngineListState(StateContext<K> context, int[] stateIds) {
    super(context, stateIds);
  }

  @Override
  void register(
      StateDescriptor<?, ?> descriptor,
      RegisteredKeyValueStateBackendMetaInfo<N, List<V>> metaInfo) {
    super.register(descriptor, metaInfo);
    elementSerializer = elementSerializer(valueSerializer);
  }

  private static <V> TypeSerializer<V> elementSerializer(TypeSerializer<List<V>> serializer) {
    return ((ListSerializer<V>) serializer).getElementSerializer();
  }

  @Override
  public Iterable<V> get() throws IOException {
    return getInternal();
  }

  @Override
  public List<V> getInternal() throws IOException {
    completeKey();
    ValueBuffer buffer = context.buffer();
    if (!context.partition().getList(key.bytes(), 0, key.length(), buffer)) {
      return null;
    }
    return deserialize(buffer);
  }

  private List<V> deserialize(ValueBuffer buffer) throws IOException {
    DataInputDeserializer in = context.in();
    in.setBuffer(buffer.bytes(), 0, buffer.length());
    List<V> list = new ArrayList<>();
    while (in.available() > 0) {
      list.add(ListDelimitedSerializer.deserializeNextElement(in, elementSerializer));
    }
    return list;
  }

  @Override
  public void add(V element) throws IOException {
    Preconditions.checkNotNull(element, "You cannot add null to a ListState.");
    DataOutputSerializer out = context.out();
    out.clear();
    elementSerializer.serialize(element, out);
    append();
  }

  @Override
  public void addAll(List<V> elements) throws IOException {
    Preconditions.checkNotNull(elements, "List of values to add cannot be null.");
    if (!elements.isEmpty()) {
      serialize(elements);
      append();
    }
  }

  @Override
  public void update(List<V> elements) throws IOException {
    updateInternal(elements);
  }

  @Override
  public void updateInternal(List<V> elements) throws IOException {
    Preconditions.checkNotNull(elements, "List of values to add cannot be null.");
    if (elements.isEmpty()) {
      clear();
      return;
    }
    serialize(elements);
    completeKey();
    DataOutputSerializer out = context.out();
    context
        .partition()
        .putList(key.bytes(), 0, key.length(), out.getSharedBuffer(), 0, out.length());
  }

  private void serialize(List<V> elements) throws IOException {
    DataOutputSerializer out = context.out();
    out.clear();
    boolean first = true;
    for (V element : elements) {
      Preconditions.checkNotNull(element, "You cannot add null to a ListState.");
      if (!first) {
        out.writeByte(OwnedPartition.LIST_DELIMITER);
      }
      first = false;
      elementSerializer.serialize(element, out);
    }
  }

  private void append() {
    completeKey();
    DataOutputSerializer out = context.out();
    context
        .partition()
        .appendToList(key.bytes(), 0, key.length(), out.getSharedBuffer(), 0, out.length());
  }

  @Override
  public void clear() {
    completeKey();
    context.partition().clearList(key.bytes(), 0, key.length());
  }

  @Override
  public void mergeNamespaces(N target, Collection<N> sources) {
    if (sources == null) {
      return;
    }
    ValueBuffer buffer = context.buffer();
    for (N source : sources) {
      completeKey(source);
      if (context.partition().getList(key.bytes(), 0, key.length(), buffer)) {
        context.partition().clearList(key.bytes(), 0, key.length());
        completeKey(target);
        context
            .partition()
            .appendToList(key.bytes(), 0, key.length(), buffer.bytes(), 0, buffer.length());
      }
    }
  }

  @Override
  List<V> visit(OwnedPartition partition, byte[] engineKey, PartitionCursor cursor)
      throws IOException {
    ValueBuffer buffer = context.buffer();
    return partition.getList(engineKey, 0, engineKey.length, buffer) ? deserialize(buffer) : null;
  }

  @Override
  void removeVisited(OwnedPartition partition, byte[] engineKey) {
    partition.clearList(engineKey, 0, engineKey.length);
  }

  @Override
  void updateVisited(OwnedPartition partition, byte[] engineKey, List<V> value) throws IOException {
    serialize(value);
    DataOutputSerializer out = context.out();
    partition.putList(engineKey, 0, engineKey.length, out.getSharedBuffer(), 0, out.length());
  }

  @Override
  byte[] readSerialized(
      OwnedPartition partition,
      CompositeKey<K> asked,
      TypeSerializer<List<V>> safeValueSerializer) {
    byte[] listKey = asked.copy();
    try (CanonicalEntries entries =
        new CanonicalEntries(
            partition.iterator(KeyRange.prefix(listKey), false), context.layout(), id -> true)) {
      return entries.next() ? entries.value() : null;
    }
  }

  @Override
  public void migrate(
      DataInputDeserializer in,
      DataOutputSerializer out,
      TypeSerializer<List<V>> former,
      TtlTimeProvider time)
      throws IOException {
    TypeSerializer<V> formerElements = elementSerializer(former);
    while (in.available() > 0) {
      migrateOne(formerElements, elementSerializer, in, out, time);
      if (in.available() > 0) {
        in.skipBytesToRead(1);
        out.writeByte(OwnedPartition.LIST_DELIMITER);
      }
    }
  }
}
