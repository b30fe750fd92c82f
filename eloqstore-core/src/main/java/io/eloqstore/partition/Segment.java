/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.manifest.ManifestSegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToLongFunction;

/**
 * A change segment as a root holds it: changes that are newer than the tree and lie in a file of
 * their own. Immutable; what was merged is taken off in a copy.
 */
final class Segment {
  static final Segment[] NONE = {};

  private final ManifestSegment record;
  private final KeyRanges live;
  private final long firstFilePage;
  // Made once: a method reference at each read would be an object at each read.
  private final IntToLongFunction places;

  Segment(ManifestSegment record, int pagesPerFileShift) {
    this(record, KeyRanges.of(record.live()), record.fileId() << pagesPerFileShift);
  }

  private Segment(ManifestSegment record, KeyRanges live, long firstFilePage) {
    this.record = record;
    this.live = live;
    this.firstFilePage = firstFilePage;
    this.places = this::place;
  }

  /** From what a manifest lists, oldest first, to what a root holds, newest first. */
  static Segment[] of(List<ManifestSegment> records, int pagesPerFileShift) {
    Segment[] segments = new Segment[records.size()];
    for (int i = 0; i < segments.length; i++) {
      segments[segments.length - 1 - i] = new Segment(records.get(i), pagesPerFileShift);
    }
    return segments;
  }

  /** The way back. */
  static List<ManifestSegment> records(Segment[] segments) {
    List<ManifestSegment> records = new ArrayList<>();
    for (int i = segments.length - 1; i >= 0; i--) {
      records.add(segments[i].record());
    }
    return records;
  }

  private long place(int page) {
    return page >= 0 && page < record.pages() ? firstFilePage + page : -1;
  }

  ManifestSegment record() {
    return new ManifestSegment(
        record.fileId(),
        record.pages(),
        record.leaves(),
        record.entries(),
        record.largeEntries(),
        record.minSequence(),
        record.maxSequence(),
        live.ranges());
  }

  long fileId() {
    return record.fileId();
  }

  /** Page of its root. */
  int rootPage() {
    return record.pages() - 1;
  }

  int pages() {
    return record.pages();
  }

  int leaves() {
    return record.leaves();
  }

  long entries() {
    return record.entries();
  }

  boolean hasLargeEntries() {
    return record.largeEntries() > 0;
  }

  long minSequence() {
    return record.minSequence();
  }

  long maxSequence() {
    return record.maxSequence();
  }

  /** File page of one of its pages, -1 for another one. */
  IntToLongFunction places() {
    return places;
  }

  /** The keys whose changes count. */
  KeyRanges live() {
    return live;
  }

  Segment without(KeyRange range) {
    return new Segment(record, live.minus(range), firstFilePage);
  }

  Segment within(KeyRange range) {
    return new Segment(record, live.within(range), firstFilePage);
  }
}
