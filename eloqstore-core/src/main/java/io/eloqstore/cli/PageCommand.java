/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestReader;
import io.eloqstore.manifest.ManifestSegment;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.PageDump;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows one page. */
@Command(
    name = "page",
    description = {
      "Shows one page: where it is, its type, its checksum as stored and as computed, its entries"
          + " or children; also a broken one, up to what cannot be read. Exit code 1 when it is"
          + " broken.",
      "Writes nothing and takes no lock: nobody may be writing to the partition meanwhile."
    })
final class PageCommand extends StoreCommand {
  /** Room behind the page, so that numbers at its end can be looked at whatever they are. */
  private static final int SLACK_BYTES = MemoryBudget.SLOT_BYTES;

  @Mixin private LayoutOptions layout;

  @Mixin private ManifestFile manifest;

  @ArgGroup(multiplicity = "1")
  private Place place;

  /** One of them. */
  private static final class Place {
    @Option(
        names = "--page",
        paramLabel = "ID",
        description = "Page id: the manifest says where it is.")
    private Integer page;

    @Option(
        names = "--file-page",
        paramLabel = "FP",
        description = "File page: file id times pages per file, and the place in that file.")
    private Long filePage;
  }

  // Of the manifest, as far as it could be read.
  private final Map<Long, Long> terms = new TreeMap<>();
  private String owner = "no page of the manifest";
  private long filePage;

  @Override
  StoreClock clock() {
    return StoreClock.system();
  }

  @Override
  int run(Shard shard) {
    Path path = manifest.in(shard.io(), directory());
    StoreOptions options = options(shard, path);
    int shift = options.pagesPerFileShift();
    if (place.filePage != null
        && (place.filePage < 0 || place.filePage > MappingSnapshot.FILE_PAGE_MAX)) {
      throw usage(
          "--file-page must be 0 to "
              + MappingSnapshot.FILE_PAGE_MAX
              + ", found "
              + place.filePage);
    }
    locate(shard, path, shift);
    long fileId = filePage >>> shift;
    String name = fileName(shard, fileId);
    long offset = (filePage - (fileId << shift)) * options.pageBytes();
    out().println(owner + ": file page " + filePage + ", " + name + " at " + offset);
    return show(shard, directory().resolve(name), offset, options.pageBytes());
  }

  private StoreOptions options(Shard shard, Path path) {
    try {
      return layout.of(shard, path);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  /** Finds place and owner. What is in a place is shown even if no manifest can be read. */
  private void locate(Shard shard, Path path, int shift) {
    filePage = place.page == null ? place.filePage : MappingSnapshot.UNMAPPED;
    try (BlockFile file = shard.io().open(path, OpenMode.READ)) {
      ManifestState state = new ManifestReader(shard.budget(), shift).read(file);
      try {
        terms.putAll(state.terms());
        search(state, shift);
      } finally {
        state.mapping().release();
      }
    } catch (StoreException e) {
      if (place.page != null || e.code() != StoreErrorCode.CORRUPTED) {
        throw e;
      }
      owner = "the manifest cannot be read";
      say(e.getMessage());
    }
  }

  private void search(ManifestState state, int shift) {
    MappingSnapshot mapping = state.mapping();
    if (place.page != null) {
      boolean isId = place.page >= 0 && place.page < mapping.pageCount();
      filePage = isId ? mapping.filePage(place.page) : MappingSnapshot.UNMAPPED;
      if (filePage == MappingSnapshot.UNMAPPED) {
        throw new StoreException(
            StoreErrorCode.NOT_FOUND,
            directory()
                + ": expected a mapped page, found none of id "
                + place.page
                + " among the "
                + mapping.mappedCount()
                + " below "
                + mapping.pageCount());
      }
      owner = "page " + place.page;
      return;
    }
    for (int id = 0; id < mapping.pageCount(); id++) {
      if (mapping.filePage(id) == filePage) {
        owner = "page " + id;
      }
    }
    if (state.extension() != null) {
      for (ManifestSegment segment : state.extension().segments()) {
        long inSegment = filePage - (segment.fileId() << shift);
        if (inSegment >= 0 && inSegment < segment.pages()) {
          owner = "page " + inSegment + " of the change segment in file " + segment.fileId();
        }
      }
    }
  }

  /** By the manifest; a file that it does not know by the highest term that is there. */
  private String fileName(Shard shard, long fileId) {
    if (terms.containsKey(fileId)) {
      return FileNames.data(fileId, terms.get(fileId));
    }
    FileName.Data found = null;
    for (DirectoryEntry entry : shard.io().list(directory())) {
      if (FileNames.parse(entry.name()) instanceof FileName.Data data
          && data.fileId() == fileId
          && (found == null || Long.compareUnsigned(data.term(), found.term()) > 0)) {
        found = data;
      }
    }
    if (found == null) {
      throw new StoreException(
          StoreErrorCode.NOT_FOUND,
          directory()
              + ": file page "
              + filePage
              + " is in data file "
              + fileId
              + ", found no such file");
    }
    return found.text();
  }

  private int show(Shard shard, Path path, long offset, int pageBytes) {
    MemoryBudget budget = shard.budget();
    int bytes = pageBytes + SLACK_BYTES;
    long block = budget.allocate(bytes, MemoryUse.IO);
    if (block == MemoryBudget.NONE) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          "no block for a page of " + pageBytes + ": budget " + budget.budgetBytes() + " bytes");
    }
    try (BlockFile file = shard.io().open(path, OpenMode.READ)) {
      budget.arena().zero(block, bytes);
      int read = file.read(offset, block, pageBytes);
      if (read < pageBytes) {
        throw new CorruptionException(path.toString(), offset, "bytes of a page", pageBytes, read);
      }
      return new PageDump(out(), budget.arena(), block, pageBytes).print()
          ? EloqStoreCli.DONE
          : EloqStoreCli.DAMAGED;
    } finally {
      budget.free(block, bytes, MemoryUse.IO);
    }
  }
}
