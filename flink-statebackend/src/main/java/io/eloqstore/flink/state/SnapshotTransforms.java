/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.base.ListSerializer;
import org.apache.flink.runtime.state.ListDelimitedSerializer;
import org.apache.flink.runtime.state.StateSnapshotTransformer;
import org.apache.flink.runtime.state.StateSnapshotTransformer.StateSnapshotTransformFactory;
import org.apache.flink.runtime.state.StateSnapshotTransformers.ListStateSnapshotTransformer;

/**
 * Applies a state's snapshot transformer, which knows single values or elements, to the bytes that
 * this backend keeps.
 */
public final class SnapshotTransforms {

  private SnapshotTransforms() {}

  /**
   * @param factory makes transformers of values, of elements (list) or of user values (map)
   * @return makes transformers of stored bytes only
   */
  public static <V, E> StateSnapshotTransformFactory<V> ofStoredBytes(
      StateDescriptor<?, V> descriptor,
      TypeSerializer<V> serializer,
      StateSnapshotTransformFactory<E> factory) {
    if (descriptor instanceof ListStateDescriptor) {
      return new Stored<>(
          () ->
              factory
                  .createForDeserializedState()
                  .map(elements -> listTransformer(serializer, elements)));
    }
    if (descriptor instanceof MapStateDescriptor) {
      return new Stored<>(
          () -> factory.createForSerializedState().map(SnapshotTransforms::userValueTransformer));
    }
    return new Stored<>(factory::createForSerializedState);
  }

  private interface Source {
    Optional<StateSnapshotTransformer<byte[]>> make();
  }

  private static final class Stored<V> implements StateSnapshotTransformFactory<V> {
    private final Source source;

    Stored(Source source) {
      this.source = source;
    }

    @Override
    public Optional<StateSnapshotTransformer<V>> createForDeserializedState() {
      throw new UnsupportedOperationException("values are kept serialized");
    }

    @Override
    public Optional<StateSnapshotTransformer<byte[]>> createForSerializedState() {
      return source.make();
    }
  }

  @SuppressWarnings("unchecked")
  private static <E> StateSnapshotTransformer<byte[]> listTransformer(
      TypeSerializer<?> listSerializer, StateSnapshotTransformer<E> elements) {
    TypeSerializer<E> serializer =
        ((ListSerializer<E>) listSerializer).getElementSerializer().duplicate();
    ListStateSnapshotTransformer<E> lists = new ListStateSnapshotTransformer<>(elements);
    ListDelimitedSerializer codec = new ListDelimitedSerializer();
    return stored -> {
      try {
        List<E> list = codec.deserializeList(stored, serializer);
        List<E> transformed = lists.filterOrTransform(list);
        return transformed == null ? null : codec.serializeList(transformed, serializer);
      } catch (IOException e) {
        throw EngineState.failed("transform list", e);
      }
    };
  }

  /** The byte before a user value says whether it is null; a null has nothing to transform. */
  private static StateSnapshotTransformer<byte[]> userValueTransformer(
      StateSnapshotTransformer<byte[]> values) {
    return stored -> {
      if (stored[0] != 0) {
        return stored;
      }
      byte[] transformed = values.filterOrTransform(Arrays.copyOfRange(stored, 1, stored.length));
      if (transformed == null) {
        return null;
      }
      byte[] framed = new byte[transformed.length + 1];
      System.arraycopy(transformed, 0, framed, 1, transformed.length);
      return framed;
    };
  }
}
