/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import java.util.function.ToDoubleFunction;

/** The figures of random reads. */
enum ReadColumn {
  GETS(ReadRate::getsPerSecond),
  READS(ReadRate::readsPerSecond),
  READS_PER_GET(ReadRate::readsPerGet),
  MEDIAN(ReadRate::medianUs),
  P99(ReadRate::p99Us),
  /** Reads for each second of fio; not part of a rate of ours. */
  FIO(null);

  private final ToDoubleFunction<ReadRate> figure;

  ReadColumn(ToDoubleFunction<ReadRate> figure) {
    this.figure = figure;
  }

  boolean isOurs() {
    return figure != null;
  }

  double of(ReadRate rate) {
    return figure.applyAsDouble(rate);
  }
}
