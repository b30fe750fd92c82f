/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.MapState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Smoke mode: each benchmark does what it says, on each backend, and the backend is closed without
 * a leak. Nothing is timed.
 */
class KeyedStateBenchmarkTest {
  private static final int KEYS = 300;

  private final KeyedStateBenchmark benchmark = new KeyedStateBenchmark();
  private final Blackhole sink =
      new Blackhole(
          "Today's password is swordfish. I understand instantiating Blackholes directly is"
              + " dangerous.");

  @ParameterizedTest
  @EnumSource(BackendKind.class)
  void valueOperations(BackendKind backend) throws Exception {
    ValueLoad load = opened(new ValueLoad(), backend);
    Set<Long> visited = new HashSet<>();
    for (int i = 0; i < KEYS; i++) {
      assertThat(benchmark.valueGet(load)).isEqualTo(ValueLoad.loaded(load.key()));
      visited.add(load.key());
    }
    assertThat(visited).as("the keys of one pass").hasSize(KEYS);
    for (int i = 0; i < KEYS; i++) {
      benchmark.valueUpdate(load);
      assertThat(load.state.value()).isEqualTo(load.key());
    }
    for (int i = 0; i < KEYS; i++) {
      benchmark.valueAdd(load);
      assertThat(visited.add(load.key())).as("a new key: %s", load.key()).isTrue();
    }
    for (Long key : visited) {
      load.select(key);
      assertThat(load.state.value()).isEqualTo(key);
    }
    close(load);
  }

  @ParameterizedTest
  @EnumSource(BackendKind.class)
  void readModifyWrite(BackendKind backend) throws Exception {
    BytesLoad load = opened(new BytesLoad(), backend);
    for (int i = 0; i < 2 * KEYS; i++) {
      benchmark.bytesReadModifyWrite(load);
    }
    for (long key = 0; key < KEYS; key++) {
      load.select(key);
      byte[] expected = BytesLoad.loaded(key);
      expected[0] += 2;
      assertThat(load.state.value()).isEqualTo(expected);
    }
    close(load);
  }

  @ParameterizedTest
  @EnumSource(BackendKind.class)
  void listOperations(BackendKind backend) throws Exception {
    ListLoad load = opened(new ListLoad(), backend);
    for (int i = 0; i < KEYS; i++) {
      benchmark.listGet(load, sink);
      assertThat(elements(load.state)).containsExactly(ListLoad.loaded(load.key()));
    }
    for (int i = 0; i < 2 * KEYS; i++) {
      benchmark.listAdd(load);
    }
    for (long key = 0; key < KEYS; key++) {
      load.select(key);
      assertThat(elements(load.state)).containsExactly(ListLoad.loaded(key), key, key);
    }
    for (int i = 0; i < KEYS; i++) {
      benchmark.listUpdate(load);
      assertThat(elements(load.state)).isEqualTo(ListLoad.ONE);
    }
    for (int i = 0; i < KEYS; i++) {
      benchmark.listUpdateHundred(load);
      assertThat(elements(load.state)).isEqualTo(ListLoad.HUNDRED);
    }
    for (int i = 0; i < KEYS; i++) {
      benchmark.listAddHundred(load);
    }
    List<Long> twoHundred = new ArrayList<>(ListLoad.HUNDRED);
    twoHundred.addAll(ListLoad.HUNDRED);
    for (long key = 0; key < KEYS; key++) {
      load.select(key);
      assertThat(elements(load.state)).isEqualTo(twoHundred);
    }
    close(load);
  }

  @ParameterizedTest
  @EnumSource(BackendKind.class)
  void mapOperations(BackendKind backend) throws Exception {
    MapLoad load = opened(new MapLoad(), backend);
    for (int i = 0; i < KEYS; i++) {
      long read = benchmark.mapGet(load);
      assertThat(entries(load.state)).isEqualTo(loadedMap(load)).containsValue(read);
      assertThat(benchmark.mapContains(load)).isTrue();
      benchmark.mapIterate(load, sink);
    }
    for (int i = 0; i < MapLoad.ENTRIES * KEYS; i++) {
      benchmark.mapPutExisting(load);
    }
    for (long key = 0; key < KEYS; key++) {
      load.select(key);
      assertThat(entries(load.state))
          .as("each entry is overwritten in ten passes: key %s", key)
          .containsOnlyKeys(load.mapKeys())
          .allSatisfy((mapKey, value) -> assertThat(value).isEqualTo(load.key()));
    }
    for (int i = 0; i < KEYS; i++) {
      benchmark.mapPutNew(load);
      assertThat(entries(load.state)).hasSize(1).containsValue(load.key());
    }
    close(load);
  }

  @Test
  void tableHasEachBenchmark() {
    List<String> benchmarks =
        Arrays.stream(KeyedStateBenchmark.class.getDeclaredMethods())
            .filter(method -> method.isAnnotationPresent(Benchmark.class))
            .map(java.lang.reflect.Method::getName)
            .toList();
    assertThat(Arrays.stream(Operation.values()).map(Operation::method))
        .containsExactlyInAnyOrderElementsOf(benchmarks);
  }

  private static <L extends KeyedLoad> L opened(L load, BackendKind backend) throws Exception {
    load.backend = backend;
    load.keys = KEYS;
    load.open();
    return load;
  }

  /** Closing fails when managed memory or a working file is left. */
  private static void close(KeyedLoad load) throws Exception {
    Path directory = load.slot().directory();
    load.close();
    assertThat(Files.exists(directory)).isFalse();
  }

  private static List<Long> elements(ListState<Long> state) throws Exception {
    List<Long> elements = new ArrayList<>();
    state.get().forEach(elements::add);
    return elements;
  }

  private static Map<Long, Long> entries(MapState<Long, Long> state) throws Exception {
    Map<Long, Long> entries = new HashMap<>();
    state.entries().forEach(entry -> entries.put(entry.getKey(), entry.getValue()));
    return entries;
  }

  private static Map<Long, Long> loadedMap(MapLoad load) {
    Map<Long, Long> map = new HashMap<>();
    for (Long mapKey : load.mapKeys()) {
      map.put(mapKey, MapLoad.loaded(load.key(), mapKey));
    }
    return map;
  }
}
