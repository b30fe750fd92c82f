/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import static io.eloqstore.benchmarks.engine.EngineKind.ELOQSTORE;
import static io.eloqstore.benchmarks.engine.EngineKind.ROCKSDB;
import static io.eloqstore.benchmarks.engine.EngineKind.ROCKSDB_TUNED;

import io.eloqstore.benchmarks.Report;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A row of the engine's table. All figures are rates, so more is better.
 *
 * @param label its name in the table
 * @param benchmarks the class of the benchmark
 * @param method its method
 * @param numbers its parameters but for the engine
 * @param layer where the entries lie; {@code null} for a benchmark without that choice
 * @param batch invocations in an iteration; 0 when it is measured for a time
 * @param unit of the figures
 * @param factor a figure for one invocation in a millisecond
 * @param engines which have it
 */
record EnginePoint(
    String label,
    Class<?> benchmarks,
    String method,
    Map<String, Integer> numbers,
    Layer layer,
    int batch,
    String unit,
    double factor,
    Set<EngineKind> engines) {

  private static final String OPERATIONS = "ops/ms";
  private static final String ROWS = "rows/ms";
  private static final Set<EngineKind> ALL = EnumSet.allOf(EngineKind.class);
  private static final Set<EngineKind> STORES = EnumSet.of(ELOQSTORE, ROCKSDB, ROCKSDB_TUNED);
  private static final Set<EngineKind> OURS = EnumSet.of(ELOQSTORE);

  /**
   * All rows.
   *
   * @param keys keys that are loaded
   * @param share pages and changed keys are this part of their number, at least one
   */
  static List<EnginePoint> all(int keys, double share) {
    List<EnginePoint> points = new ArrayList<>();
    for (Layer layer : Layer.values()) {
      points.add(point("get, " + name(layer), "get", layer, layerEngines(layer), keys));
      points.add(
          point("get, absent, " + name(layer), "getAbsent", layer, layerEngines(layer), keys));
    }
    points.add(point("put, existing key, buffered", "putExisting", Layer.ACTIVE, ALL, keys));
    points.add(batch("put, new key, buffered", "putNew", ALL, keys));
    points.add(batch("append to a list, buffered", "append", STORES, keys));
    for (Layer layer : new Layer[] {Layer.ACTIVE, Layer.LEAF}) {
      Set<EngineKind> engines = layerEngines(layer);
      points.add(point("scan of all, " + name(layer), "scan", layer, engines, keys));
      points.add(point("scan of 10 by prefix, " + name(layer), "scanPrefix", layer, engines, keys));
      points.add(point("floor, " + name(layer), "floor", layer, engines, keys));
    }
    points.add(commit(1, 20, keys));
    points.add(commit(scaled(1_000, share), 10, keys));
    points.add(commit(scaled(100_000, share), 1, keys));
    points.add(load("load, sorted", "loadSorted", keys));
    points.add(load("load, random order", "loadRandom", keys));
    for (int pages : new int[] {scaled(2_000, share), scaled(100_000, share)}) {
      String of = Report.format(", %,d pages", pages);
      points.add(part("find in a leaf" + of, "leafFind", Map.of("pages", pages), 0));
      points.add(part("seek in a leaf" + of, "leafSeek", Map.of("pages", pages), 0));
      points.add(part("find in an index page" + of, "indexFind", Map.of("pages", pages), 0));
    }
    Map<String, Integer> loaded = Map.of("keys", keys);
    points.add(part("buffer alone: find", "bufferFind", loaded, 0));
    points.add(part("buffer alone: find, absent", "bufferFindAbsent", loaded, 0));
    points.add(part("buffer alone: put, existing key", "bufferPutExisting", loaded, 0));
    points.add(part("buffer alone: put, new key", "bufferPutNew", loaded, PointBenchmark.BATCH));
    return points;
  }

  private static String name(Layer layer) {
    return switch (layer) {
      case ACTIVE -> "active buffer";
      case FROZEN -> "frozen buffer";
      case LEAF -> "cached leaf";
    };
  }

  /** Maps are compared where all lies in the buffer; nothing of the others stays frozen. */
  private static Set<EngineKind> layerEngines(Layer layer) {
    return switch (layer) {
      case ACTIVE -> ALL;
      case FROZEN -> OURS;
      case LEAF -> STORES;
    };
  }

  private static EnginePoint point(
      String label, String method, Layer layer, Set<EngineKind> engines, int keys) {
    boolean byRow = method.equals("scan");
    return new EnginePoint(
        label,
        PointBenchmark.class,
        method,
        Map.of("keys", keys),
        layer,
        0,
        byRow ? ROWS : OPERATIONS,
        byRow ? keys : 1,
        engines);
  }

  private static EnginePoint batch(String label, String method, Set<EngineKind> engines, int keys) {
    return new EnginePoint(
        label,
        PointBenchmark.class,
        method,
        Map.of("keys", keys),
        Layer.ACTIVE,
        PointBenchmark.BATCH,
        OPERATIONS,
        1,
        engines);
  }

  private static EnginePoint commit(int changed, int batch, int keys) {
    return new EnginePoint(
        Report.format("commit of %,d changed", changed),
        CommitBenchmark.class,
        "commit",
        Map.of("keys", keys, "changed", changed),
        null,
        batch,
        "commits/s",
        1_000,
        STORES);
  }

  private static EnginePoint load(String label, String method, int keys) {
    return new EnginePoint(
        label, LoadBenchmark.class, method, Map.of("keys", keys), null, 1, ROWS, keys, ALL);
  }

  private static EnginePoint part(
      String label, String method, Map<String, Integer> numbers, int batch) {
    return new EnginePoint(
        label, PartBenchmark.class, method, numbers, null, batch, OPERATIONS, 1, OURS);
  }

  private static int scaled(int whole, double share) {
    return Math.max(1, (int) (whole * share));
  }

  boolean isLoad() {
    return benchmarks == LoadBenchmark.class;
  }

  /** As JMH takes them. */
  Map<String, String> parameters(EngineKind engine) {
    Map<String, String> parameters = new HashMap<>();
    numbers.forEach((name, number) -> parameters.put(name, number.toString()));
    if (benchmarks != PartBenchmark.class) {
      parameters.put("engine", engine.name());
    }
    if (layer != null) {
      parameters.put("layer", layer.name());
    }
    return parameters;
  }
}
