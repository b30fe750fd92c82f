/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.backend;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.flink.checkpoint.StateTable;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import io.eloqstore.flink.key.ListWalk;
import io.eloqstore.flink.key.PartitionCursor;
import io.eloqstore.flink.state.EngineState;
import java.io.IOException;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.MapSerializer;
import org.apache.flink.api.common.typeutils.base.MapSerializerSnapshot;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.runtime.state.ttl.TtlAwareSerializer;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.util.StateMigrationException;

/**
 * Makes a restored state fit the serializers it is registered with: rewrites its values when their
 * format changed, refuses what cannot be read.
 *
 * <p>Belongs to the task's thread.
 */
record StateMigration(StateTable table, TtlTimeProvider time) {

  /**
   * Lets a restored state be used with new serializers.
   *
   * @return whether its values must be rewritten by {@link #rewrite} before they are read
   * @throws StateMigrationException when the new serializers cannot take over
   */
  <N, V> boolean check(
      RegisteredKeyValueStateBackendMetaInfo<N, V> restored,
      StateDescriptor<?, V> descriptor,
      TypeSerializer<N> namespaceSerializer)
      throws StateMigrationException {
    TypeSerializer<N> formerNamespaces = restored.getNamespaceSerializer();
    TypeSerializerSchemaCompatibility<N> namespaces =
        restored.updateNamespaceSerializer(namespaceSerializer);
    if (namespaces.isCompatibleAfterMigration() || namespaces.isIncompatible()) {
      throw new StateMigrationException(
          "Namespaces of state '"
              + restored.getName()
              + "' cannot be migrated: "
              + namespaceSerializer
              + " cannot read what "
              + formerNamespaces
              + " wrote");
    }
    restored.checkStateMetaInfo(descriptor);
    TypeSerializer<V> formerValues = restored.getStateSerializer();
    TypeSerializerSchemaCompatibility<V> values =
        restored.updateStateSerializer(descriptor.getSerializer());
    if (values.isIncompatible()) {
      throw new StateMigrationException(
          "State '"
              + restored.getName()
              + "' cannot be read: "
              + descriptor.getSerializer()
              + " is incompatible with "
              + formerValues);
    }
    if (values.isCompatibleAfterMigration() && descriptor.getType() == StateDescriptor.Type.MAP) {
      checkUserKeys(restored);
    }
    return values.isCompatibleAfterMigration();
  }

  private static <V> void checkUserKeys(RegisteredKeyValueStateBackendMetaInfo<?, V> state)
      throws StateMigrationException {
    boolean same =
        state.getPreviousStateSerializerSnapshot() instanceof MapSerializerSnapshot<?, ?> former
            && state.getStateSerializer() instanceof MapSerializer<?, ?> present
            && readsAsIs(present.getKeySerializer(), former.getKeySerializerSnapshot());
    if (!same) {
      throw new StateMigrationException(
          "State '"
              + state.getName()
              + "' cannot be migrated: only the values of a map may change their format, the"
              + " serializer of its keys requires state migration too");
    }
  }

  @SuppressWarnings("unchecked")
  private static <T> boolean readsAsIs(
      TypeSerializer<T> present, TypeSerializerSnapshot<?> former) {
    return present
        .snapshotConfiguration()
        .resolveSchemaCompatibility((TypeSerializerSnapshot<T>) former)
        .isCompatibleAsIs();
  }

  /** Rewrites every value of a state. */
  @SuppressWarnings("unchecked")
  <V> void rewrite(KeyedState state, EngineState<?, ?, V> writer) throws StateMigrationException {
    TypeSerializer<V> former = (TypeSerializer<V>) state.metaInfo().getPreviousStateSerializer();
    if (former instanceof TtlAwareSerializer<V, ?> aware) {
      former = aware.getOriginalTypeSerializer();
    }
    try {
      for (int group : table.keyGroupRange()) {
        if (state.isList()) {
          rewriteLists(state, group, writer, former);
        } else {
          rewriteValues(state, group, writer, former);
        }
      }
    } catch (IOException | RuntimeException e) {
      throw new StateMigrationException(
          "State '" + state.metaInfo().getName() + "' could not be migrated", e);
    }
  }

  private <V> void rewriteValues(
      KeyedState state, int group, EngineState<?, ?, V> writer, TypeSerializer<V> former)
      throws IOException {
    OwnedPartition partition = table.partitions().of(group).partition();
    PartitionCursor cursor = table.cursor(state, group);
    DataInputDeserializer in = new DataInputDeserializer();
    DataOutputSerializer out = new DataOutputSerializer(512);
    while (cursor.next()) {
      in.setBuffer(cursor.bytes(), cursor.valueOffset(), cursor.valueLength());
      out.clear();
      writer.migrate(in, out, former, time);
      partition.put(
          cursor.bytes(),
          cursor.keyOffset(),
          cursor.keyLength(),
          out.getSharedBuffer(),
          0,
          out.length());
    }
  }

  private <V> void rewriteLists(
      KeyedState state, int group, EngineState<?, ?, V> writer, TypeSerializer<V> former)
      throws IOException {
    OwnedPartition partition = table.partitions().of(group).partition();
    ListWalk lists = new ListWalk(table.cursor(state, group));
    DataInputDeserializer in = new DataInputDeserializer();
    DataOutputSerializer out = new DataOutputSerializer(512);
    ValueBuffer buffer = new ValueBuffer();
    while (lists.next()) {
      byte[] key = lists.listKey();
      if (partition.getList(key, 0, key.length, buffer)) {
        in.setBuffer(buffer.bytes(), 0, buffer.length());
        out.clear();
        writer.migrate(in, out, former, time);
        partition.putList(key, 0, key.length, out.getSharedBuffer(), 0, out.length());
      }
    }
  }
}
