/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.buffer.BufferCursor;
import io.eloqstore.tree.IndexProbe;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Decides what becomes a change segment and which range of the segments is merged next. Reads index
 * pages, never a leaf. Worker only, but for {@link #askToSeal}.
 */
final class SegmentPolicy {
  /** A flush that rewrites this many times its own bytes is not worth it yet. */
  private static final int AMPLIFICATION = 4;

  /** Leaves that are merged without a thought: less than one large write. */
  private static final int LEAVES_MIN = 64;

  /** Parts that a segment is looked at in. */
  private static final int PARTS = 16;

  /** Segments that are looked at for the next merge. */
  private static final int CANDIDATES_MAX = 32;

  /** A scan and a merge pin some pages of each run, which have to fit the budget. */
  private static final long BUDGET_BYTES_OF_RUN = 128 << 10;

  /** Live ranges: the manifest lists them in each record. */
  private static final int RANGES_MAX = 256;

  /** Segments may take this share of the tree's pages, one in so many. */
  private static final int TREE_SHARE = 2;

  private final PartitionContext context;
  private final SegmentOptions options;
  private final long runsMax;
  private final boolean possible;
  private volatile boolean sealing;

  SegmentPolicy(PartitionContext context) {
    this.context = context;
    this.options = context.options().segments();
    this.runsMax =
        Math.max(
            1, Math.min(options.runsMax(), context.budget().budgetBytes() / BUDGET_BYTES_OF_RUN));
    this.possible = SegmentFiles.fit(context);
  }

  /** From now on everything is merged and nothing becomes a segment, or so no longer. */
  void askToSeal(boolean wanted) {
    sealing = wanted;
  }

  private boolean isNever() {
    return sealing || !possible || options.when() == SegmentOptions.When.NEVER;
  }

  /** Whether segments have to be merged before anything newer can be flushed. */
  boolean mustMergeFirst(Root root) {
    return root.segments().length > 0 && (isNever() || isTooMuch(root, 2));
  }

  /** Whether a generation becomes a segment; asked when nothing must be merged first. */
  boolean spills(Root root, Generation generation) {
    if (root.segments().length > 0) {
      return true;
    }
    if (isNever() || generation.buffer().isEmpty()) {
      return false;
    }
    return options.when() == SegmentOptions.When.ALWAYS || isSparse(root, generation);
  }

  /** Whether a merge would touch so many leaves that it writes far more than it brings. */
  private boolean isSparse(Root root, Generation generation) {
    if (root.treePage() == Root.NO_PAGE) {
      return false;
    }
    long pageBytes = context.options().pageBytes();
    long worthwhile = Math.max(LEAVES_MIN, AMPLIFICATION * generation.buffer().bytes() / pageBytes);
    if (root.mapping().mappedCount() <= worthwhile) {
      return false;
    }
    IndexProbe tree = probe(root);
    BufferCursor cursor = generation.buffer().cursor();
    byte[] end = null;
    long touched = 0;
    for (boolean more = cursor.first(); more; more = cursor.next()) {
      boolean sameLeaf =
          touched > 0
              && (end == null
                  || Arrays.compareUnsigned(cursor.key(), 0, cursor.keyLength(), end, 0, end.length)
                      < 0);
      if (!sameLeaf) {
        if (++touched > worthwhile) {
          return true;
        }
        end = tree.leafEnd(cursor.key(), 0, cursor.keyLength());
      }
    }
    return false;
  }

  private IndexProbe probe(Root root) {
    return IndexProbe.ofTree(context.source(), root.treePage(), root.pages());
  }

  private IndexProbe probe(Segment segment) {
    return IndexProbe.ofSegment(context.source(), segment.rootPage(), segment.places());
  }

  /** Whether a step of merging is due. */
  boolean wantsMerge(Root root) {
    if (root.segments().length == 0) {
      return false;
    }
    return isNever() || isTooMuch(root, 1) || takesTooMuch(root);
  }

  /** Whether segments take too large a share of the disk; who wants nothing else lets them. */
  private boolean takesTooMuch(Root root) {
    long pages = 0;
    for (Segment segment : root.segments()) {
      pages += segment.pages();
    }
    return options.when() == SegmentOptions.When.SPARSE
        && pages > LEAVES_MIN
        && pages > root.mapping().mappedCount() / TREE_SHARE;
  }

  /** Whether reads look through too many runs, or what is live lies in too many pieces. */
  private boolean isTooMuch(Root root, int factor) {
    int ranges = 0;
    for (Segment segment : root.segments()) {
      ranges += segment.live().count();
    }
    return root.runs().length > factor * runsMax || ranges > factor * RANGES_MAX;
  }

  /**
   * The range to merge next: where the most changes meet the fewest leaves, or, when there is too
   * much, such a range of the oldest run.
   */
  KeyRange nextMerge(Root root) {
    Segment[] segments = root.segments();
    boolean oldest = isNever() || isTooMuch(root, 1);
    SegmentRun run = root.runs()[root.runs().length - 1];
    int candidates = Math.min(CANDIDATES_MAX, oldest ? run.count() : segments.length);
    KeyRange best = null;
    double bestDensity = -1;
    for (int i = 0; i < candidates; i++) {
      for (KeyRange part : parts(oldest ? run.piece(i) : segments[i])) {
        double density = density(root, part);
        if (density > bestDensity) {
          bestDensity = density;
          best = part;
        }
      }
    }
    return best;
  }

  /**
   * What of a segment is live, cut at some of its fences; a part may go across what is not live.
   */
  private List<KeyRange> parts(Segment segment) {
    KeyRange live = new KeyRange(segment.live().first().from(), segment.live().last().to());
    List<KeyRange> parts = new ArrayList<>();
    byte[] from = live.from();
    for (byte[] fence : probe(segment).fences(PARTS - 1)) {
      if (live.contains(fence, 0, fence.length)) {
        addPart(parts, segment, new KeyRange(from, fence));
        from = fence;
      }
    }
    addPart(parts, segment, new KeyRange(from, live.to()));
    return parts;
  }

  private static void addPart(List<KeyRange> parts, Segment segment, KeyRange part) {
    if (segment.live().overlaps(part)) {
      parts.add(part);
    }
  }

  /** Changes for each leaf that merging a range would rewrite; an estimate. */
  private double density(Root root, KeyRange range) {
    double changes = 0;
    for (Segment segment : root.segments()) {
      if (segment.live().overlaps(range)) {
        double share = share(probe(segment), range) + 1.0 / segment.leaves();
        changes += Math.min(1, share) * segment.entries();
      }
    }
    if (root.treePage() == Root.NO_PAGE) {
      return changes;
    }
    return changes / (1 + share(probe(root), range) * root.mapping().mappedCount());
  }

  private static double share(IndexProbe probe, KeyRange range) {
    double from = range.from() == null ? 0 : probe.position(range.from(), 0, range.from().length);
    double to = range.to() == null ? 1 : probe.position(range.to(), 0, range.to().length);
    return Math.max(0, to - from);
  }
}
