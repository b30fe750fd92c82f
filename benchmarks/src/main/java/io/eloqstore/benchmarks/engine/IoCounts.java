/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

/**
 * What went to the disk and came from it.
 *
 * @param dataReads calls that read data files
 * @param dataReadBytes bytes read from data files
 * @param dataWrittenBytes bytes written to data files
 * @param manifestReadBytes bytes read from all other files
 * @param manifestWrittenBytes bytes written to all other files
 * @param forces files that were forced
 */
record IoCounts(
    long dataReads,
    long dataReadBytes,
    long dataWrittenBytes,
    long manifestReadBytes,
    long manifestWrittenBytes,
    long forces) {

  IoCounts since(IoCounts before) {
    return new IoCounts(
        dataReads - before.dataReads,
        dataReadBytes - before.dataReadBytes,
        dataWrittenBytes - before.dataWrittenBytes,
        manifestReadBytes - before.manifestReadBytes,
        manifestWrittenBytes - before.manifestWrittenBytes,
        forces - before.forces);
  }
}
