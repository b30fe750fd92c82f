/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.shard.ShardStatistics;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * Smoke mode: each benchmark does what it says on each store, and the store is closed without a
 * leak. Nothing is timed.
 */
class EngineBenchmarkTest {
  private static final int KEYS = 300;

  private final PointBenchmark benchmark = new PointBenchmark();

  /** Every engine in every layer that the table has of it. */
  static Stream<Arguments> layers() {
    return EnginePoint.all(KEYS, 1).stream()
        .filter(point -> point.method().equals("get"))
        .flatMap(
            point -> point.engines().stream().map(engine -> Arguments.of(engine, point.layer())));
  }

  static Stream<EngineKind> listEngines() {
    return EnginePoint.all(KEYS, 1).stream()
        .filter(point -> point.method().equals("append"))
        .flatMap(point -> point.engines().stream());
  }

  @ParameterizedTest
  @MethodSource("layers")
  void reads(EngineKind engine, Layer layer) throws Exception {
    try (PointLoad load = opened(engine, layer)) {
      Set<Long> visited = new HashSet<>();
      for (int i = 0; i < KEYS; i++) {
        assertThat(benchmark.get(load)).isEqualTo(Entries.VALUE_BYTES);
        visited.add(load.number());
        assertThat(benchmark.getAbsent(load)).isEqualTo(KeyValueStore.ABSENT);
        visited.add(load.number());
        assertThat(benchmark.scanPrefix(load)).isEqualTo(Entries.GROUP);
        visited.add(load.number());
        assertThat(benchmark.floor(load)).isEqualTo(Entries.VALUE_BYTES);
        visited.add(load.number());
      }
      assertThat(benchmark.scan(load)).isEqualTo(KEYS);
      assertThat(visited).as("the keys of some passes").hasSize(KEYS);
    }
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void puts(EngineKind engine) throws Exception {
    try (PointLoad load = opened(engine, Layer.ACTIVE)) {
      for (int i = 0; i < 2 * KEYS; i++) {
        benchmark.putExisting(load);
      }
      assertThat(benchmark.scan(load)).isEqualTo(KEYS);
      for (int i = 0; i < KEYS; i++) {
        benchmark.putNew(load);
      }
      assertThat(benchmark.scan(load)).as("old and new keys").isEqualTo(2 * KEYS);
    }
  }

  @ParameterizedTest
  @MethodSource("listEngines")
  void appends(EngineKind engine) throws Exception {
    try (PointLoad load = opened(engine, Layer.ACTIVE)) {
      for (int i = 0; i < 2 * KEYS; i++) {
        benchmark.append(load);
      }
      assertThat(benchmark.scan(load)).as("a list beside each value").isEqualTo(2 * KEYS);
    }
  }

  @ParameterizedTest
  @EnumSource(Layer.class)
  void readsOfOursStayInTheirLayer(Layer layer) throws Exception {
    try (PointLoad load = opened(EngineKind.ELOQSTORE, layer)) {
      OurStore store = (OurStore) load.store();
      ShardStatistics before = store.statistics();
      for (int i = 0; i < KEYS; i++) {
        benchmark.get(load);
        benchmark.getAbsent(load);
      }
      ShardStatistics after = store.statistics();
      assertThat(after.written()).as("nothing flushed").isEqualTo(before.written());
      assertThat(after.pagesRead()).as("nothing read").isEqualTo(before.pagesRead());
      assertThat(after.pageEvictions()).as("nothing evicted").isEqualTo(before.pageEvictions());
      assertThat(after.writeBufferBytes()).isEqualTo(before.writeBufferBytes());
      assertThat(after.frameBytes()).isEqualTo(before.frameBytes());
      if (layer == Layer.LEAF) {
        assertThat(before.frameBytes()).isGreaterThan(KEYS * Entries.BYTES);
      } else {
        assertThat(before.writeBufferBytes()).isGreaterThan(KEYS * Entries.BYTES);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = EngineKind.class,
      names = {"ELOQSTORE", "ROCKSDB", "ROCKSDB_TUNED"})
  void commits(EngineKind engine) throws Exception {
    try (CommitLoad load = new CommitLoad()) {
      load.engine = engine;
      load.keys = KEYS;
      load.changed = KEYS / 7;
      load.open();
      for (int i = 0; i < 10; i++) {
        new CommitBenchmark().commit(load);
      }
      assertThat(load.store().scan()).isEqualTo(KEYS);
    }
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void loads(EngineKind engine) throws Exception {
    try (FreshLoad load = fresh(engine)) {
      new LoadBenchmark().loadSorted(load);
      assertThat(load.store().scan()).isEqualTo(KEYS);
    }
    try (FreshLoad load = fresh(engine)) {
      new LoadBenchmark().loadRandom(load);
      assertThat(load.store().scan()).isEqualTo(KEYS);
    }
  }

  @Test
  void pagesAlone() {
    PartBenchmark parts = new PartBenchmark();
    try (PageLoad load = new PageLoad()) {
      load.pages = 3;
      load.open();
      for (int i = 0; i < 1_000; i++) {
        assertThat(parts.leafFind(load)).isEqualTo(Entries.VALUE_BYTES);
        assertThat(parts.leafSeek(load)).isEqualTo(Entries.VALUE_BYTES);
        assertThat(parts.indexFind(load)).isEqualTo(load.expectedChild());
      }
    }
  }

  @Test
  void bufferAlone() {
    PartBenchmark parts = new PartBenchmark();
    try (BufferLoad load = new BufferLoad()) {
      load.keys = KEYS;
      load.open();
      for (int i = 0; i < KEYS; i++) {
        assertThat(parts.bufferFind(load)).isNotZero();
        assertThat(parts.bufferFindAbsent(load)).isZero();
        parts.bufferPutExisting(load);
      }
      assertThat(load.buffer().entryCount()).isEqualTo(KEYS);
      for (int i = 0; i < KEYS; i++) {
        parts.bufferPutNew(load);
      }
      assertThat(load.buffer().entryCount()).isEqualTo(2 * KEYS);
    }
  }

  @Test
  void tableHasEachBenchmark() {
    List<String> benchmarks =
        Stream.of(
                PointBenchmark.class,
                CommitBenchmark.class,
                LoadBenchmark.class,
                PartBenchmark.class)
            .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
            .filter(method -> method.isAnnotationPresent(Benchmark.class))
            .map(EngineBenchmarkTest::name)
            .toList();
    assertThat(
            EnginePoint.all(KEYS, 1).stream()
                .map(point -> point.benchmarks().getSimpleName() + "." + point.method())
                .distinct())
        .containsExactlyInAnyOrderElementsOf(benchmarks);
  }

  private static String name(Method method) {
    return method.getDeclaringClass().getSimpleName() + "." + method.getName();
  }

  private static FreshLoad fresh(EngineKind engine) throws Exception {
    FreshLoad load = new FreshLoad();
    load.engine = engine;
    load.keys = KEYS;
    load.shuffle();
    load.open();
    return load;
  }

  private static PointLoad opened(EngineKind engine, Layer layer) throws Exception {
    PointLoad load = new PointLoad();
    load.engine = engine;
    load.layer = layer;
    load.keys = KEYS;
    load.open();
    return load;
  }
}
