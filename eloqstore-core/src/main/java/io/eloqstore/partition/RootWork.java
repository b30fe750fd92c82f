/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.PageIds;
import io.eloqstore.page.SegmentChange;
import io.eloqstore.pagestore.PageWriter;
import io.eloqstore.tree.CutSweeper;
import io.eloqstore.tree.MergeListener;
import io.eloqstore.tree.MergeStatistics;
import io.eloqstore.tree.OverflowRelease;
import io.eloqstore.tree.RangeClip;
import io.eloqstore.tree.RangeCut;
import io.eloqstore.tree.RewriteContext;
import io.eloqstore.tree.RewriteIds;
import io.eloqstore.tree.TreeMerger;
import io.eloqstore.tree.TreeReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * One root under construction: the tree, the mapping and the change segments of a base, changed
 * step by step. Worker only; what fails is to be {@linkplain #abandon abandoned}.
 */
final class RootWork implements AutoCloseable {
  private final PartitionContext context;
  private final Root base;
  private final MappingBuilder mapping;
  private final RewriteIds ids;
  private final RewriteContext rewrite;
  private final CountsBuilder counts;
  private int treePage;
  private int ttlPage;
  private final SegmentFiles segmentFiles;
  private int[] pendingCuts;
  private Segment[] segments;

  /**
   * Whether the guest's filter is asked and values are compressed, if that is on: not for a root
   * that an iterator alone sees and that is soon forgotten.
   */
  private boolean isForGood;

  /**
   * @param writer takes the pages of the tree
   */
  RootWork(PartitionContext context, PageWriter writer, Root base, PageIds pageIds) {
    this.context = context;
    this.base = base;
    this.segments = base.segments();
    this.segmentFiles = new SegmentFiles(context);
    this.mapping = new MappingBuilder(base.mapping());
    this.ids = new RewriteIds(pageIds);
    this.rewrite =
        new RewriteContext(
            context.source(), writer, mapping, ids, context.budget(), context.treeOptions());
    this.counts = new CountsBuilder(base.counts());
    this.treePage = base.treePage();
    this.ttlPage = base.ttlPage();
    this.pendingCuts = base.pendingCuts();
  }

  /** It will be the working root: the guest's filter is asked, and values are compressed. */
  RootWork forGood() {
    isForGood = true;
    return this;
  }

  /** Merges a generation into the tree; only without change segments, which are newer than it. */
  void apply(Generation generation, long maxSequence, Consumer<LargeRun> usedRuns) {
    if (segments.length > 0) {
      throw new IllegalStateException("a buffer is newer than the segments over the tree");
    }
    ExpiryChanges expiries = new ExpiryChanges();
    cut(generation, maxSequence, expiries);
    try (ChangeSource source = source(generation, maxSequence, usedRuns)) {
      merge(source, KeyRange.ALL, expiries);
    }
    applyExpiries(expiries);
  }

  private BufferSource source(
      Generation generation, long maxSequence, Consumer<LargeRun> usedRuns) {
    return new BufferSource(
        generation,
        context.budget(),
        maxSequence,
        run -> {
          mapRun(mapping, run);
          usedRuns.accept(run);
        });
  }

  static void mapRun(MappingBuilder mapping, LargeRun run) {
    for (int i = 0; i < run.count(); i++) {
      mapping.map(run.firstPage() + i, run.firstFilePage() + i);
    }
  }

  private void cut(Generation generation, long maxSequence, ExpiryChanges expiries) {
    for (Cut cut : generation.cuts()) {
      if (cut.sequence() <= maxSequence) {
        cutSegments(cut.range());
        cut(cut, expiries);
      }
    }
  }

  /**
   * Merges changes into the tree.
   *
   * @return see {@link MergeChanges#end}
   */
  private byte[] merge(ChangeSource source, KeyRange range, ExpiryChanges expiries) {
    MergeStatistics statistics = new MergeStatistics();
    MergeChanges changes;
    // They look at the tree before: a page that was just written may not have reached its file.
    try (DeadChunks deadChunks = new DeadChunks(context.source(), base);
        ChunkJoin chunkJoin = new ChunkJoin(context, base);
        LeafCompression compression = isForGood ? LeafCompression.open(context) : null) {
      changes =
          new MergeChanges(
              source,
              context.arena(),
              deadChunks,
              chunkJoin,
              compression,
              range,
              this::hasSegmentIn);
      treePage = merger(expiries, statistics).merge(treePage, changes);
    }
    counts.add(statistics);
    return changes.end();
  }

  /** Takes a generation into the tree, or into a segment when there are segments already. */
  void take(Generation generation, long maxSequence, Consumer<LargeRun> usedRuns) {
    if (segments.length == 0) {
      apply(generation, maxSequence, usedRuns);
    } else {
      spill(generation, maxSequence, usedRuns);
    }
  }

  // ---- change segments --------------------------------------------------------------------------

  /** Makes a generation the newest segment; its range deletes take effect at once. */
  void spill(Generation generation, long maxSequence, Consumer<LargeRun> usedRuns) {
    ExpiryChanges expiries = new ExpiryChanges();
    cut(generation, maxSequence, expiries);
    applyExpiries(expiries);
    try (BufferSource source = source(generation, maxSequence, usedRuns)) {
      segments = joined(segmentFiles.write(source, source::sequence), segments);
    }
  }

  private static Segment[] joined(List<Segment> newer, Segment[] older) {
    Segment[] all = new Segment[newer.size() + older.length];
    for (int i = 0; i < newer.size(); i++) {
      all[i] = newer.get(i);
    }
    System.arraycopy(older, 0, all, newer.size(), older.length);
    return all;
  }

  /**
   * Merges what all segments hold of a range into the tree, newest first, and takes it off them. It
   * may be a little more, for a list is not left half merged.
   */
  void mergeSegments(KeyRange range) {
    ExpiryChanges expiries = new ExpiryChanges();
    byte[] end;
    try (OverflowRelease release = new OverflowRelease(rewrite);
        SegmentSource source =
            new SegmentSource(
                context.source(), SegmentRun.of(segments), range.from(), release::free)) {
      end = merge(source, range, expiries);
    }
    applyExpiries(expiries);
    takeOff(new KeyRange(range.from(), end));
  }

  private boolean hasSegmentIn(KeyRange range) {
    for (Segment segment : segments) {
      if (segment.live().overlaps(range)) {
        return true;
      }
    }
    return false;
  }

  private void takeOff(KeyRange range) {
    List<Segment> left = new ArrayList<>();
    for (Segment segment : segments) {
      Segment rest = segment.without(range);
      if (!rest.live().isEmpty()) {
        left.add(rest);
      }
    }
    segments = left.toArray(Segment[]::new);
  }

  /** A range delete is newer than every segment. */
  private void cutSegments(KeyRange range) {
    for (Segment segment : segments) {
      if (segment.hasLargeEntries()) {
        freeLarge(segment, range);
      }
    }
    takeOff(range);
  }

  private void freeLarge(Segment segment, KeyRange range) {
    try (OverflowRelease release = new OverflowRelease(rewrite);
        SegmentCursor cursor = new SegmentCursor(context.source())) {
      cursor.open(segment);
      byte[] from = range.from();
      boolean there = from == null ? cursor.first() : cursor.seek(from, 0, from.length);
      while (there && range.contains(cursor.key(), 0, cursor.keyLength())) {
        if ((cursor.change() & SegmentChange.LARGE) != 0) {
          release.free(cursor.valueAt(), cursor.valueLength());
        }
        there = cursor.next();
      }
    }
  }

  // ---- the tree ---------------------------------------------------------------------------------

  private TreeMerger merger(ExpiryChanges expiries, MergeStatistics statistics) {
    EntryFiltering.Filter filter =
        isForGood ? context.filtering().forMerge(context.source(), mapping::filePage) : null;
    return filter == null
        ? new TreeMerger(rewrite, expiries, statistics)
        : new TreeMerger(rewrite, filter::drops, expiries, statistics);
  }

  void drop(List<byte[]> keys) {
    drop(keys, new ExpiryChanges());
  }

  void expire(ExpiryCleaning.Due due) {
    ExpiryChanges expiries = new ExpiryChanges();
    // Also those whose row is gone or expires at another time.
    due.entries().forEach(expiries::remove);
    drop(due.rows(), expiries);
  }

  private void drop(List<byte[]> keys, ExpiryChanges expiries) {
    MergeStatistics statistics = new MergeStatistics();
    treePage =
        new TreeMerger(rewrite, expiries, statistics).merge(treePage, KeyChanges.drops(keys));
    counts.add(statistics);
    applyExpiries(expiries);
  }

  private void applyExpiries(ExpiryChanges expiries) {
    if (!expiries.isEmpty()) {
      TreeMerger merger = new TreeMerger(rewrite, MergeListener.NONE, new MergeStatistics());
      ttlPage = merger.merge(ttlPage, expiries.cursor());
      context.expiry().added(expiries.firstAdded());
    }
  }

  private void cut(Cut cut, ExpiryChanges expiries) {
    if (cut.range().from() == null && cut.range().to() == null) {
      cutEverything();
      return;
    }
    MergeStatistics statistics = new MergeStatistics();
    RangeCut.Result result = new RangeCut(rewrite, expiries, statistics).cut(treePage, cut.range());
    treePage = result.root();
    counts.add(statistics);
    if (result.dropped().length > 0) {
      counts.subtreesDropped();
      addPending(result.dropped());
    }
  }

  void clip(KeyRange kept) {
    treePage = new RangeClip(rewrite, new MergeStatistics()).clip(treePage, kept);
    if (treePage == Root.NO_PAGE) {
      counts.clear();
    }
  }

  /** Both trees go at once; nothing has to be looked at but what is unmapped later. */
  private void cutEverything() {
    if (treePage != Root.NO_PAGE) {
      addPending(new int[] {treePage});
    }
    if (ttlPage != Root.NO_PAGE) {
      addPending(new int[] {ttlPage});
    }
    treePage = Root.NO_PAGE;
    ttlPage = Root.NO_PAGE;
    counts.clear();
  }

  private void addPending(int[] dropped) {
    int[] more = Arrays.copyOf(pendingCuts, pendingCuts.length + dropped.length);
    System.arraycopy(dropped, 0, more, pendingCuts.length, dropped.length);
    pendingCuts = more;
  }

  void sweepStep() {
    ExpiryChanges expiries = new ExpiryChanges();
    MergeStatistics statistics = new MergeStatistics();
    CutSweeper sweeper =
        new CutSweeper(pendingCuts, !counts.leavesStandAlone(), expiries, statistics);
    int before = mapping.mappedCount();
    sweeper.step(rewrite, Flusher.SWEEP_PAGES);
    pendingCuts = sweeper.remaining();
    expiries.keep(this::expiresAt);
    counts.addSwept(statistics);
    counts.pagesSwept(before - mapping.mappedCount(), before);
    applyExpiries(expiries);
  }

  /** Whether the tree as it is now has the key with this expiry: it was written after the cut. */
  private boolean expiresAt(byte[] key, long expireTs) {
    TreeReader reader = new TreeReader(context.source());
    ValueBuffer value = new ValueBuffer();
    return reader.read(treePage, mapping::filePage, key, 0, key.length, value)
        && value.expireTs() == expireTs;
  }

  Root root() {
    return new Root(
        treePage,
        ttlPage,
        mapping.build(),
        counts.build(),
        pendingCuts,
        segments,
        context.references());
  }

  /** The same entries as the base; only what was cut off before is gone. */
  Root rearranged() {
    return base.rearranged(ttlPage, mapping.build(), counts.build(), pendingCuts);
  }

  /** Bytes written to the files of new segments. */
  long segmentBytes() {
    return segmentFiles.bytesWritten();
  }

  /** Ids taken and given back; to be published when the root is the working root. */
  RewriteIds ids() {
    return ids;
  }

  /** It came to nothing: everything is as before. */
  void abandon() {
    mapping.abandon();
    ids.discard();
  }

  /** Lets the files of new segments go: a root holds them, or nobody does. */
  @Override
  public void close() {
    segmentFiles.close();
  }
}
