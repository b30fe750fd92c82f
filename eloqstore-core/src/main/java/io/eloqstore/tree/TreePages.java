/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.cache.PageCache;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.PageHeader;
import io.eloqstore.page.PageType;
import io.eloqstore.pagestore.PageSink;
import io.eloqstore.pagestore.PageSource;
import java.util.Arrays;

/**
 * The pages a rewrite reads, builds, writes and frees, by logical id. One thread.
 *
 * <p>Every pin and every scratch block is recorded, so {@link #close()} gives back all of them
 * whatever went wrong before.
 */
final class TreePages implements AutoCloseable {
  /** No page. */
  static final int NONE = -1;

  /** Sets of page types. */
  static final int LEAF = 1 << PageType.LEAF;

  static final int INDEX = PageType.ANY_INDEX;
  static final int OVERFLOW = 1 << PageType.OVERFLOW;
  static final int SEGMENT_INDEX = PageType.ANY_SEGMENT_INDEX;
  static final int SEGMENT_LEAF = 1 << PageType.SEGMENT_LEAF;

  static final int MARK_WARM = PageCache.WARM;
  static final int MARK_HOT = PageCache.HOT;
  static final byte[] NO_KEY = new byte[0];

  final MergeStatistics statistics;
  private final PageSource source;
  private final PageSink sink;
  private final MappingBuilder mapping;
  private final RewriteIds ids;
  private final MemoryBudget budget;
  private long[] freeBlocks = new long[8];
  private int freeCount;
  private long[] takenBlocks = new long[16];
  private int takenCount;
  private long[] pins = new long[16];
  private int pinCount;

  TreePages(
      PageSource source,
      PageSink sink,
      MappingBuilder mapping,
      RewriteIds ids,
      MemoryBudget budget,
      MergeStatistics statistics) {
    this.source = source;
    this.sink = sink;
    this.mapping = mapping;
    this.ids = ids;
    this.budget = budget;
    this.statistics = statistics;
  }

  Arena arena() {
    return source.arena();
  }

  int pageBytes() {
    return source.pageBytes();
  }

  /** Whether the present version of a page is cached. */
  boolean isCached(int id) {
    long filePage = mapping.filePage(id);
    return filePage != NONE && source.cache().contains(source.cacheKey(filePage));
  }

  /**
   * The present version of a page; it stays until {@link #unpin}.
   *
   * @param types what it may be: {@link #LEAF}, {@link #INDEX}, {@link #OVERFLOW}
   */
  long pin(int id, int types) {
    long filePage = mapping.filePage(id);
    if (filePage == NONE) {
      throw corrupt(id, "logical page", "mapped to a file page", "unmapped");
    }
    if (sink.isPending(filePage)) {
      sink.flush();
    }
    long at = source.pin(filePage, types);
    if (pinCount == pins.length) {
      pins = Arrays.copyOf(pins, pinCount * 2);
    }
    pins[pinCount++] = at;
    statistics.pagesRead++;
    int type = PageHeader.type(source.arena(), at);
    if (!isOneOf(type, types)) {
      throw corrupt(id, "page type", "one of the set " + types, type);
    }
    return at;
  }

  void unpin(long at) {
    for (int i = pinCount - 1; i >= 0; i--) {
      if (pins[i] == at) {
        System.arraycopy(pins, i + 1, pins, i, --pinCount - i);
        source.unpin(at);
        return;
      }
    }
    throw new IllegalStateException("page at " + at + " is not pinned here");
  }

  /** A new logical id, not mapped yet. */
  int newId() {
    return ids.allocate();
  }

  /** Gives a logical page back. */
  void free(int id) {
    mapping.unmap(id);
    ids.free(id);
    statistics.pagesFreed++;
  }

  /** Appends the version of a page that is valid from now on. */
  void write(int id, long at, int cacheMark) {
    mapping.map(id, sink.append(at, cacheMark));
    statistics.pagesWritten++;
  }

  /** A scratch block of one page. */
  long take() {
    long block;
    if (freeCount > 0) {
      block = freeBlocks[--freeCount];
    } else {
      block = budget.allocate(pageBytes(), MemoryUse.IO);
      if (block == MemoryBudget.NONE) {
        throw new StoreException(
            StoreErrorCode.OUT_OF_MEMORY,
            "no scratch page of " + pageBytes() + " bytes is left for rewriting the tree");
      }
    }
    if (takenCount == takenBlocks.length) {
      takenBlocks = Arrays.copyOf(takenBlocks, takenCount * 2);
    }
    takenBlocks[takenCount++] = block;
    return block;
  }

  /** Gives a scratch block back for the next {@link #take()}. */
  void release(long block) {
    for (int i = takenCount - 1; i >= 0; i--) {
      if (takenBlocks[i] == block) {
        System.arraycopy(takenBlocks, i + 1, takenBlocks, i, --takenCount - i);
        if (freeCount == freeBlocks.length) {
          freeBlocks = Arrays.copyOf(freeBlocks, freeCount * 2);
        }
        freeBlocks[freeCount++] = block;
        return;
      }
    }
    throw new IllegalStateException("scratch page at " + block + " is not taken");
  }

  /** Whether a type is in a set of types. */
  static boolean isOneOf(int type, int types) {
    return type <= PageType.SEGMENT_LEAF && (types & 1 << type) != 0;
  }

  /** What the children of an index page may be. */
  static int childTypes(int indexType) {
    return switch (indexType) {
      case PageType.LEAF_INDEX -> LEAF;
      case PageType.SEGMENT_LEAF_INDEX -> SEGMENT_LEAF;
      case PageType.SEGMENT_INDEX -> SEGMENT_INDEX;
      default -> INDEX;
    };
  }

  /** Whether the children of a pinned index page are leaves. */
  static boolean isAboveLeaves(Arena arena, long at) {
    return (PageHeader.type(arena, at) & ~PageType.SEGMENT) == PageType.LEAF_INDEX;
  }

  static CorruptionException corrupt(int id, String what, Object expected, Object actual) {
    return new CorruptionException("logical page " + id, -1, what, expected, actual);
  }

  @Override
  public void close() {
    while (pinCount > 0) {
      source.unpin(pins[--pinCount]);
    }
    while (takenCount > 0) {
      budget.free(takenBlocks[--takenCount], pageBytes(), MemoryUse.IO);
    }
    while (freeCount > 0) {
      budget.free(freeBlocks[--freeCount], pageBytes(), MemoryUse.IO);
    }
  }
}
