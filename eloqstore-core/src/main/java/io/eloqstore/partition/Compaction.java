/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.SpaceOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.cache.PageCache;
import io.eloqstore.file.FileSet;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.metrics.WriteCause;
import io.eloqstore.page.PageHeader;
import io.eloqstore.pagestore.PageWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Moves the live pages out of sparse data files, in bounded steps, so that the files can go. A
 * moved page keeps its id: only the mapping changes, so no page is looked into.
 *
 * <p>Worker only, but for what says otherwise; with a tail file of its own, for what is moved is
 * colder than what flushes write. A pass chooses files and walks the mapping once; between two of
 * its steps flushes may change the mapping, but nothing new is ever mapped to a chosen file, since
 * those that writers, buffers or archives hold are not chosen.
 *
 * <p>A file with a page that cannot be read stays as it is: its readers are told, nothing is lost.
 */
final class Compaction implements AutoCloseable {
  /** Pages that one step moves, and ids of the mapping that it looks at, at most. */
  static final int STEP_PAGES = 256;

  private static final int STEP_IDS = 1 << 18;

  /** By the shard's clock, a step begins no other block after this time. */
  private static final long STEP_MS = 20;

  private static final long NEVER = -1;

  private static final long[] NONE = {};

  private final PartitionContext context;
  private final CompactionPolicy policy;
  private final boolean automatic;
  private final int pageBytes;
  private final PageWriter writer;
  private final int[] pageIds = new int[STEP_PAGES];
  private final long[] filePages = new long[STEP_PAGES];
  // Files whose pages could not be read, and what was wrong.
  private final Map<Long, StoreException> unreadable = new HashMap<>();
  private long[] victims = NONE;
  private int position;
  private long owedPages;
  private boolean isStarved;
  // Nothing is tried again until a block was freed after this count.
  private long starvedAt = NEVER;
  private long movedPages;
  private long countedBytes;
  private volatile boolean urgent;
  private volatile boolean wanted;
  // Set by the owner; taken back by the worker when a pass over all sparse files has ended.
  private volatile boolean asked;
  private boolean passIsAsked;
  private volatile StoreException failure;

  Compaction(PartitionContext context) {
    int factor = context.options().space().fileFactor();
    this.context = context;
    this.automatic = factor > 0 && context.options().appendMode();
    // Who turned the background off may still ask for it.
    this.policy = new CompactionPolicy(automatic ? factor : SpaceOptions.defaults().fileFactor());
    this.pageBytes = context.options().pageBytes();
    this.writer = context.newWriter();
  }

  /** Asks for a pass over every sparse file. Owner only. */
  void ask() {
    failure = null;
    asked = true;
  }

  /** Whether the pass that was asked for is still to come to its end. Any thread. */
  boolean isAsked() {
    return asked;
  }

  /** Why the pass that was asked for could not move everything; {@code null} if it did. */
  StoreException failure() {
    return failure;
  }

  /** Whether a step has something to do. Any thread. */
  boolean wantsStep() {
    return wanted || asked;
  }

  /** Whether the files take so much more than they should that steps come between flushes. */
  boolean isUrgent() {
    return urgent;
  }

  /** Whether the next flush has to wait until as much was moved as the last ones wrote. */
  boolean comesFirst() {
    return urgent && owedPages > 0;
  }

  /** Pages moved so far. */
  long movedPages() {
    return movedPages;
  }

  /** A flush wrote so much. */
  void flushed(long bytes) {
    owedPages = urgent ? owedPages + bytes / pageBytes : 0;
  }

  /** Takes stock of the working root. */
  void look(Root root) {
    if (!automatic || context.budget().freedCount() == starvedAt) {
      wanted = false;
      urgent = false;
      return;
    }
    List<CompactionPolicy.FileUse> files = closedFiles(root.mapping());
    long live = root.mapping().mappedCount();
    urgent = policy.isUrgent(files, live);
    wanted = victims.length > 0 || policy.isWanted(files, live);
  }

  /** Files that only roots keep; tails, what buffered values lie in and archives are left out. */
  private List<CompactionPolicy.FileUse> closedFiles(MappingSnapshot mapping) {
    List<CompactionPolicy.FileUse> files = new ArrayList<>();
    for (int i = 0; i < mapping.fileCount(); i++) {
      long fileId = mapping.fileId(i);
      if (!context.references().isHeld(fileId) && !unreadable.containsKey(fileId)) {
        long bytes = context.files().writtenBytes(fileId);
        long pages = (bytes + pageBytes - 1) / pageBytes;
        files.add(new CompactionPolicy.FileUse(fileId, pages, mapping.livePagesAt(i)));
      }
    }
    return files;
  }

  /**
   * Moves some pages.
   *
   * @return the root with them in their new place, the caller gets the only hold; {@code null} when
   *     none was moved
   */
  Root step(Root base) {
    if (victims.length == 0) {
      begin(base);
    }
    long before = movedPages;
    Root moved = victims.length == 0 ? null : move(base);
    owedPages = movedPages == before ? 0 : owedPages - (movedPages - before);
    starvedAt = isStarved ? context.budget().freedCount() : NEVER;
    isStarved = false;
    if (victims.length == 0 && passIsAsked) {
      passIsAsked = false;
      asked = false;
    }
    return moved;
  }

  private void begin(Root base) {
    List<CompactionPolicy.FileUse> files = closedFiles(base.mapping());
    passIsAsked = asked;
    victims = asked ? policy.chooseAll(files) : policy.choose(files, base.mapping().mappedCount());
    position = 0;
  }

  private Root move(Root base) {
    MappingSnapshot mapping = base.mapping();
    int end = (int) Math.min(mapping.pageCount(), (long) position + STEP_IDS);
    int count = 0;
    int at = position;
    for (; at < end && count < STEP_PAGES; at++) {
      long filePage = mapping.filePage(at);
      if (filePage != MappingSnapshot.UNMAPPED && isVictim(context.files().fileIdOf(filePage))) {
        pageIds[count] = at;
        filePages[count++] = filePage;
      }
    }
    Root moved = null;
    boolean all = true;
    if (count > 0) {
      sortByFilePage(count);
      MappingBuilder builder = new MappingBuilder(mapping);
      try {
        long before = movedPages;
        all = copy(builder, count);
        moved = movedPages == before ? null : build(base, builder);
      } finally {
        builder.abandon();
      }
    }
    if (all) {
      position = at;
    }
    if (position >= mapping.pageCount() || isStarved) {
      victims = NONE;
    }
    return moved;
  }

  private boolean isVictim(long fileId) {
    return Arrays.binarySearch(victims, fileId) >= 0;
  }

  private void sortByFilePage(int count) {
    Integer[] order = new Integer[count];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (left, right) -> Long.compare(filePages[left], filePages[right]));
    int[] ids = Arrays.copyOf(pageIds, count);
    long[] places = Arrays.copyOf(filePages, count);
    for (int i = 0; i < count; i++) {
      pageIds[i] = ids[order[i]];
      filePages[i] = places[order[i]];
    }
  }

  private Root build(Root base, MappingBuilder builder) {
    writer.flush();
    context.counters().wrote(WriteCause.COMPACTION, writer.bytesWritten() - countedBytes);
    countedBytes = writer.bytesWritten();
    Root moved =
        base.rearranged(base.ttlPage(), builder.build(), base.counts(), base.pendingCuts());
    writer.settle();
    writer.releaseBlock();
    return moved;
  }

  /**
   * Copies pages in the order of their places, block by block.
   *
   * @return false when time or memory ended before all were copied
   */
  private boolean copy(MappingBuilder builder, int count) {
    MemoryBudget budget = context.budget();
    int blockPages = MemoryBudget.BLOCK_BYTES_MAX / pageBytes;
    long block = budget.allocate(blockPages * pageBytes, MemoryUse.IO);
    if (block == MemoryBudget.NONE) {
      blockPages = 1;
      block = budget.allocate(pageBytes, MemoryUse.IO);
    }
    if (block == MemoryBudget.NONE) {
      return outOfMemory(null);
    }
    long start = context.clock().nowMs();
    try {
      for (int i = 0; i < count; ) {
        if (i > 0 && context.clock().nowMs() - start >= STEP_MS) {
          return false;
        }
        int next = endOfBlock(i, count, blockPages);
        if (read(i, next, block)) {
          append(builder, i, next, block);
        }
        i = next;
      }
      return true;
    } catch (StoreException e) {
      if (e.code() != StoreErrorCode.OUT_OF_MEMORY) {
        throw e;
      }
      // What was copied before stands; the rest is tried when there is memory.
      return outOfMemory(e);
    } finally {
      budget.free(block, blockPages * pageBytes, MemoryUse.IO);
    }
  }

  private boolean outOfMemory(StoreException cause) {
    isStarved = true;
    if (passIsAsked) {
      failure =
          new StoreException(
              StoreErrorCode.OUT_OF_MEMORY,
              "no memory to compact partition "
                  + context.id()
                  + " with: budget "
                  + context.budget().budgetBytes(),
              cause);
    }
    return false;
  }

  /** Pages that one read gets, with the dead ones between them. */
  private int endOfBlock(int first, int count, int blockPages) {
    FileSet files = context.files();
    int next = first + 1;
    while (next < count
        && filePages[next] - filePages[first] < blockPages
        && files.fileIdOf(filePages[next]) == files.fileIdOf(filePages[first])) {
      next++;
    }
    return next;
  }

  /** Reads and checks; a bad file is left alone from now on. */
  private boolean read(int from, int to, long block) {
    FileSet files = context.files();
    long first = filePages[from];
    try {
      files.readPages(first, (int) (filePages[to - 1] - first) + 1, block);
      for (int i = from; i < to; i++) {
        long at = block + (filePages[i] - first) * pageBytes;
        if (!PageHeader.verify(context.arena(), at, pageBytes)) {
          throw new CorruptionException(
              files.file(files.fileIdOf(first)).path().toString(),
              files.offsetOf(filePages[i]),
              "page checksum",
              Long.toHexString(PageHeader.computeChecksum(context.arena(), at, pageBytes)),
              Long.toHexString(PageHeader.checksum(context.arena(), at)));
        }
      }
      return true;
    } catch (StoreException e) {
      leaveAlone(files.fileIdOf(first), e);
      return false;
    }
  }

  private void leaveAlone(long fileId, StoreException cause) {
    unreadable.put(fileId, cause);
    victims = Arrays.stream(victims).filter(id -> id != fileId).toArray();
    if (passIsAsked) {
      failure = cause;
    }
  }

  private void append(MappingBuilder builder, int from, int to, long block) {
    PageCache cache = context.cache();
    for (int i = from; i < to; i++) {
      long old = context.source().cacheKey(filePages[i]);
      int mark = cache.contains(old) ? PageCache.WARM : 0;
      long at = block + (filePages[i] - filePages[from]) * pageBytes;
      builder.map(pageIds[i], writer.append(at, mark));
      movedPages++;
    }
  }

  @Override
  public void close() {
    writer.close();
  }
}
