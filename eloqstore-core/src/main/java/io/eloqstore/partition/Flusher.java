/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.PageIds;
import io.eloqstore.pagestore.PageWriter;
import io.eloqstore.tree.CutSweeper;
import io.eloqstore.tree.MergeListener;
import io.eloqstore.tree.MergeStatistics;
import io.eloqstore.tree.RangeClip;
import io.eloqstore.tree.RangeCut;
import io.eloqstore.tree.RewriteContext;
import io.eloqstore.tree.RewriteIds;
import io.eloqstore.tree.TreeMerger;
import io.eloqstore.tree.TreeReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Turns frozen generations into tree pages. Worker only.
 *
 * <p>Writes pages that no manifest names yet; what fails leaves the base root as it was.
 */
final class Flusher implements AutoCloseable {
  /** Pages that one sweep step unmaps at most. */
  private static final int SWEEP_PAGES = 4096;

  private final PartitionContext context;
  private final PageWriter writer;
  private final List<LargeRun> unusedRuns = new ArrayList<>();
  private RewriteIds builtIds;

  Flusher(PartitionContext context) {
    this.context = context;
    this.writer = context.newWriter();
  }

  /**
   * A root with everything of the generation merged into the base; the caller gets the only hold.
   */
  Root flush(Root base, Generation generation) {
    Set<Integer> usedRuns = new HashSet<>();
    Root next =
        build(
            base,
            context.pageIds(),
            work -> {
              work.filters = true;
              work.apply(generation, Long.MAX_VALUE, run -> usedRuns.add(run.firstPage()));
            });
    for (LargeRun run : generation.largeRuns(Long.MAX_VALUE)) {
      if (!usedRuns.contains(run.firstPage())) {
        unusedRuns.add(run);
      }
    }
    return next;
  }

  /**
   * The root that was built last is the working root now: what it freed may be used again. Not
   * earlier, for an iterator that is opened in between still sees the root before.
   */
  void rootStands() {
    builtIds.publish();
    unusedRuns.forEach(this::freeRun);
    unusedRuns.clear();
  }

  /** Ids of a value that was overwritten before it was flushed; its pages are dead space. */
  private void freeRun(LargeRun run) {
    for (int i = 0; i < run.count(); i++) {
      context.pageIds().free(run.firstPage() + i);
    }
  }

  /**
   * A root of exactly what an iterator sees, for that iterator alone. Its page ids are its own: the
   * working tree goes on from the same base and gives the same ids to other pages.
   *
   * @param generations newest first
   * @param maxSequence newest operation that it sees
   */
  Root fork(Root base, Generation[] generations, long maxSequence) {
    MappingBuilder withRuns = new MappingBuilder(base.mapping());
    for (Generation generation : generations) {
      for (LargeRun run : generation.largeRuns(maxSequence)) {
        mapRun(withRuns, run);
      }
    }
    Root current =
        new Root(
            base.treePage(),
            base.ttlPage(),
            withRuns.build(),
            base.counts(),
            base.pendingCuts(),
            context.references());
    for (int i = generations.length - 1; i >= 0; i--) {
      Root before = current;
      Generation generation = generations[i];
      try {
        current =
            build(
                before,
                PageIds.of(before.mapping()),
                work -> work.apply(generation, maxSequence, run -> {}));
      } finally {
        before.release();
      }
    }
    return current;
  }

  /**
   * A root with only the keys of a range; the caller gets the only hold.
   *
   * @param base its mapping holds the pages of the range and no others, its counts are those of the
   *     range, it has neither pending cuts nor entries that expire
   */
  Root clip(Root base, KeyRange kept) {
    return build(base, context.pageIds(), work -> work.clip(kept));
  }

  /** A root with some more of its cut-off subtrees unmapped. */
  Root sweep(Root base) {
    return build(base, context.pageIds(), Work::sweepStep, Work::rearranged);
  }

  /** A root without some entries, whose keys are given in ascending order. */
  Root drop(Root base, List<byte[]> keys) {
    return build(base, context.pageIds(), work -> work.drop(keys));
  }

  /** A root without rows that have expired. */
  Root expire(Root base, ExpiryCleaning.Due due) {
    return build(base, context.pageIds(), work -> work.expire(due));
  }

  private static void mapRun(MappingBuilder mapping, LargeRun run) {
    for (int i = 0; i < run.count(); i++) {
      mapping.map(run.firstPage() + i, run.firstFilePage() + i);
    }
  }

  private Root build(Root base, PageIds pageIds, Consumer<Work> deed) {
    return build(base, pageIds, deed, Work::root);
  }

  private Root build(Root base, PageIds pageIds, Consumer<Work> deed, Function<Work, Root> result) {
    Work work = new Work(base, pageIds);
    boolean built = false;
    try {
      deed.accept(work);
      writer.flush();
      Root next = result.apply(work);
      built = true;
      builtIds = work.ids;
      writer.settle();
      writer.releaseBlock();
      return next;
    } finally {
      if (!built) {
        work.mapping.abandon();
        work.ids.discard();
      }
    }
  }

  /** Bytes of pages written so far. */
  long bytesWritten() {
    return writer.bytesWritten();
  }

  @Override
  public void close() {
    writer.close();
  }

  /** One root under construction. */
  private final class Work {
    private final Root base;
    private final MappingBuilder mapping;
    private final RewriteIds ids;
    private final RewriteContext rewrite;
    private final CountsBuilder counts;
    private int treePage;
    private int ttlPage;
    private int[] pendingCuts;

    /** Whether the guest's filter is asked: not for what an iterator alone sees. */
    private boolean filters;

    Work(Root base, PageIds pageIds) {
      this.base = base;
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

    void apply(Generation generation, long maxSequence, Consumer<LargeRun> usedRuns) {
      ExpiryChanges expiries = new ExpiryChanges();
      for (Cut cut : generation.cuts()) {
        if (cut.sequence() <= maxSequence) {
          cut(cut, expiries);
        }
      }
      Consumer<LargeRun> mapped =
          run -> {
            mapRun(mapping, run);
            usedRuns.accept(run);
          };
      MergeStatistics statistics = new MergeStatistics();
      try (DeadChunks deadChunks = new DeadChunks(context.source(), base);
          ChunkJoin chunkJoin = new ChunkJoin(context, base);
          GenerationChanges changes =
              new GenerationChanges(
                  generation, context.budget(), deadChunks, chunkJoin, maxSequence, mapped)) {
        treePage = merger(expiries, statistics).merge(treePage, changes);
      }
      counts.add(statistics);
      applyExpiries(expiries);
    }

    private TreeMerger merger(ExpiryChanges expiries, MergeStatistics statistics) {
      EntryFiltering.Filter filter =
          filters ? context.filtering().forMerge(context.source(), mapping::filePage) : null;
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
      RangeCut.Result result =
          new RangeCut(rewrite, expiries, statistics).cut(treePage, cut.range());
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
      sweeper.step(rewrite, SWEEP_PAGES);
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

    Root rearranged() {
      return base.rearranged(ttlPage, mapping.build(), counts.build(), pendingCuts);
    }

    Root root() {
      return new Root(
          treePage, ttlPage, mapping.build(), counts.build(), pendingCuts, context.references());
    }
  }
}
