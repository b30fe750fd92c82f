/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.shard;

import io.eloqstore.api.DurationHistogram;
import io.eloqstore.api.Durations;
import io.eloqstore.api.ReadCounts;
import io.eloqstore.api.WrittenBytes;

/**
 * What a shard's memory is used for and what its page cache has done so far.
 *
 * @param budgetBytes all memory there is
 * @param writeBufferBytes changes that are in no page yet
 * @param mappingBytes where the pages lie
 * @param frameBytes cached pages
 * @param ioBytes blocks on their way, scratch space
 * @param pageHits pages that were cached when they were pinned
 * @param pageMisses pages that were read
 * @param pageEvictions cached pages that made room for others
 * @param reads point reads of all partitions, those closed by now included
 * @param pagesRead pages read from their files and found sound
 * @param written bytes written to files
 * @param durations how long deeds took
 * @param partitions what is open now
 * @param files the open files behind all partitions
 */
public record ShardStatistics(
    long budgetBytes,
    long writeBufferBytes,
    long mappingBytes,
    long frameBytes,
    long ioBytes,
    long pageHits,
    long pageMisses,
    long pageEvictions,
    ReadCounts reads,
    long pagesRead,
    WrittenBytes written,
    Durations durations,
    Partitions partitions,
    Files files) {

  /** Of an engine that counts nothing. */
  public static final ShardStatistics NONE =
      new ShardStatistics(
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          ReadCounts.NONE,
          0,
          WrittenBytes.NONE,
          Durations.NONE,
          new Partitions(0, 0, 0, 0),
          new Files(0, 0, 0));

  /**
   * The open partitions together.
   *
   * @param open how many there are
   * @param liveBytes pages that their newest roots name
   * @param garbageBytes of their data files the rest
   * @param oldestPinMs age of the oldest iterator, freeze point or image; 0 for none
   */
  public record Partitions(int open, long liveBytes, long garbageBytes, long oldestPinMs) {}

  /**
   * Files with and without a handle.
   *
   * @param open handles now, locks not counted
   * @param opened how often a file was opened, again or for the first time
   * @param evicted how often a handle was closed for another one
   */
  public record Files(int open, long opened, long evicted) {}

  /**
   * All of it, one {@code name value} a line. Names and their order stay; later versions may add
   * lines. {@code docs/metrics.md} says what they mean.
   */
  public String toText() {
    StringBuilder text = new StringBuilder();
    line(text, "budget.bytes", budgetBytes);
    line(text, "memory.write_buffer.bytes", writeBufferBytes);
    line(text, "memory.mapping.bytes", mappingBytes);
    line(text, "memory.frame.bytes", frameBytes);
    line(text, "memory.io.bytes", ioBytes);
    line(text, "cache.hits", pageHits);
    line(text, "cache.misses", pageMisses);
    line(text, "cache.evictions", pageEvictions);
    line(text, "reads.buffer", reads.buffer());
    line(text, "reads.frozen", reads.frozen());
    line(text, "reads.frame", reads.frame());
    line(text, "reads.disk", reads.disk());
    line(text, "pages.read", pagesRead);
    line(text, "written.flush.bytes", written.flush());
    line(text, "written.segment.bytes", written.segment());
    line(text, "written.segment_merge.bytes", written.segmentMerge());
    line(text, "written.sweep.bytes", written.sweep());
    line(text, "written.compaction.bytes", written.compaction());
    line(text, "written.large_value.bytes", written.largeValue());
    line(text, "written.iterator.bytes", written.iterator());
    line(text, "written.clip.bytes", written.clip());
    line(text, "written.manifest.bytes", written.manifest());
    line(text, "written.image.bytes", written.image());
    lines(text, "duration.freeze", durations.freeze());
    lines(text, "duration.flush", durations.flush());
    lines(text, "duration.commit", durations.commit());
    lines(text, "duration.fetch", durations.fetch());
    line(text, "partitions.open", partitions.open());
    line(text, "space.live.bytes", partitions.liveBytes());
    line(text, "space.garbage.bytes", partitions.garbageBytes());
    line(text, "pin.oldest.ms", partitions.oldestPinMs());
    line(text, "files.open", files.open());
    line(text, "files.opened", files.opened());
    line(text, "files.evicted", files.evicted());
    return text.toString();
  }

  private static void lines(StringBuilder text, String name, DurationHistogram histogram) {
    line(text, name + ".count", histogram.count());
    line(text, name + ".total.ns", histogram.totalNs());
    line(text, name + ".p50.ns", histogram.quantileNs(0.5));
    line(text, name + ".p99.ns", histogram.quantileNs(0.99));
    line(text, name + ".max.ns", histogram.maxNs());
  }

  private static void line(StringBuilder text, String name, long value) {
    text.append(name).append(' ').append(value).append('\n');
  }
}
