/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A map of {@value #ENTRIES} entries, {@code Long} to {@code Long}, under each key. */
@State(Scope.Thread)
public class MapLoad extends KeyedLoad {
  static final int ENTRIES = 10;

  private final Long[] mapKeys = new Long[ENTRIES];

  MapState<Long, Long> state;

  @Override
  void load(StateSlot target) throws Exception {
    for (int i = 0; i < ENTRIES; i++) {
      mapKeys[i] = i * 1_000L;
    }
    state =
        target.state(
            new MapStateDescriptor<>("map", LongSerializer.INSTANCE, LongSerializer.INSTANCE));
    for (long key = 0; key < keys; key++) {
      target.selectKey(key);
      for (Long mapKey : mapKeys) {
        state.put(mapKey, loaded(key, mapKey));
      }
    }
  }

  /** A map key that each loaded map has; another one in each pass over the keys. */
  final Long mapKey() {
    return mapKeys[turn(ENTRIES)];
  }

  /** The map keys of each loaded map, ascending. */
  final Long[] mapKeys() {
    return mapKeys.clone();
  }

  /** The value that loading puts under {@code mapKey} in the map of {@code key}. */
  static long loaded(long key, long mapKey) {
    return ~(key + mapKey);
  }
}
