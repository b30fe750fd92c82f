/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** An array of {@value #VALUE_BYTES} bytes under each key, its own for each key. */
@State(Scope.Thread)
public class BytesLoad extends KeyedLoad {
  static final int VALUE_BYTES = 100;

  ValueState<byte[]> state;

  @Override
  void load(StateSlot target) throws Exception {
    state =
        target.state(new ValueStateDescriptor<>("bytes", BytePrimitiveArraySerializer.INSTANCE));
    for (long key = 0; key < keys; key++) {
      target.selectKey(key);
      state.update(loaded(key));
    }
  }

  /** What loading puts under {@code key}; a new array. */
  static byte[] loaded(long key) {
    byte[] value = new byte[VALUE_BYTES];
    for (int i = 0; i < VALUE_BYTES; i++) {
      value[i] = (byte) (key * 31 + i * 7L);
    }
    return value;
  }
}
