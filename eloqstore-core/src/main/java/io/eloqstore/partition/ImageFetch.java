/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileNames;
import io.eloqstore.file.FileSet;
import io.eloqstore.manifest.EntryCounts;
import io.eloqstore.manifest.ManifestImage;
import io.eloqstore.manifest.ManifestImage.DataFileLength;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.pagestore.PageReader;
import io.eloqstore.tree.ClipWalk;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Brings the data files of an image into the directory of the partition that is opened from it: all
 * of them, or those with a page that a range of keys needs.
 *
 * <p>One thread, one use. The manifest is there already.
 */
final class ImageFetch {
  private final PartitionResources resources;
  private final StoreOptions options;
  private final FileSet files;
  private final ImageFiles source;
  private final Map<Long, DataFileLength> byId = new HashMap<>();

  ImageFetch(
      PartitionResources resources,
      StoreOptions options,
      FileSet files,
      ManifestImage image,
      ImageFiles source) {
    this.resources = resources;
    this.options = options;
    this.files = files;
    this.source = source;
    image.files().forEach(file -> byId.put(file.fileId(), file));
  }

  /** Fetches every file. */
  void all() {
    fetch(byId.keySet());
  }

  /**
   * What a range needs of an image.
   *
   * @param mapping the pages that the range needs, held by the caller
   * @param counts of these pages: exact if the leaves had to be read, else their share
   */
  record Clipped(MappingSnapshot mapping, Counts counts) {}

  /**
   * Fetches the files that a range needs.
   *
   * @param state what the manifest of the image says; there is nothing that expires
   * @param kept not empty
   */
  Clipped clipped(ManifestState state, KeyRange kept) {
    EntryCounts known = state.extension().counts();
    boolean readsLeaves = known.overflowEntries() > 0;
    MappingSnapshot whole = state.mapping();
    BitSet pages = new BitSet();
    Counts counts = Counts.EMPTY;
    if (state.rootPage() != Root.NO_PAGE) {
      PageReader reader =
          new PageReader(resources.budget().arena(), resources.cache(), files, options.pageBytes());
      try {
        ClipWalk walk =
            new ClipWalk(reader, whole::filePage, kept, wanted -> fetchPages(whole, wanted));
        pages = walk.walk(state.rootPage(), readsLeaves);
        long share = (long) ((double) known.entries() * pages.cardinality() / whole.mappedCount());
        counts =
            readsLeaves
                ? new Counts(walk.entries(), walk.overflowEntries(), 0, true)
                : new Counts(share, 0, 0, false);
      } finally {
        reader.close();
      }
    }
    MappingSnapshot result = mappingOf(whole, pages);
    try {
      List<Long> wanted = new ArrayList<>();
      for (int i = 0; i < result.fileCount(); i++) {
        wanted.add(result.fileId(i));
      }
      fetch(wanted);
    } catch (RuntimeException | Error e) {
      result.release();
      throw e;
    }
    return new Clipped(result, counts);
  }

  /** Page ids stay what they are, so the page count does too. */
  private MappingSnapshot mappingOf(MappingSnapshot whole, BitSet pages) {
    MappingSnapshot empty = MappingSnapshot.empty(resources.budget(), options.pagesPerFileShift());
    MappingBuilder builder = new MappingBuilder(empty);
    empty.release();
    try {
      builder.ensurePageCount(whole.pageCount());
      for (int page = pages.nextSetBit(0); page >= 0; page = pages.nextSetBit(page + 1)) {
        long filePage = whole.filePage(page);
        if (filePage == MappingSnapshot.UNMAPPED) {
          throw new CorruptionException(
              files.directory().toString(), -1, "logical page " + page, "mapped", "unmapped");
        }
        builder.map(page, filePage);
      }
      return builder.build();
    } finally {
      builder.abandon();
    }
  }

  private void fetchPages(MappingSnapshot mapping, int[] pages) {
    TreeSet<Long> wanted = new TreeSet<>();
    for (int page : pages) {
      long filePage = mapping.filePage(page);
      // A page that is not mapped is told of when it is read.
      if (filePage != MappingSnapshot.UNMAPPED) {
        wanted.add(files.fileIdOf(filePage));
      }
    }
    fetch(wanted);
  }

  private void fetch(Iterable<Long> fileIds) {
    List<String> missing = new ArrayList<>();
    List<DataFileLength> fetched = new ArrayList<>();
    for (long fileId : fileIds) {
      if (files.contains(fileId)) {
        continue;
      }
      DataFileLength file = byId.get(fileId);
      if (file == null) {
        throw new CorruptionException(
            files.directory().toString(),
            -1,
            "data file " + fileId + " of the manifest",
            "named by the image",
            "not named");
      }
      missing.add(FileNames.data(fileId, file.term()));
      fetched.add(file);
    }
    if (missing.isEmpty()) {
      return;
    }
    try {
      source.fetch(missing);
    } catch (IOException e) {
      throw new StoreException(
          StoreErrorCode.IO_FAILED,
          files.directory() + ": " + missing.size() + " files of an image did not arrive: " + e,
          e);
    }
    files.refresh();
    fetched.forEach(this::checkLength);
  }

  /** More bytes than the image's may be there, not less. */
  private void checkLength(DataFileLength file) {
    long found = files.contains(file.fileId()) ? files.writtenBytes(file.fileId()) : -1;
    if (found < file.length()) {
      throw new CorruptionException(
          files.directory().toString(),
          -1,
          "length of data file " + file.fileId() + " of the image",
          file.length(),
          found < 0 ? "no such file" : found);
    }
  }
}
