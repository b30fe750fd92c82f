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

/** Parts of our engine alone: the search in one page, the write buffer. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Threads(1)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class PartBenchmark {

  /** The search of a point read. */
  @Benchmark
  public int leafFind(PageLoad load) {
    return load.findInLeaf();
  }

  /** The search of a scan, which stands on the entry afterwards. */
  @Benchmark
  public int leafSeek(PageLoad load) {
    return load.seekInLeaf();
  }

  /** One step of a descent. */
  @Benchmark
  public int indexFind(PageLoad load) {
    return load.findChild();
  }

  @Benchmark
  public int bufferFind(BufferLoad load) {
    return load.find();
  }

  @Benchmark
  public int bufferFindAbsent(BufferLoad load) {
    return load.findAbsent();
  }

  @Benchmark
  public void bufferPutExisting(BufferLoad load) {
    load.putExisting();
  }

  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 3, batchSize = PointBenchmark.BATCH)
  @Measurement(iterations = 5, batchSize = PointBenchmark.BATCH)
  public void bufferPutNew(BufferLoad load) {
    load.putNew();
  }
}
