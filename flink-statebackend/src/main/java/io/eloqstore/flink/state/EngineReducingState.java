/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import java.util.Collection;
import org.apache.flink.api.common.functions.ReduceFunction;
import org.apache.flink.api.common.state.ReducingStateDescriptor;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.runtime.state.internal.InternalReducingState;

/** One value for each key and namespace, the reduction of everything added. */
final class EngineReducingState<K, N, V> extends EngineState<K, N, V>
    implements InternalReducingState<K, N, V> {
  private ReduceFunction<V> function;

  EngineReducingState(StateContext<K> context, int[] stateIds) {
    super(context, stateIds);
  }

  @Override
  @SuppressWarnings("unchecked")
  void register(
      StateDescriptor<?, ?> descriptor, RegisteredKeyValueStateBackendMetaInfo<N, V> metaInfo) {
    super.register(descriptor, metaInfo);
    function = ((ReducingStateDescriptor<V>) descriptor).getReduceFunction();
  }

  @Override
  public V get() throws Exception {
    return getInternal();
  }

  @Override
  public void add(V value) throws Exception {
    V before = getInternal();
    updateInternal(before == null ? value : function.reduce(before, value));
  }

  @Override
  public V getInternal() throws Exception {
    completeKey();
    return readValue();
  }

  @Override
  public void updateInternal(V value) throws Exception {
    completeKey();
    if (value == null) {
      deleteKey();
    } else {
      writeValue(value);
    }
  }

  @Override
  public void mergeNamespaces(N target, Collection<N> sources) throws Exception {
    if (sources == null || sources.isEmpty()) {
      return;
    }
    V merged = null;
    for (N source : sources) {
      completeKey(source);
      V value = readValue();
      if (value != null) {
        deleteKey();
        merged = merged == null ? value : function.reduce(merged, value);
      }
    }
    if (merged != null) {
      completeKey(target);
      V before = readValue();
      V after = before == null ? merged : function.reduce(before, merged);
      // The function may have used other states and so the shared key.
      completeKey(target);
      writeValue(after);
    }
  }
}
