/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.codec.ValueCompression;
import io.eloqstore.codec.ValueCompressor;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.metrics.WriteCause;
import io.eloqstore.page.LeafBuilder;
import io.eloqstore.page.LeafPage;
import io.eloqstore.page.OverflowPage;
import io.eloqstore.pagestore.PageWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes values that fit no leaf to overflow pages at the time they are put (architecture D2): the
 * write buffer keeps only where they are. The pages are in no mapping until the record is flushed.
 * If values are compressed, these are so before anything else; one that fits a leaf then needs no
 * page.
 *
 * <p>Owner only, with a tail file or places of its own.
 */
final class LargeValues implements AutoCloseable {
  /** Runs of page ids that one value may be spread over: its description stays a small record. */
  private static final int RUNS_MAX = 64;

  private static final int RAW = ValueCompressor.RAW;

  private final PartitionContext context;
  private final PageWriter writer;
  private final int pageBytes;
  private final int pointersMax;
  // From the first value of a buffer that may be compressed until the buffer is frozen.
  private ValueCompressor compressor;

  LargeValues(PartitionContext context) {
    this.context = context;
    this.writer = context.newWriter();
    this.pageBytes = context.options().pageBytes();
    this.pointersMax = context.options().overflowPointers();
  }

  /**
   * Writes a value; its pages are in their file when this returns, and its file is kept.
   *
   * @param keyLength of the entry that the value is for
   * @param expireTs of that entry
   * @throws StoreException {@link StoreErrorCode#OUT_OF_MEMORY}: nothing was written
   */
  LargeDescriptor write(int keyLength, long expireTs, byte[] value, int offset, int length) {
    int stored = context.options().compression() ? compress(value, offset, length) : RAW;
    if (stored == RAW) {
      return writePages(0, value, offset, length);
    }
    byte[] compressed = compressor.stored();
    int flag =
        ValueCompression.isAlone(length)
            ? LeafPage.COMPRESSED_ALONE
            : LeafPage.COMPRESSED_DICTIONARY;
    return LeafBuilder.fitsAlone(pageBytes, keyLength, stored, Long.MAX_VALUE, expireTs)
        ? LargeDescriptor.inLeaf(flag, compressed, stored)
        : writePages(flag, compressed, 0, stored);
  }

  private int compress(byte[] value, int offset, int length) {
    if (compressor == null) {
      compressor = context.compression().newCompressor();
    }
    return compressor.compress(value, offset, length);
  }

  private LargeDescriptor writePages(int compression, byte[] value, int offset, int length) {
    int[] ids = takeIds(pageCount(length));
    try {
      return writePages(compression, value, offset, length, ids);
    } catch (StoreException e) {
      freeIds(ids);
      throw e;
    }
  }

  private LargeDescriptor writePages(
      int compression, byte[] value, int offset, int length, int[] ids) {
    long scratch = context.budget().allocate(pageBytes, MemoryUse.IO);
    if (scratch == MemoryBudget.NONE) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          "no page to build a large value in: budget " + context.budget().budgetBytes() + " bytes");
    }
    writer.expect(ids.length);
    long before = writer.bytesWritten();
    try {
      List<LargeRun> runs = writePages(value, offset, length, ids, scratch);
      writer.flush();
      writer.releaseBlock();
      int[] firstGroup = new int[OverflowPage.groupPages(pageBytes, pointersMax, length)];
      System.arraycopy(ids, 0, firstGroup, 0, firstGroup.length);
      return LargeDescriptor.onPages(compression, length, firstGroup, runs);
    } finally {
      context.counters().wrote(WriteCause.LARGE_VALUE, writer.bytesWritten() - before);
      context.budget().free(scratch, pageBytes, MemoryUse.IO);
    }
  }

  /** Ids in few runs: freed ones if they lie together, else new ones. */
  private int[] takeIds(int count) {
    int[] ids = new int[count];
    for (int i = 0; i < count; i++) {
      ids[i] = context.pageIds().allocate();
    }
    Arrays.sort(ids);
    int runs = 1;
    for (int i = 1; i < count; i++) {
      runs += ids[i] == ids[i - 1] + 1 ? 0 : 1;
    }
    if (runs <= RUNS_MAX) {
      return ids;
    }
    freeIds(ids);
    int first = context.pageIds().allocateRun(count);
    Arrays.setAll(ids, i -> first + i);
    return ids;
  }

  private void freeIds(int[] ids) {
    for (int id : ids) {
      context.pageIds().free(id);
    }
  }

  /** The next large value may be long in coming: native memory goes back. */
  void releaseNative() {
    if (compressor != null) {
      compressor.close();
      compressor = null;
    }
  }

  /** The generation that got the record keeps the pages now. */
  void handedOver() {
    writer.settle();
  }

  /** Pages of a value, over all its groups. */
  private int pageCount(int length) {
    int pages = 0;
    long rest = length;
    while (true) {
      int group = OverflowPage.groupPages(pageBytes, pointersMax, rest);
      pages += group;
      long held = groupBytes(group, rest);
      rest -= held;
      if (rest == 0) {
        return pages;
      }
    }
  }

  /** Value bytes that a group holds; a full group with more behind it ends in a smaller page. */
  private long groupBytes(int group, long rest) {
    long full = (long) group * OverflowPage.capacity(pageBytes);
    if (rest <= full) {
      return rest;
    }
    return full
        - OverflowPage.capacity(pageBytes)
        + OverflowPage.endCapacity(pageBytes, pointersMax);
  }

  private List<LargeRun> writePages(byte[] value, int offset, int length, int[] ids, long scratch) {
    List<LargeRun> runs = new ArrayList<>();
    int done = 0;
    int page = 0;
    while (done < length) {
      int group = OverflowPage.groupPages(pageBytes, pointersMax, length - done);
      long groupEnd = done + groupBytes(group, length - done);
      for (int i = 0; i < group; i++) {
        int bytes = (int) Math.min(OverflowPage.capacity(pageBytes), groupEnd - done);
        boolean last = i == group - 1;
        int pointers =
            last && groupEnd < length
                ? OverflowPage.groupPages(pageBytes, pointersMax, length - groupEnd)
                : 0;
        OverflowPage.write(
            context.arena(),
            scratch,
            pageBytes,
            value,
            offset + done,
            bytes,
            ids,
            page + 1,
            pointers);
        addPage(runs, ids[page], writer.append(scratch, 0));
        done += bytes;
        page++;
      }
    }
    return runs;
  }

  private void addPage(List<LargeRun> runs, int id, long filePage) {
    int last = runs.size() - 1;
    if (last >= 0) {
      LargeRun run = runs.get(last);
      boolean sameFile = filePage >>> context.options().pagesPerFileShift() == context.fileOf(run);
      if (sameFile
          && run.firstPage() + run.count() == id
          && run.firstFilePage() + run.count() == filePage) {
        runs.set(last, new LargeRun(run.firstPage(), run.firstFilePage(), run.count() + 1));
        return;
      }
    }
    runs.add(new LargeRun(id, filePage, 1));
  }

  @Override
  public void close() {
    releaseNative();
    writer.close();
  }
}
