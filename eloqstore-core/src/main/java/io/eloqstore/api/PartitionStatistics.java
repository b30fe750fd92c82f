/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * What one open partition has and has done.
 *
 * @param reads point reads since it was opened; scans and lists are not counted
 * @param bufferBytes blocks of its active and frozen write buffers
 * @param mappingBytes blocks of the mapping of its newest root
 * @param liveBytes pages that its newest root names, change segments included
 * @param fileBytes data files, what is waiting to be written left out
 * @param oldestPinMs age of the oldest open iterator, freeze point or image, which keep pages from
 *     becoming free; 0 for none
 */
public record PartitionStatistics(
    PartitionId id,
    ReadCounts reads,
    long bufferBytes,
    long mappingBytes,
    long liveBytes,
    long fileBytes,
    long oldestPinMs) {

  /** Bytes of data files in which the newest root has no page. */
  public long garbageBytes() {
    return Math.max(0, fileBytes - liveBytes);
  }

  /** One {@code name value} a line, every name with the partition's. */
  public String toText() {
    String prefix = "partition." + id.directoryName() + '.';
    return prefix
        + "reads.buffer "
        + reads.buffer()
        + '\n'
        + prefix
        + "reads.frozen "
        + reads.frozen()
        + '\n'
        + prefix
        + "reads.frame "
        + reads.frame()
        + '\n'
        + prefix
        + "reads.disk "
        + reads.disk()
        + '\n'
        + prefix
        + "buffer.bytes "
        + bufferBytes
        + '\n'
        + prefix
        + "mapping.bytes "
        + mappingBytes
        + '\n'
        + prefix
        + "space.live.bytes "
        + liveBytes
        + '\n'
        + prefix
        + "space.garbage.bytes "
        + garbageBytes()
        + '\n'
        + prefix
        + "pin.oldest.ms "
        + oldestPinMs
        + '\n';
  }
}
