/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.PageIds;
import io.eloqstore.metrics.WriteCause;
import io.eloqstore.pagestore.PageWriter;
import io.eloqstore.tree.RewriteIds;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Turns frozen generations into tree pages. Worker only.
 *
 * <p>Writes pages that no manifest names yet; what fails leaves the base root as it was.
 */
final class Flusher implements AutoCloseable {
  /** Pages that one sweep step unmaps at most. */
  static final int SWEEP_PAGES = 4096;

  /** Every operation. */
  private static final long ALL = Long.MAX_VALUE;

  private final PartitionContext context;
  private final PageWriter writer;
  private final DictionaryTraining training;
  private final List<LargeRun> unusedRuns = new ArrayList<>();
  private RewriteIds builtIds;

  Flusher(PartitionContext context) {
    this.context = context;
    this.writer = context.newWriter();
    this.training = new DictionaryTraining(context, DictionaryTraining.SAMPLES_BYTES);
  }

  /**
   * A root with everything of the generation merged into the base, which has no change segments;
   * the caller gets the only hold.
   */
  Root flush(Root base, Generation generation) {
    WriteCause cause = WriteCause.FLUSH;
    return taken(
        cause, base, generation, (work, used) -> work.forGood().apply(generation, ALL, used));
  }

  /** A root with the generation as its newest change segment; the caller gets the only hold. */
  Root spill(Root base, Generation generation) {
    WriteCause cause = WriteCause.SEGMENT;
    return taken(cause, base, generation, (work, used) -> work.spill(generation, ALL, used));
  }

  private Root taken(
      WriteCause cause,
      Root base,
      Generation generation,
      BiConsumer<RootWork, Consumer<LargeRun>> deed) {
    long start = System.nanoTime();
    training.sample(generation);
    Set<Integer> usedRuns = new HashSet<>();
    Root next =
        build(
            cause,
            base,
            context.pageIds(),
            work -> deed.accept(work, run -> usedRuns.add(run.firstPage())));
    for (LargeRun run : generation.largeRuns(ALL)) {
      if (!usedRuns.contains(run.firstPage())) {
        unusedRuns.add(run);
      }
    }
    context.counters().flush().since(start);
    return next;
  }

  /** A root with the changes of a range, or a little more, merged from all segments. */
  Root mergeSegments(Root base, KeyRange range) {
    WriteCause cause = WriteCause.SEGMENT_MERGE;
    return build(cause, base, context.pageIds(), work -> work.forGood().mergeSegments(range));
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
        RootWork.mapRun(withRuns, run);
      }
    }
    Root current =
        new Root(
            base.treePage(),
            base.ttlPage(),
            withRuns.build(),
            base.counts(),
            base.pendingCuts(),
            base.segments(),
            context.references());
    for (int i = generations.length - 1; i >= 0; i--) {
      Root before = current;
      Generation generation = generations[i];
      try {
        current =
            build(
                WriteCause.ITERATOR,
                before,
                PageIds.of(before.mapping()),
                work -> work.take(generation, maxSequence, run -> {}));
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
    return build(WriteCause.CLIP, base, context.pageIds(), work -> work.clip(kept));
  }

  /** A root with some more of its cut-off subtrees unmapped. */
  Root sweep(Root base) {
    return build(
        WriteCause.SWEEP, base, context.pageIds(), RootWork::sweepStep, RootWork::rearranged);
  }

  /** A root without some entries, whose keys are given in ascending order. */
  Root drop(Root base, List<byte[]> keys) {
    return build(WriteCause.SWEEP, base, context.pageIds(), work -> work.drop(keys));
  }

  /** A root without rows that have expired. */
  Root expire(Root base, ExpiryCleaning.Due due) {
    return build(WriteCause.SWEEP, base, context.pageIds(), work -> work.expire(due));
  }

  private Root build(WriteCause cause, Root base, PageIds pageIds, Consumer<RootWork> deed) {
    return build(cause, base, pageIds, deed, RootWork::root);
  }

  private Root build(
      WriteCause cause,
      Root base,
      PageIds pageIds,
      Consumer<RootWork> deed,
      Function<RootWork, Root> result) {
    long before = writer.bytesWritten();
    try (RootWork work = new RootWork(context, writer, base, pageIds)) {
      boolean built = false;
      try {
        deed.accept(work);
        writer.flush();
        Root next = result.apply(work);
        built = true;
        builtIds = work.ids();
        writer.settle();
        writer.releaseBlock();
        return next;
      } finally {
        context.counters().wrote(cause, writer.bytesWritten() - before + work.segmentBytes());
        if (!built) {
          work.abandon();
        }
      }
    }
  }

  /** Bytes of pages written to the tree's files so far. */
  long bytesWritten() {
    return writer.bytesWritten();
  }

  @Override
  public void close() {
    writer.close();
  }
}
