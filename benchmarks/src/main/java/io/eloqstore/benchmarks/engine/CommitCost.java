/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

/**
 * What changes and their commit cost.
 *
 * @param changedBytes keys and values that were put
 * @param io what went to and came from the disk meanwhile, flushes before the commit included
 * @param mappingBytes of the mapping that was committed, as far as the one before does not share it
 * @param ms puts and commit, milliseconds
 */
record CommitCost(long changedBytes, IoCounts io, long mappingBytes, double ms) {

  /** Bytes that went into new pages beside those that were put: what was copied along. */
  long copiedBytes() {
    return Math.max(0, io.dataWrittenBytes() - changedBytes);
  }

  /** Bytes written for each byte put. */
  double amplification() {
    return (double) (io.dataWrittenBytes() + io.manifestWrittenBytes()) / changedBytes;
  }
}
