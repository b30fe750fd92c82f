/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.util.List;
import java.util.stream.LongStream;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A list of one {@code Long} under each key. */
@State(Scope.Thread)
public class ListLoad extends KeyedLoad {
  /** What {@code update} writes. */
  static final List<Long> ONE = List.of(1_000_000_007L);

  /** What the operations with a hundred elements write. */
  static final List<Long> HUNDRED =
      LongStream.range(0, 100).map(i -> i * 1_000_000_007L).boxed().toList();

  ListState<Long> state;

  @Override
  void load(StateSlot target) throws Exception {
    state = target.state(new ListStateDescriptor<>("list", LongSerializer.INSTANCE));
    for (long key = 0; key < keys; key++) {
      target.selectKey(key);
      state.add(loaded(key));
    }
  }

  /** The one element that loading puts under {@code key}. */
  static long loaded(long key) {
    return ~key;
  }
}
