/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.flink.key.CompositeKey;
import io.eloqstore.flink.key.PartitionCursor;
import java.io.IOException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.Function;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.base.MapSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.queryablestate.client.state.serialization.KvStateSerializer;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.runtime.state.internal.InternalMapState;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;

/**
 * A map for each key and namespace, one entry of the partition for each of its entries. A value is
 * stored as {@code [1 if it is null, else 0][value unless null]}.
 *
 * <p>Iteration is weakly consistent: it sees changes of the map made after it began, or not.
 */
final class EngineMapState<K, N, U, V> extends EngineState<K, N, Map<U, V>>
    implements InternalMapState<K, N, U, V> {
  private static final int CLEARED_ONE_BY_ONE = 64;
  private static final int CLEARED_BYTES = 64 << 10;

  private final EntryBatch few = new EntryBatch(CLEARED_ONE_BY_ONE, CLEARED_BYTES);
  private final EntryBatch one = new EntryBatch(1, 1);
  private TypeSerializer<U> userKeySerializer;
  private TypeSerializer<V> userValueSerializer;

  EngineMapState(StateContext<K> context, int[] stateIds) {
    super(context, stateIds);
  }

  @Override
  void register(
      StateDescriptor<?, ?> descriptor,
      RegisteredKeyValueStateBackendMetaInfo<N, Map<U, V>> metaInfo) {
    super.register(descriptor, metaInfo);
    MapSerializer<U, V> serializer = (MapSerializer<U, V>) valueSerializer;
    userKeySerializer = serializer.getKeySerializer();
    userValueSerializer = serializer.getValueSerializer();
  }

  @Override
  public V get(U userKey) throws IOException {
    completeKey(userKey, userKeySerializer);
    ValueBuffer buffer = context.buffer();
    if (!context.partition().get(key.bytes(), 0, key.length(), buffer)) {
      return null;
    }
    return readUserValue(buffer.bytes(), 0, buffer.length(), userValueSerializer, context.in());
  }

  @Override
  public void put(U userKey, V userValue) throws IOException {
    completeKey(userKey, userKeySerializer);
    putUserValue(context.partition(), key.bytes(), key.length(), userValue);
  }

  @Override
  public void putAll(Map<U, V> map) throws IOException {
    if (map != null) {
      for (Map.Entry<U, V> entry : map.entrySet()) {
        put(entry.getKey(), entry.getValue());
      }
    }
  }

  @Override
  public void remove(U userKey) throws IOException {
    completeKey(userKey, userKeySerializer);
    deleteKey();
  }

  @Override
  public boolean contains(U userKey) throws IOException {
    completeKey(userKey, userKeySerializer);
    return context.partition().contains(key.bytes(), 0, key.length());
  }

  @Override
  public boolean isEmpty() {
    context.partition().scan(mapRange(), false, one);
    return one.count() == 0;
  }

  @Override
  public Iterator<Map.Entry<U, V>> iterator() {
    return walk(entry -> entry);
  }

  @Override
  public Iterable<Map.Entry<U, V>> entries() {
    return this::iterator;
  }

  @Override
  public Iterable<U> keys() {
    return () -> walk(Map.Entry::getKey);
  }

  @Override
  public Iterable<V> values() {
    return () -> walk(Map.Entry::getValue);
  }

  private <T> Iterator<T> walk(Function<Map.Entry<U, V>, T> view) {
    completeKey();
    return new MapWalk<>(this, context.partition(), mapRange(), view);
  }

  /** A small map costs less as single deletes than as a cut that every later read looks at. */
  @Override
  public void clear() {
    KeyRange range = mapRange();
    boolean more = context.partition().scan(range, false, few);
    if (more) {
      context.partition().deleteRange(range);
    } else {
      for (int i = 0; i < few.count(); i++) {
        context.partition().delete(few.bytes(), few.keyOffset(i), few.keyLength(i));
      }
    }
    few.clear();
  }

  private KeyRange mapRange() {
    completeKey();
    return KeyRange.prefix(key.copy());
  }

  private void completeKey(U userKey, TypeSerializer<U> serializer) throws IOException {
    completeKey();
    key.setUserKey(userKey, serializer);
  }

  /** Stores the value of an entry under its engine key. */
  void putUserValue(OwnedPartition partition, byte[] engineKey, int keyLength, V userValue)
      throws IOException {
    DataOutputSerializer out = context.out();
    out.clear();
    out.writeBoolean(userValue == null);
    if (userValue != null) {
      userValueSerializer.serialize(userValue, out);
    }
    partition.put(engineKey, 0, keyLength, out.getSharedBuffer(), 0, out.length());
  }

  /** Reads the user key behind {@code prefixBytes} of an engine key. */
  U readUserKey(byte[] engineKey, int prefixBytes) {
    try {
      context.in().setBuffer(engineKey, prefixBytes, engineKey.length - prefixBytes);
      return userKeySerializer.deserialize(context.in());
    } catch (IOException e) {
      throw failed("read a user key of map", e);
    }
  }

  V readUserValue(byte[] stored) {
    try {
      return readUserValue(stored, 0, stored.length, userValueSerializer, context.in());
    } catch (IOException e) {
      throw failed("read a value of map", e);
    }
  }

  private static <V> V readUserValue(
      byte[] bytes, int offset, int length, TypeSerializer<V> serializer, DataInputDeserializer in)
      throws IOException {
    in.setBuffer(bytes, offset, length);
    return in.readBoolean() ? null : serializer.deserialize(in);
  }

  /** A map of the one entry. */
  @Override
  Map<U, V> visit(OwnedPartition partition, byte[] engineKey, PartitionCursor cursor)
      throws IOException {
    Map<U, V> entry = new HashMap<>();
    U userKey = readUserKey(engineKey, parse(engineKey).end());
    entry.put(
        userKey,
        readUserValue(
            cursor.bytes(),
            cursor.valueOffset(),
            cursor.valueLength(),
            userValueSerializer,
            context.in()));
    return entry;
  }

  @Override
  void updateVisited(OwnedPartition partition, byte[] engineKey, Map<U, V> value)
      throws IOException {
    putUserValue(partition, engineKey, engineKey.length, value.values().iterator().next());
  }

  @Override
  byte[] readSerialized(
      OwnedPartition partition,
      CompositeKey<K> asked,
      TypeSerializer<Map<U, V>> safeValueSerializer)
      throws IOException {
    MapSerializer<U, V> safe = (MapSerializer<U, V>) safeValueSerializer;
    TypeSerializer<U> safeKeys = safe.getKeySerializer().duplicate();
    TypeSerializer<V> safeValues = safe.getValueSerializer().duplicate();
    DataInputDeserializer in = new DataInputDeserializer();
    Map<U, V> map = new HashMap<>();
    try (EntryIterator entries = partition.iterator(KeyRange.prefix(asked.copy()), false)) {
      while (entries.next()) {
        in.setBuffer(entries.key(), asked.length(), entries.keyLength() - asked.length());
        U userKey = safeKeys.deserialize(in);
        ValueBuffer value = entries.value();
        map.put(userKey, readUserValue(value.bytes(), 0, value.length(), safeValues, in));
      }
    }
    return map.isEmpty()
        ? null
        : KvStateSerializer.serializeMap(map.entrySet(), safeKeys, safeValues);
  }

  @Override
  public void migrate(
      DataInputDeserializer in,
      DataOutputSerializer out,
      TypeSerializer<Map<U, V>> former,
      TtlTimeProvider time)
      throws IOException {
    boolean isNull = in.readBoolean();
    out.writeBoolean(isNull);
    if (!isNull) {
      TypeSerializer<V> formerValues = ((MapSerializer<U, V>) former).getValueSerializer();
      migrateOne(formerValues, userValueSerializer, in, out, time);
    }
  }
}
