/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A {@code Long} under each key. */
@State(Scope.Thread)
public class ValueLoad extends KeyedLoad {
  ValueState<Long> state;

  @Override
  void load(StateSlot target) throws Exception {
    state = target.state(new ValueStateDescriptor<>("value", LongSerializer.INSTANCE));
    for (long key = 0; key < keys; key++) {
      target.selectKey(key);
      state.update(loaded(key));
    }
  }

  /** What loading puts under {@code key}. */
  static long loaded(long key) {
    return ~key;
  }
}
