/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.flink.key.CompositeKey;
import io.eloqstore.flink.key.KeyedPartition;
import io.eloqstore.flink.key.PartitionCursor;
import java.io.IOException;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.queryablestate.client.state.serialization.KvStateSerializer;
import org.apache.flink.runtime.state.CompositeKeySerializationUtils;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.runtime.state.internal.InternalKvState;
import org.apache.flink.runtime.state.ttl.TtlAwareSerializer;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.flink.util.ResourceGuard;

/**
 * A state whose values lie in the partition, seen through the selected key and namespace.
 *
 * <p>Belongs to the task's thread, but for {@link #getSerializedValue}, which any thread may call.
 *
 * @param <V> type of the whole value
 */
public abstract class EngineState<K, N, V> implements InternalKvState<K, N, V> {
  final StateContext<K> context;
  final CompositeKey<K> key;
  private final int[] stateIds;
  TypeSerializer<N> namespaceSerializer;
  TypeSerializer<V> valueSerializer;
  private boolean lengths;
  private boolean incrementalCleanup;
  private N namespace;

  EngineState(StateContext<K> context, int[] stateIds) {
    this.context = context;
    this.key = context.key();
    this.stateIds = stateIds;
  }

  /** Takes over serializers, default and functions of a new registration of the same state. */
  void register(
      StateDescriptor<?, ?> descriptor, RegisteredKeyValueStateBackendMetaInfo<N, V> metaInfo) {
    namespaceSerializer = metaInfo.getNamespaceSerializer();
    valueSerializer = metaInfo.getStateSerializer();
    lengths = key.needsLengths(namespaceSerializer);
    incrementalCleanup = ExpirySettings.asksForIncrementalCleanup(descriptor.getTtlConfig());
  }

  @Override
  public TypeSerializer<K> getKeySerializer() {
    return context.keySerializer();
  }

  @Override
  public TypeSerializer<N> getNamespaceSerializer() {
    return namespaceSerializer;
  }

  @Override
  public TypeSerializer<V> getValueSerializer() {
    return valueSerializer;
  }

  @Override
  public void setCurrentNamespace(N namespace) {
    this.namespace = namespace;
  }

  N currentNamespace() {
    return namespace;
  }

  /** Completes the shared key for this state and the current namespace. */
  void completeKey() {
    key.setNamespace(stateIds[context.partitionIndex()], namespace, namespaceSerializer, lengths);
  }

  /** Completes the shared key for another namespace than the current one. */
  void completeKey(N other) {
    key.setNamespace(stateIds[context.partitionIndex()], other, namespaceSerializer, lengths);
  }

  /** Reads the value of the completed key; {@code null} when there is none. */
  V readValue() throws IOException {
    ValueBuffer buffer = context.buffer();
    if (!context.partition().get(key.bytes(), 0, key.length(), buffer)) {
      return null;
    }
    context.in().setBuffer(buffer.bytes(), 0, buffer.length());
    return valueSerializer.deserialize(context.in());
  }

  /** Writes the value of the completed key. */
  void writeValue(V value) throws IOException {
    DataOutputSerializer out = context.out();
    out.clear();
    valueSerializer.serialize(value, out);
    context.partition().put(key.bytes(), 0, key.length(), out.getSharedBuffer(), 0, out.length());
  }

  void deleteKey() {
    context.partition().delete(key.bytes(), 0, key.length());
  }

  @Override
  public void clear() {
    completeKey();
    deleteKey();
  }

  @Override
  public byte[] getSerializedValue(
      byte[] serializedKeyAndNamespace,
      TypeSerializer<K> safeKeySerializer,
      TypeSerializer<N> safeNamespaceSerializer,
      TypeSerializer<V> safeValueSerializer)
      throws Exception {
    // The partitions stay open until the query is through; a released backend refuses it.
    try (ResourceGuard.Lease lease = context.guard().acquireResource()) {
      assert lease != null;
      return query(
          serializedKeyAndNamespace,
          safeKeySerializer,
          safeNamespaceSerializer,
          safeValueSerializer);
    }
  }

  private byte[] query(
      byte[] serializedKeyAndNamespace,
      TypeSerializer<K> safeKeySerializer,
      TypeSerializer<N> safeNamespaceSerializer,
      TypeSerializer<V> safeValueSerializer)
      throws IOException {
    Tuple2<K, N> asked =
        KvStateSerializer.deserializeKeyAndNamespace(
            serializedKeyAndNamespace, safeKeySerializer, safeNamespaceSerializer);
    int keyGroup = KeyGroupRangeAssignment.assignToKeyGroup(asked.f0, context.numberOfKeyGroups());
    KeyedPartition part = context.partitions().of(keyGroup);
    CompositeKey<K> own = new CompositeKey<>(safeKeySerializer, context.layout());
    own.setKey(asked.f0, keyGroup);
    own.setNamespace(
        stateIds[part.index()],
        asked.f1,
        safeNamespaceSerializer,
        own.needsLengths(safeNamespaceSerializer));
    return readSerialized(part.partition(), own, safeValueSerializer);
  }

  /** Reads a value for a foreign thread: touches nothing that the task's thread uses. */
  byte[] readSerialized(
      OwnedPartition partition, CompositeKey<K> asked, TypeSerializer<V> safeValueSerializer)
      throws IOException {
    ValueBuffer own = new ValueBuffer();
    return partition.get(asked.bytes(), 0, asked.length(), own) ? own.toByteArray() : null;
  }

  /**
   * Rewrites one value of this state from a former serializer's format.
   *
   * @param in at the old value, which it ends with
   * @param out takes the new value
   */
  public void migrate(
      DataInputDeserializer in,
      DataOutputSerializer out,
      TypeSerializer<V> former,
      TtlTimeProvider time)
      throws IOException {
    migrateOne(former, valueSerializer, in, out, time);
  }

  @SuppressWarnings("unchecked")
  static <T> void migrateOne(
      TypeSerializer<T> former,
      TypeSerializer<T> present,
      DataInputDeserializer in,
      DataOutputSerializer out,
      TtlTimeProvider time)
      throws IOException {
    // The wrapper adds or takes off the time of values whose state gained or lost its TTL.
    TtlAwareSerializer<T, ?> from =
        (TtlAwareSerializer<T, ?>) TtlAwareSerializer.wrapTtlAwareSerializer(former);
    TtlAwareSerializer<T, ?> to =
        (TtlAwareSerializer<T, ?>) TtlAwareSerializer.wrapTtlAwareSerializer(present);
    to.migrateValueFromPriorSerializer(from, () -> from.deserialize(in), out, time);
  }

  /**
   * Values for Flink's incremental cleanup, which it does on each access: only when the user asked
   * for that. Otherwise expired values go when pages are rewritten and by sweeps, which costs the
   * task nothing.
   */
  @Override
  public StateIncrementalVisitor<K, N, V> getStateIncrementalVisitor(
      int recommendedMaxNumberOfReturnedRecords) {
    if (!incrementalCleanup) {
      throw new UnsupportedOperationException(
          "Incremental cleanup was not asked for: StateTtlConfig.Builder.cleanupIncrementally");
    }
    return new StateVisitor<>(this, recommendedMaxNumberOfReturnedRecords);
  }

  int stateIdIn(KeyedPartition part) {
    return stateIds[part.index()];
  }

  /** What an engine key is made of, and where the namespace ends. */
  record KeyParts<K, N>(K key, N namespace, int end) {}

  KeyParts<K, N> parse(byte[] engineKey) {
    DataInputDeserializer own = new DataInputDeserializer(engineKey);
    int header = context.layout().headerBytes();
    try {
      own.skipBytesToRead(header);
      K parsedKey = CompositeKeySerializationUtils.readKey(context.keySerializer(), own, false);
      if (lengths) {
        CompositeKeySerializationUtils.readVariableIntBytes(own, own.getPosition() - header);
      }
      N parsedNamespace =
          CompositeKeySerializationUtils.readNamespace(namespaceSerializer, own, lengths);
      return new KeyParts<>(parsedKey, parsedNamespace, own.getPosition());
    } catch (IOException e) {
      throw failed("read a key of", e);
    }
  }

  /**
   * Reads what a visitor stands on.
   *
   * @param cursor at the entry, or at the first chunk of a list
   * @return {@code null} for nothing
   */
  V visit(OwnedPartition partition, byte[] engineKey, PartitionCursor cursor) throws IOException {
    context.in().setBuffer(cursor.bytes(), cursor.valueOffset(), cursor.valueLength());
    return valueSerializer.deserialize(context.in());
  }

  void removeVisited(OwnedPartition partition, byte[] engineKey) {
    partition.delete(engineKey, 0, engineKey.length);
  }

  void updateVisited(OwnedPartition partition, byte[] engineKey, V value) throws IOException {
    DataOutputSerializer out = context.out();
    out.clear();
    valueSerializer.serialize(value, out);
    partition.put(engineKey, 0, engineKey.length, out.getSharedBuffer(), 0, out.length());
  }

  /** A failed access to serialized bytes, where the interface allows no checked exception. */
  static FlinkRuntimeException failed(String what, IOException cause) {
    return new FlinkRuntimeException("Could not " + what + " state", cause);
  }
}
