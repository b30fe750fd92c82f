/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import java.util.Collection;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.state.AggregatingStateDescriptor;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.runtime.state.internal.InternalAggregatingState;

/**
 * One accumulator for each key and namespace.
 *
 * @param <A> type of the accumulator, which is what is stored
 */
final class EngineAggregatingState<K, N, I, A, O> extends EngineState<K, N, A>
    implements InternalAggregatingState<K, N, I, A, O> {
  private AggregateFunction<I, A, O> function;

  EngineAggregatingState(StateContext<K> context, int[] stateIds) {
    super(context, stateIds);
  }

  @Override
  @SuppressWarnings("unchecked")
  void register(
      StateDescriptor<?, ?> descriptor, RegisteredKeyValueStateBackendMetaInfo<N, A> metaInfo) {
    super.register(descriptor, metaInfo);
    function = ((AggregatingStateDescriptor<I, A, O>) descriptor).getAggregateFunction();
  }

  @Override
  public O get() throws Exception {
    A accumulator = getInternal();
    return accumulator == null ? null : function.getResult(accumulator);
  }

  @Override
  public void add(I value) throws Exception {
    A accumulator = getInternal();
    updateInternal(
        function.add(value, accumulator == null ? function.createAccumulator() : accumulator));
  }

  @Override
  public A getInternal() throws Exception {
    completeKey();
    return readValue();
  }

  @Override
  public void updateInternal(A accumulator) throws Exception {
    completeKey();
    if (accumulator == null) {
      deleteKey();
    } else {
      writeValue(accumulator);
    }
  }

  @Override
  public void mergeNamespaces(N target, Collection<N> sources) throws Exception {
    if (sources == null || sources.isEmpty()) {
      return;
    }
    A merged = null;
    for (N source : sources) {
      completeKey(source);
      A accumulator = readValue();
      if (accumulator != null) {
        deleteKey();
        merged = merged == null ? accumulator : function.merge(merged, accumulator);
      }
    }
    if (merged != null) {
      completeKey(target);
      A before = readValue();
      A after = before == null ? merged : function.merge(before, merged);
      // The function may have used other states and so the shared key.
      completeKey(target);
      writeValue(after);
    }
  }
}
