/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

/**
 * How much memory a store may use, and how it is shared: ours gives at most half to write buffers
 * and a third of that to the buffer of its one partition, so that two can be flushed while it
 * fills; RocksDB gets the same.
 *
 * @param bytes all of it
 */
record Memory(long bytes) {
  /** Holds everything that a benchmark of cached entries puts, without a flush. */
  static final Memory ROOMY = new Memory(2L << 30);

  /** Makes a load flush in the background, many times. */
  static final Memory TIGHT = new Memory(64L << 20);

  static final int BUFFERS = 3;

  long bufferBytes() {
    return bytes / 2 / BUFFERS;
  }

  long cacheBytes() {
    return bytes / 2;
  }
}
