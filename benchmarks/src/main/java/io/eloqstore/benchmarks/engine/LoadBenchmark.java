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

/** Loads all keys into an empty store with little memory and commits once. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Threads(1)
@Fork(1)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
public class LoadBenchmark {

  /** In the order of the keys. */
  @Benchmark
  public void loadSorted(FreshLoad load) {
    load.loadSorted();
  }

  /** In random order. */
  @Benchmark
  public void loadRandom(FreshLoad load) {
    load.loadRandom();
  }
}
