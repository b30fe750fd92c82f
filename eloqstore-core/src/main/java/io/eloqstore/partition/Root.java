/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.mapping.MappingSnapshot;
import java.util.function.IntToLongFunction;

/**
 * One immutable version of a partition: root pages and mapping of its tree, change segments that
 * are newer than the tree, counts.
 *
 * <p>Counted: whoever keeps one retains it; the last release gives the mapping's memory back and
 * lets the files go that no other version has a live page in.
 */
final class Root {
  /** No page: an empty tree. */
  static final int NO_PAGE = -1;

  private final int treePage;
  private final int ttlPage;
  private final MappingSnapshot mapping;
  // Made once: a method reference at each read would be an object at each read.
  private final IntToLongFunction pages;
  private final Counts counts;
  private final int[] pendingCuts;
  private final Segment[] segments;
  private final SegmentRun[] runs;
  private final FileReferences references;
  // The same object in all versions that hold the same entries.
  private final Object content;
  private int holders = 1;

  /**
   * A version with a content of its own. Takes over the caller's hold on the mapping.
   *
   * @param pendingCuts subtrees that are cut off but still mapped, as {@link
   *     io.eloqstore.tree.CutSweeper} names them
   * @param segments changes newer than the tree, newest first
   */
  Root(
      int treePage,
      int ttlPage,
      MappingSnapshot mapping,
      Counts counts,
      int[] pendingCuts,
      Segment[] segments,
      FileReferences references) {
    this(treePage, ttlPage, mapping, counts, pendingCuts, segments, references, new Object());
  }

  private Root(
      int treePage,
      int ttlPage,
      MappingSnapshot mapping,
      Counts counts,
      int[] pendingCuts,
      Segment[] segments,
      FileReferences references,
      Object content) {
    this.treePage = treePage;
    this.ttlPage = ttlPage;
    this.mapping = mapping;
    this.pages = mapping::filePage;
    this.counts = counts;
    this.pendingCuts = pendingCuts;
    this.segments = segments;
    this.runs = SegmentRun.of(segments);
    this.references = references;
    this.content = content;
    references.add(mapping);
    for (Segment segment : segments) {
      references.hold(segment.fileId());
    }
  }

  /** A version of the same entries: pages lie elsewhere, or less of what was cut is mapped. */
  Root rearranged(int newTtlPage, MappingSnapshot newMapping, Counts newCounts, int[] newCuts) {
    return new Root(
        treePage, newTtlPage, newMapping, newCounts, newCuts, segments, references, content);
  }

  /** Whether both hold the same entries. */
  boolean hasContentOf(Root other) {
    return content == other.content;
  }

  int treePage() {
    return treePage;
  }

  int ttlPage() {
    return ttlPage;
  }

  MappingSnapshot mapping() {
    return mapping;
  }

  /** File page of a logical page, -1 for none. */
  IntToLongFunction pages() {
    return pages;
  }

  Counts counts() {
    return counts;
  }

  int[] pendingCuts() {
    return pendingCuts;
  }

  /** Changes newer than the tree, newest first. */
  Segment[] segments() {
    return segments;
  }

  /** The segments by the flushes that wrote them, newest first. */
  SegmentRun[] runs() {
    return runs;
  }

  /**
   * Keeps this version.
   *
   * @return whether it was still there to be kept
   */
  synchronized boolean retain() {
    if (holders == 0) {
      return false;
    }
    holders++;
    return true;
  }

  void release() {
    synchronized (this) {
      if (--holders != 0) {
        return;
      }
    }
    references.remove(mapping);
    for (Segment segment : segments) {
      references.drop(segment.fileId());
    }
    mapping.release();
  }
}
