/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.cache.PageCache;
import io.eloqstore.file.FileSet;
import io.eloqstore.io.IoBackend;
import io.eloqstore.mapping.AppendAllocator;
import io.eloqstore.mapping.FileIds;
import io.eloqstore.mapping.PageIds;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.metrics.EngineCounters;
import io.eloqstore.metrics.ReadCounters;
import io.eloqstore.pagestore.PageReader;
import io.eloqstore.pagestore.PageSource;
import io.eloqstore.pagestore.PageWriter;
import io.eloqstore.tree.FillPolicy;
import io.eloqstore.tree.TreeOptions;
import java.util.function.Consumer;

/** What the parts of one open partition share. Fixed at open; each member says who may use it. */
final class PartitionContext implements AutoCloseable {
  private static final long[] NO_FILES = {};

  private final PartitionId id;
  private final StoreOptions options;
  private final PartitionResources resources;
  private final FileSet files;
  private final PageReader source;
  private final PageIds pageIds;
  private final FileIds fileIds;
  private final FileReferences references = new FileReferences();
  private final TreeOptions treeOptions;
  private final EntryFiltering filtering;
  private final ReadCounters reads = new ReadCounters();
  private final Pins pins;
  private final Object deleting = new Object();
  private int deleters;
  private volatile Consumer<StoreException> failure;
  private volatile boolean keepFiles;
  private volatile boolean guestIterators;

  /** Takes over files and source. */
  PartitionContext(
      PartitionId id,
      StoreOptions options,
      PartitionResources resources,
      FileSet files,
      PageReader source,
      PageIds pageIds,
      FileIds fileIds) {
    this.id = id;
    this.options = options;
    this.resources = resources;
    this.files = files;
    this.pageIds = pageIds;
    this.fileIds = fileIds;
    this.source = source;
    this.pins = new Pins(resources.clock());
    this.filtering = new EntryFiltering(options.bucketPrefixBytes());
    this.treeOptions =
        new TreeOptions(
            options.leafRestartInterval(), options.indexRestartInterval(), FillPolicy.STANDARD);
  }

  PartitionId id() {
    return id;
  }

  StoreOptions options() {
    return options;
  }

  TreeOptions treeOptions() {
    return treeOptions;
  }

  MemoryBudget budget() {
    return resources.budget();
  }

  Arena arena() {
    return resources.budget().arena();
  }

  PageCache cache() {
    return resources.cache();
  }

  IoBackend io() {
    return resources.io(options.durability());
  }

  Background background() {
    return resources.background();
  }

  StoreClock clock() {
    return resources.clock();
  }

  EngineCounters counters() {
    return resources.counters();
  }

  /** Point reads of this partition. */
  ReadCounters reads() {
    return reads;
  }

  /** Since when iterators, freeze points and images are open. */
  Pins pins() {
    return pins;
  }

  FileSet files() {
    return files;
  }

  PageSource source() {
    return source;
  }

  PageIds pageIds() {
    return pageIds;
  }

  FileReferences references() {
    return references;
  }

  /** Whether other threads than the owner open iterators. */
  boolean hasGuestIterators() {
    return guestIterators;
  }

  void allowGuestIterators() {
    guestIterators = true;
  }

  EntryFiltering filtering() {
    return filtering;
  }

  RowReader newReader() {
    return new RowReader(source, resources.clock());
  }

  /** A writer with a tail file of its own, begun with its first page. */
  PageWriter newWriter() {
    return new PageWriter(
        resources.budget(),
        source,
        files,
        new AppendAllocator(fileIds),
        options.pageBytes(),
        references);
  }

  long fileOf(LargeRun run) {
    return run.firstFilePage() >>> options.pagesPerFileShift();
  }

  /** A write buffer of this many bytes is frozen: many partitions must fit beside each other. */
  long bufferBytesMax() {
    return resources.bufferBytesMax();
  }

  void bufferGrew(long bytes) {
    resources.bufferGrew(bytes);
  }

  /** Whether write buffers may take one more block. */
  boolean hasWriteMemory() {
    MemoryBudget budget = resources.budget();
    return budget.used(MemoryUse.WRITE_BUFFER) + MemoryBudget.SLOT_BYTES
        <= budget.limit(MemoryUse.WRITE_BUFFER);
  }

  /** Whether write buffers use most of what they may. */
  boolean isWriteMemoryShort() {
    MemoryBudget budget = resources.budget();
    return budget.used(MemoryUse.WRITE_BUFFER) > budget.limit(MemoryUse.WRITE_BUFFER) / 2;
  }

  /** Write buffers get half of what the mappings leave; called when a mapping changed. */
  void adjustLimits() {
    resources.mappingChanged();
  }

  /** File page above every one that was given out. */
  long maxFilePage() {
    return fileIds.next() << options.pagesPerFileShift();
  }

  /** Names who is told when a file could not be deleted; once, before the first deletion. */
  void onFailure(Consumer<StoreException> action) {
    failure = action;
  }

  /** After a failed write nothing is deleted: what is on disk may be needed. */
  void keepFiles() {
    keepFiles = true;
  }

  /**
   * Deletes data files that no root, image or archive has a live page in. A failure is not thrown:
   * it poisons the partition.
   */
  void deleteUnreferencedFiles() {
    long[] fileIds;
    synchronized (deleting) {
      fileIds = keepFiles ? NO_FILES : references.takeUnreferenced();
      if (fileIds.length == 0) {
        return;
      }
      deleters++;
    }
    try {
      for (long fileId : fileIds) {
        files.delete(fileId);
      }
    } catch (StoreException e) {
      // Whoever came by to delete has done what it was asked for: a commit stays a commit.
      failure.accept(e);
    } finally {
      synchronized (deleting) {
        deleters--;
        deleting.notifyAll();
      }
    }
  }

  /**
   * Returns when no file is being deleted and none will be. Closing lets every root go, and then
   * nothing references the files that the manifest names.
   */
  void stopDeleting() {
    boolean interrupted = false;
    synchronized (deleting) {
      keepFiles = true;
      while (deleters > 0) {
        try {
          deleting.wait();
        } catch (InterruptedException e) {
          // A deletion ends by itself; the caller keeps its interrupt.
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Drops the partition's frames and closes its files. */
  @Override
  public void close() {
    try {
      source.close();
    } finally {
      files.close();
    }
  }
}
