/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Flink's keyed state, one thread, all of it in memory: HashMap, RocksDB and ours.
 *
 * <p>Operations that leave the state at its size are measured for a time, in operations for each
 * millisecond. Those that make it grow are measured in batches of a fixed number, in milliseconds
 * for each batch: over a time, the faster backend would have to work on the larger state.
 *
 * <p>Each invocation selects its key first, as Flink does for each record. {@link KeyedLoad} says
 * what state the backend is in. {@link Table1} runs this in interleaved rounds.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Threads(1)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class KeyedStateBenchmark {
  /** Operations in a batch that adds an element or an entry at a time. */
  static final int BATCH = 100_000;

  /** Operations in a batch that writes a hundred elements at a time. */
  static final int HUNDREDS_BATCH = 20_000;

  /** Reads the value of a loaded key. */
  @Benchmark
  public Long valueGet(ValueLoad load) throws Exception {
    load.visitNext();
    return load.state.value();
  }

  /** Overwrites the value of a loaded key with the key itself. */
  @Benchmark
  public void valueUpdate(ValueLoad load) throws Exception {
    load.state.update(load.visitNext());
  }

  /** Writes the value of a new key. */
  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 3, batchSize = BATCH)
  @Measurement(iterations = 5, batchSize = BATCH)
  public void valueAdd(ValueLoad load) throws Exception {
    load.state.update(load.visitNew());
  }

  /** Reads 100 bytes, adds one to the first of them and writes them back. */
  @Benchmark
  public byte bytesReadModifyWrite(BytesLoad load) throws Exception {
    load.visitNext();
    byte[] value = load.state.value();
    byte first = ++value[0];
    load.state.update(value);
    return first;
  }

  /** Replaces a list by one of one element. */
  @Benchmark
  public void listUpdate(ListLoad load) throws Exception {
    load.visitNext();
    load.state.update(ListLoad.ONE);
  }

  /** Adds one element, the key itself, to the list of a loaded key. */
  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 3, batchSize = BATCH)
  @Measurement(iterations = 5, batchSize = BATCH)
  public void listAdd(ListLoad load) throws Exception {
    load.state.add(load.visitNext());
  }

  /** Replaces a list by one of a hundred elements. */
  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 3, batchSize = HUNDREDS_BATCH)
  @Measurement(iterations = 5, batchSize = HUNDREDS_BATCH)
  public void listUpdateHundred(ListLoad load) throws Exception {
    load.visitNext();
    load.state.update(ListLoad.HUNDRED);
  }

  /** Adds a hundred elements to the list of a loaded key. */
  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 3, batchSize = HUNDREDS_BATCH)
  @Measurement(iterations = 5, batchSize = HUNDREDS_BATCH)
  public void listAddHundred(ListLoad load) throws Exception {
    load.visitNext();
    load.state.addAll(ListLoad.HUNDRED);
  }

  /** Reads a list of one element. */
  @Benchmark
  public void listGet(ListLoad load, Blackhole sink) throws Exception {
    load.visitNext();
    for (Long element : load.state.get()) {
      sink.consume(element);
    }
  }

  /** Reads an entry of a map of ten. */
  @Benchmark
  public Long mapGet(MapLoad load) throws Exception {
    load.visitNext();
    return load.state.get(load.mapKey());
  }

  /** Asks for an entry that a map of ten has. */
  @Benchmark
  public boolean mapContains(MapLoad load) throws Exception {
    load.visitNext();
    return load.state.contains(load.mapKey());
  }

  /** Overwrites an entry of a map of ten with the key itself. */
  @Benchmark
  public void mapPutExisting(MapLoad load) throws Exception {
    Long key = load.visitNext();
    load.state.put(load.mapKey(), key);
  }

  /** Writes the first entry of the map of a new key. */
  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 3, batchSize = BATCH)
  @Measurement(iterations = 5, batchSize = BATCH)
  public void mapPutNew(MapLoad load) throws Exception {
    Long key = load.visitNew();
    load.state.put(load.mapKey(), key);
  }

  /** Reads all entries of a map of ten. */
  @Benchmark
  public void mapIterate(MapLoad load, Blackhole sink) throws Exception {
    load.visitNext();
    for (Map.Entry<Long, Long> entry : load.state.entries()) {
      sink.consume(entry.getKey());
      sink.consume(entry.getValue());
    }
  }
}
