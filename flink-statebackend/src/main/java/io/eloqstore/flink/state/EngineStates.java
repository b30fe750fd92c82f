/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.runtime.state.RegisteredKeyValueStateBackendMetaInfo;
import org.apache.flink.util.FlinkRuntimeException;

/** Makes the state of the right kind for a descriptor. */
public final class EngineStates {

  private EngineStates() {}

  /**
   * @param stateIds ids of the state by the index of the partition
   * @throws FlinkRuntimeException for a kind of state there is no class for
   */
  public static <K, N, V> EngineState<K, N, V> create(
      StateDescriptor<?, V> descriptor,
      int[] stateIds,
      RegisteredKeyValueStateBackendMetaInfo<N, V> metaInfo,
      StateContext<K> context) {
    EngineState<K, N, V> state = newState(descriptor, stateIds, context);
    state.register(descriptor, metaInfo);
    return state;
  }

  /** Lets a state that was made before work with a new registration. */
  public static <K, N, V> void update(
      EngineState<K, N, V> state,
      StateDescriptor<?, V> descriptor,
      RegisteredKeyValueStateBackendMetaInfo<N, V> metaInfo) {
    state.register(descriptor, metaInfo);
  }

  @SuppressWarnings("unchecked")
  private static <K, N, V> EngineState<K, N, V> newState(
      StateDescriptor<?, V> descriptor, int[] stateIds, StateContext<K> context) {
    EngineState<K, N, ?> state =
        switch (descriptor.getType()) {
          case VALUE -> new EngineValueState<K, N, V>(context, stateIds);
          case LIST -> new EngineListState<K, N, Object>(context, stateIds);
          case MAP -> new EngineMapState<K, N, Object, Object>(context, stateIds);
          case REDUCING -> new EngineReducingState<K, N, V>(context, stateIds);
          case AGGREGATING ->
              new EngineAggregatingState<K, N, Object, V, Object>(context, stateIds);
          default ->
              throw new FlinkRuntimeException(
                  "The EloqStore backend has no state of kind " + descriptor.getClass());
        };
    return (EngineState<K, N, V>) state;
  }
}
