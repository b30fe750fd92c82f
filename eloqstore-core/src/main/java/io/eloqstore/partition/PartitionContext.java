/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.cache.PageCache;
import io.eloqstore.codec.ValueCompression;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileSet;
import io.eloqstore.io.IoBackend;
import io.eloqstore.mapping.AppendAllocator;
import io.eloqstore.mapping.FileIds;
import io.eloqstore.mapping.PageIds;
import io.eloqstore.mapping.ReusingAllocator;
import io.eloqstore.mapping.SlotSpace;
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
import java.util.Collection;
import java.util.List;
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
  // Null in append mode.
  private final SlotSpace slots;
  private final FileReferences references = new FileReferences();
  private final TreeOptions treeOptions;
  private final EntryFiltering filtering;
  private final ValueCompression compression;
  private final ExpiryCleaning expiry = new ExpiryCleaning();
  private final ReadCounters reads = new ReadCounters();
  private final Pins pins;
  private final Object deleting = new Object();
  private int deleters;
  // What earlier runs left, until the first commit of this one.
  private Collection<Long> leftovers = List.of();
  private List<FileName.Data> outdatedFiles = List.of();
  private boolean published;
  private volatile Consumer<StoreException> failure;
  private volatile boolean keepFiles;
  private volatile boolean guestIterators;

  /**
   * Takes over files and source.
   *
   * @param slots where pages go without append mode; {@code null} in append mode
   * @param dictionary of compressed values; empty for none
   */
  PartitionContext(
      PartitionId id,
      StoreOptions options,
      PartitionResources resources,
      FileSet files,
      PageReader source,
      PageIds pageIds,
      FileIds fileIds,
      SlotSpace slots,
      byte[] dictionary) {
    this.id = id;
    this.options = options;
    this.resources = resources;
    this.files = files;
    this.pageIds = pageIds;
    this.fileIds = fileIds;
    this.slots = slots;
    this.source = source;
    this.pins = new Pins(resources.clock());
    this.compression =
        new ValueCompression(resources.budget(), dictionary, files.directory().toString());
    this.filtering = new EntryFiltering(options.bucketPrefixBytes(), compression);
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

  ValueCompression compression() {
    return compression;
  }

  ExpiryCleaning expiry() {
    return expiry;
  }

  RowReader newReader() {
    return new RowReader(source, resources.clock(), compression);
  }

  /**
   * Refuses what needs data files of which no byte changes.
   *
   * @throws StoreException {@link StoreErrorCode#INVALID_ARGUMENT} without append mode
   */
  void requireAppendMode(String what) {
    if (!options.appendMode()) {
      throw refusedInPlace(what);
    }
  }

  StoreException refusedInPlace(String what) {
    return new StoreException(
        StoreErrorCode.INVALID_ARGUMENT,
        "partition " + id + ": " + what + " needs append mode; here pages are overwritten");
  }

  /** A writer with a tail file of its own, begun with its first page, or with its own slots. */
  PageWriter newWriter() {
    return new PageWriter(
        resources.budget(),
        source,
        files,
        slots == null ? new AppendAllocator(fileIds) : new ReusingAllocator(slots),
        options.pageBytes(),
        references);
  }

  long fileOf(LargeRun run) {
    return run.firstFilePage() >>> options.pagesPerFileShift();
  }

  /** Keeps the pages of a large value that no mapping names yet. */
  void hold(LargeRun run) {
    references.hold(fileOf(run));
    if (slots != null) {
      slots.hold(run.firstFilePage(), run.count());
    }
  }

  /** Lets them go; what a mapping names stays. */
  void drop(LargeRun run) {
    references.drop(fileOf(run));
    if (slots != null) {
      slots.drop(run.firstFilePage(), run.count());
    }
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
    return slots == null ? fileIds.next() << options.pagesPerFileShift() : slots.end();
  }

  /** File pages below {@link #maxFilePage} that may be written again; 0 in append mode. */
  long freePlaces() {
    return slots == null ? 0 : slots.freeCount();
  }

  /**
   * Names data files of earlier runs. Those that nothing references are deleted after the first
   * commit: until then the disk may show an older manifest than the one that was read.
   *
   * @param fileIds of this term, or as the manifest has them
   * @param outdated of earlier terms, not needed
   */
  void offerLeftovers(Collection<Long> fileIds, List<FileName.Data> outdated) {
    synchronized (deleting) {
      // What is needed now goes when it is not: to offer it later too would be to delete it twice.
      leftovers = fileIds.stream().filter(fileId -> !references.isReferenced(fileId)).toList();
      outdatedFiles = outdated;
    }
  }

  /** A commit of this run is on the disk. */
  void published() {
    synchronized (deleting) {
      published = true;
      leftovers.forEach(references::offer);
      leftovers = List.of();
    }
  }

  /** Names who is told when a file could not be deleted; once, before the first deletion. */
  void onFailure(Consumer<StoreException> action) {
    failure = action;
  }

  /** After a failed write nothing is deleted or overwritten: what is on disk may be needed. */
  void keepFiles() {
    keepFiles = true;
    if (slots != null) {
      slots.freezeUsers();
    }
  }

  /**
   * Deletes data files that no root, image or archive has a live page in; without append mode they
   * are free places instead. A failure is not thrown: it poisons the partition.
   */
  void deleteUnreferencedFiles() {
    long[] fileIds;
    List<FileName.Data> outdated = List.of();
    synchronized (deleting) {
      fileIds = keepFiles || slots != null ? NO_FILES : references.takeUnreferenced();
      if (published && !keepFiles) {
        outdated = outdatedFiles;
        outdatedFiles = List.of();
      }
      if (fileIds.length == 0 && outdated.isEmpty()) {
        return;
      }
      deleters++;
    }
    try {
      for (long fileId : fileIds) {
        files.delete(fileId);
      }
      outdated.forEach(files::deleteOther);
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

  /** Drops the partition's frames, gives native memory back and closes its files. */
  @Override
  public void close() {
    try {
      compression.close();
      source.close();
    } finally {
      files.close();
    }
  }
}
