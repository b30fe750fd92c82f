/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * Bytes written to files so far, by what for.
 *
 * @param flush pages with the content of write buffers
 * @param segment change segments, written instead of merging a write buffer
 * @param segmentMerge pages with the content of change segments
 * @param sweep pages rewritten to unmap what was cut off, or for entries that a filter dropped or
 *     that expired
 * @param compaction pages moved out of sparse files
 * @param largeValue overflow pages of values that fit no leaf
 * @param iterator pages written so that iterators let write buffers go
 * @param clip pages at the edges of a restored range
 * @param manifest records, and the log of an earlier run that is written once more
 * @param image manifests copied for images; data files are linked
 */
public record WrittenBytes(
    long flush,
    long segment,
    long segmentMerge,
    long sweep,
    long compaction,
    long largeValue,
    long iterator,
    long clip,
    long manifest,
    long image) {
  public static final WrittenBytes NONE = new WrittenBytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  public long total() {
    return flush
        + segment
        + segmentMerge
        + sweep
        + compaction
        + largeValue
        + iterator
        + clip
        + manifest
        + image;
  }
}
