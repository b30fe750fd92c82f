/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.manifest.ManifestSegment;
import io.eloqstore.page.SegmentChange;
import io.eloqstore.pagestore.PageWriter;
import io.eloqstore.segment.SegmentWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Writes changes as one or more segments, each in a new file, and keeps these files until a root
 * holds them. Worker only.
 */
final class SegmentFiles implements AutoCloseable {
  /**
   * Bytes of a segment's file at most: what a clip has to fetch of a segment for a small range, and
   * what stays on the disk until the last range of it is merged.
   */
  static final int FILE_BYTES_MAX = 8 << 20;

  private final PartitionContext context;
  private final List<PageWriter> writers = new ArrayList<>();
  private long minSequence;
  private long maxSequence;

  SegmentFiles(PartitionContext context) {
    this.context = context;
  }

  /** Whether data files of this store may hold a segment alone: large enough, and appended to. */
  static boolean fit(PartitionContext context) {
    return context.options().appendMode()
        && 1L << context.options().pagesPerFileShift() >= SegmentWriter.FILE_PAGES_MIN;
  }

  /**
   * Writes all changes of a source.
   *
   * @param sequence gives the operation number of the present change
   * @return segments that have no keys in common, in any order; one run: all carry the lowest and
   *     the highest number of all changes
   */
  List<Segment> write(ChangeSource source, LongSupplier sequence) {
    List<ManifestSegment> records = new ArrayList<>();
    minSequence = Long.MAX_VALUE;
    maxSequence = 0;
    boolean more = source.next();
    while (more) {
      PageWriter pages = context.newWriter();
      writers.add(pages);
      try (SegmentWriter writer = newWriter(pages)) {
        long large = 0;
        while (more && add(writer, source)) {
          large += (source.change() & SegmentChange.LARGE) != 0 ? 1 : 0;
          noteSequence(sequence.getAsLong());
          more = source.next();
        }
        records.add(finished(writer, large));
      }
      pages.releaseBlock();
    }
    return records.stream().map(this::withSequences).toList();
  }

  private Segment withSequences(ManifestSegment record) {
    return new Segment(
        new ManifestSegment(
            record.fileId(),
            record.pages(),
            record.leaves(),
            record.entries(),
            record.largeEntries(),
            minSequence,
            maxSequence,
            record.live()),
        context.options().pagesPerFileShift());
  }

  private SegmentWriter newWriter(PageWriter pages) {
    int pageBytes = context.options().pageBytes();
    long filePages = 1L << context.options().pagesPerFileShift();
    return new SegmentWriter(
        pages,
        context.budget(),
        pageBytes,
        context.options().leafRestartInterval(),
        context.options().indexRestartInterval(),
        (int) Math.min(filePages, FILE_BYTES_MAX / pageBytes));
  }

  private static boolean add(SegmentWriter writer, ChangeSource source) {
    source.take();
    return writer.add(
        source.key(),
        source.keyLength(),
        source.change(),
        (source.change() & SegmentChange.FIRST_LIVE) != 0 ? source.firstLive() : 0,
        source.valueAt(),
        source.valueLength(),
        source.flags(),
        source.timestamp(),
        source.expireTs());
  }

  private void noteSequence(long sequence) {
    minSequence = Math.min(minSequence, sequence);
    maxSequence = Math.max(maxSequence, sequence);
  }

  private ManifestSegment finished(SegmentWriter writer, long large) {
    int pages = writer.finish();
    int shift = context.options().pagesPerFileShift();
    return new ManifestSegment(
        writer.firstFilePage() >>> shift,
        pages,
        writer.leaves(),
        writer.entries(),
        large,
        0,
        0,
        List.of(KeyRanges.closed(writer.firstKey(), writer.lastKey())));
  }

  /** Bytes written to all files. */
  long bytesWritten() {
    return writers.stream().mapToLong(PageWriter::bytesWritten).sum();
  }

  /** Lets the files go; the block memory too. */
  @Override
  public void close() {
    writers.forEach(PageWriter::close);
    writers.clear();
  }
}
