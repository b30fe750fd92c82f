/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import java.io.IOException;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.runtime.state.internal.InternalValueState;

/** One value for each key and namespace. */
final class EngineValueState<K, N, V> extends EngineState<K, N, V>
    implements InternalValueState<K, N, V> {
  private V defaultValue;

  EngineValueState(StateContext<K> context, int[] stateIds) {
    super(context, stateIds);
  }

  @Override
  @SuppressWarnings("unchecked")
  void register(
      StateDescriptor<?, ?> descriptor, RegisteredKeyValueStateBackendMetaInfo<N, V> metaInfo) {
    super.register(descriptor, metaInfo);
    defaultValue = (V) descriptor.getDefaultValue();
  }

  @Override
  public V value() throws IOException {
    completeKey();
    V value = readValue();
    if (value != null || defaultValue == null) {
      return value;
    }
    return valueSerializer.copy(defaultValue);
  }

  @Override
  public void update(V value) throws IOException {
    completeKey();
    if (value == null) {
      deleteKey();
    } else {
      writeValue(value);
    }
  }
}
