/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.snapshot;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.file.FileSet;
import io.eloqstore.file.PartitionDirectory;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestReader;
import io.eloqstore.manifest.ManifestSegment;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.nio.file.Path;

/**
 * Makes an archive the content of a partition that nobody has open: a copy of the archive takes the
 * place of the manifest, by a rename, so a crash leaves the one or the other.
 *
 * <p>One use, one thread. The archive stays. What the manifest alone named goes when the partition
 * is opened; other archives keep their files.
 */
public final class Rollback {
  private final IoBackend io;
  private final MemoryBudget budget;
  private final Path store;
  private final PartitionId id;
  private final StoreOptions options;

  /** Runs in a store on a shard's files and memory. */
  public Rollback(
      IoBackend io, MemoryBudget budget, Path store, PartitionId id, StoreOptions options) {
    this.io = io;
    this.budget = budget;
    this.store = store;
    this.id = id;
    this.options = options;
  }

  /**
   * Rolls back.
   *
   * @throws StoreException {@code NOT_FOUND} when there is no such archive, {@code BUSY} when
   *     somebody has the partition open
   * @throws CorruptionException when the archive is damaged or a data file of it is missing or too
   *     short; nothing was changed then
   */
  public void run(long timestamp) {
    Path directory = store.resolve(id.directoryName());
    if (!io.exists(directory)) {
      throw new StoreException(StoreErrorCode.NOT_FOUND, directory + ": no such partition");
    }
    try (PartitionDirectory locked = PartitionDirectory.open(io, store, id)) {
      FileName.Archive archive = find(locked, timestamp);
      FileName.Manifest newest = FileNames.newestManifest(locked.files());
      FileName.Manifest target = newest != null ? newest : new FileName.Manifest(archive.term());
      try (BlockFile source = io.open(directory.resolve(archive.text()), OpenMode.READ)) {
        long length = check(directory, source);
        copy(source, length, directory, target.text());
      }
    }
  }

  private FileName.Archive find(PartitionDirectory directory, long timestamp) {
    FileName.Archive found = null;
    for (FileName name : directory.files()) {
      if (name instanceof FileName.Archive archive
          && archive.stamp() == timestamp
          && (found == null || Long.compareUnsigned(archive.term(), found.term()) > 0)) {
        found = archive;
      }
    }
    if (found == null) {
      throw new StoreException(
          StoreErrorCode.NOT_FOUND,
          directory.path() + ": there is no archive " + Long.toUnsignedString(timestamp));
    }
    return found;
  }

  /** Bytes of the archive that count, when all that it needs is there. */
  private long check(Path directory, BlockFile archive) {
    int shift = options.pagesPerFileShift();
    ManifestState state = new ManifestReader(budget, shift).read(archive);
    MappingSnapshot mapping = state.mapping();
    try {
      if (state.extension() != null) {
        state
            .extension()
            .options()
            .checkIdentity(directory.toString(), options.pageBytes(), shift, true);
      }
      try (FileSet files = FileSet.open(io, directory, options.pageBytes(), shift, state.terms())) {
        for (int pageId = 0; pageId < mapping.pageCount(); pageId++) {
          long filePage = mapping.filePage(pageId);
          if (filePage != MappingSnapshot.UNMAPPED) {
            checkPage(archive, files, filePage);
          }
        }
        if (state.extension() != null) {
          for (ManifestSegment segment : state.extension().segments()) {
            checkPage(archive, files, (segment.fileId() << shift) + segment.pages() - 1);
          }
        }
      }
      return state.extent().length();
    } finally {
      mapping.release();
    }
  }

  private void checkPage(BlockFile archive, FileSet files, long filePage) {
    long fileId = files.fileIdOf(filePage);
    long found = files.contains(fileId) ? files.writtenBytes(fileId) : -1;
    long end = files.offsetOf(filePage) + options.pageBytes();
    if (found < end) {
      throw new CorruptionException(
          archive.path().toString(),
          -1,
          "length of data file " + fileId,
          "at least " + end,
          found < 0 ? "no such file" : found);
    }
  }

  private void copy(BlockFile source, long length, Path directory, String name) {
    Path temporary = directory.resolve(FileNames.temporary(name));
    int bytes = MemoryBudget.SLOT_BYTES;
    long block = budget.allocate(bytes, MemoryUse.IO);
    if (block == MemoryBudget.NONE) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          "no block to roll back with: budget " + budget.budgetBytes() + " bytes");
    }
    try (BlockFile copy = io.open(temporary, OpenMode.CREATE_NEW)) {
      for (long at = 0; at < length; at += bytes) {
        // The last record need not be padded.
        budget.arena().zero(block, bytes);
        source.read(at, block, bytes);
        copy.write(at, block, bytes);
      }
      // Rare, so always: the old manifest is gone afterwards.
      copy.force();
    } finally {
      budget.free(block, bytes, MemoryUse.IO);
    }
    io.rename(temporary, directory.resolve(name));
    io.forceDirectory(directory);
  }
}
