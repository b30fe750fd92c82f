/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.manifest.EntryCounts;
import io.eloqstore.manifest.ManifestExtension;
import io.eloqstore.manifest.ManifestSegment;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.pagestore.PageSource;
import io.eloqstore.tree.ClipWalk;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Makes of what a manifest says what it would say of a range of keys: the same root and a mapping
 * of only the pages that the range needs. The leaves at its edges still hold keys outside.
 *
 * <p>One thread. Writes nothing.
 */
final class ImageClip {
  private final MemoryBudget budget;
  private final PageSource source;
  private final ImageArrival arrival;
  private final KeyRange kept;

  ImageClip(MemoryBudget budget, PageSource source, ImageArrival arrival, KeyRange kept) {
    this.budget = budget;
    this.source = source;
    this.arrival = arrival;
    this.kept = kept;
  }

  /**
   * Whether the pages of a range can be told from the index. Not in a partition with entries that
   * expire, whose second tree is in another order, nor in one that another engine wrote last, of
   * which nobody knows what its leaves name, nor while a change segment names overflow pages.
   */
  static boolean isPossible(ManifestState state) {
    return state.extension() != null
        && state.ttlRootPage() == Root.NO_PAGE
        && state.extension().counts().ttlEntries() == 0
        && state.extension().segments().stream().allMatch(s -> s.largeEntries() == 0);
  }

  /**
   * Clips; the data files of all pages that are kept are there afterwards.
   *
   * @param state stays held by the caller
   * @return its mapping is held by the caller too; it names no pending cuts, for nothing of them is
   *     in the range
   */
  ManifestState apply(ManifestState state) {
    EntryCounts counts = state.extension().counts();
    MappingSnapshot whole = state.mapping();
    MappingSnapshot empty = MappingSnapshot.empty(budget, whole.pagesPerFileShift());
    MappingBuilder builder = new MappingBuilder(empty);
    MappingSnapshot mapping;
    ClipWalk walk;
    List<ManifestSegment> segments = segmentsWithin(state);
    boolean readsLeaves = counts.overflowEntries() > 0;
    try {
      walk = new ClipWalk(source, whole, builder, kept, readsLeaves, arrival::require);
      walk.walk(state.rootPage());
      mapping = builder.build();
    } finally {
      builder.abandon();
      empty.release();
    }
    try {
      SortedSet<Long> files = filesOf(mapping);
      segments.forEach(segment -> files.add(segment.fileId()));
      arrival.require(files);
    } catch (RuntimeException | Error e) {
      mapping.release();
      throw e;
    }
    EntryCounts found =
        readsLeaves
            ? new EntryCounts(walk.entries(), walk.overflowEntries(), 0, true)
            : new EntryCounts(estimate(counts.entries(), mapping, whole), 0, 0, false);
    return new ManifestState(
        state.rootPage(),
        state.ttlRootPage(),
        state.maxFilePage(),
        state.dictionary(),
        mapping,
        state.terms(),
        state.manifestTerm(),
        with(state.extension(), found, segments),
        state.extent());
  }

  /** What of the change segments lies in the range. */
  private List<ManifestSegment> segmentsWithin(ManifestState state) {
    List<ManifestSegment> records = new ArrayList<>();
    for (ManifestSegment record : state.extension().segments()) {
      Segment part = new Segment(record, state.mapping().pagesPerFileShift()).within(kept);
      if (!part.live().isEmpty()) {
        records.add(part.record());
      }
    }
    return records;
  }

  private static SortedSet<Long> filesOf(MappingSnapshot mapping) {
    SortedSet<Long> fileIds = new TreeSet<>();
    for (int i = 0; i < mapping.fileCount(); i++) {
      fileIds.add(mapping.fileId(i));
    }
    return fileIds;
  }

  /** The share of the entries that the pages are of all pages. */
  private static long estimate(long entries, MappingSnapshot mapping, MappingSnapshot whole) {
    return whole.mappedCount() == 0
        ? 0
        : (long) ((double) entries * mapping.mappedCount() / whole.mappedCount());
  }

  private static ManifestExtension with(
      ManifestExtension extension, EntryCounts counts, List<ManifestSegment> segments) {
    return new ManifestExtension(
        extension.options(),
        counts,
        extension.sequence(),
        extension.metadata(),
        new int[0],
        extension.incarnation(),
        extension.features(),
        segments,
        extension.opaque());
  }
}
