/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * Bytes written to files so far, by what for.
 *
 * @param flush pages with the content of write buffers
 * @param sweep pages rewritten to unmap what was cut off, or for entries that a filter dropped
 * @param largeValue overflow pages of values that fit no leaf
 * @param iterator pages written so that iterators let write buffers go
 * @param clip pages at the edges of a restored range
 * @param manifest records, and the log of an earlier run that is written once more
 * @param image manifests copied for images; data files are linked
 */
public record WrittenBytes(
    long flush, long sweep, long largeValue, long iterator, long clip, long manifest, long image) {
  public static final WrittenBytes NONE = new WrittenBytes(0, 0, 0, 0, 0, 0, 0);

  public long total() {
    return flush + sweep + largeValue + iterator + clip + manifest + image;
  }
}
