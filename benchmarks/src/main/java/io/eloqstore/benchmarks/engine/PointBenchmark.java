/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Single operations on a store in memory, one thread.
 *
 * <p>Operations that leave the store at its size are measured for a time, in operations for each
 * millisecond; those that make it grow in batches of a fixed number, in milliseconds for each
 * batch. {@link EngineTable} runs this in interleaved rounds.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Threads(1)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class PointBenchmark {
  /** Operations in a batch. */
  static final int BATCH = 100_000;

  /** Reads the value of a loaded key. */
  @Benchmark
  public int get(PointLoad load) {
    return load.store().get(load.visit());
  }

  /** Looks for a key that lies between two loaded ones. */
  @Benchmark
  public int getAbsent(PointLoad load) {
    return load.store().get(load.visitAbsent());
  }

  /** Overwrites the value of a loaded key. */
  @Benchmark
  public void putExisting(PointLoad load) {
    load.store().put(load.visit(), load.value());
  }

  /** Puts a new key. */
  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 3, batchSize = BATCH)
  @Measurement(iterations = 5, batchSize = BATCH)
  public void putNew(PointLoad load) {
    load.store().put(load.visitNew(), load.value());
  }

  /** Appends eight bytes to a list; its key lies between two loaded ones. */
  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 3, batchSize = BATCH)
  @Measurement(iterations = 5, batchSize = BATCH)
  public void append(PointLoad load) {
    load.store().append(load.visitAbsent(), load.element());
  }

  /** Reads everything in order. */
  @Benchmark
  public long scan(PointLoad load) {
    return load.store().scan();
  }

  /** Reads the ten entries whose keys begin with the same eight bytes. */
  @Benchmark
  public int scanPrefix(PointLoad load) {
    return load.store().scanPrefix(load.visitPrefix());
  }

  /** Looks for the greatest key that is not above one that is absent. */
  @Benchmark
  public int floor(PointLoad load) {
    return load.store().floor(load.visitAbsent());
  }
}
