/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.manifest.EntryCounts;
import io.eloqstore.manifest.ManifestExtension;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.pagestore.PageSource;
import io.eloqstore.tree.ClipWalk;
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
   * which nobody knows what its leaves name.
   */
  static boolean isPossible(ManifestState state) {
    return state.extension() != null
        && state.ttlRootPage() == Root.NO_PAGE
        && state.extension().counts().ttlEntries() == 0;
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
      arrival.require(filesOf(mapping));
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
        withCounts(state.extension(), found),
        state.extent());
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

  private static ManifestExtension withCounts(ManifestExtension extension, EntryCounts counts) {
    return new ManifestExtension(
        extension.options(),
        counts,
        extension.sequence(),
        extension.metadata(),
        new int[0],
        extension.incarnation(),
        extension.features(),
        extension.opaque());
  }
}
