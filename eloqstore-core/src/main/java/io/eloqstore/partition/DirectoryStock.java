/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileSet;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestReader;
import io.eloqstore.manifest.ManifestState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What lies in a partition's directory beside the manifest that is opened: archives, manifests of
 * earlier terms, data files that nothing names. One thread, while the partition is opened.
 *
 * <p>A file is what its whole name says: of two data files of one id the manifest means the one of
 * the term that it gives to that id.
 */
final class DirectoryStock {
  private final PartitionResources resources;
  private final Path directory;
  private final StoreOptions options;
  private final List<FileName> names;

  DirectoryStock(
      PartitionResources resources, Path directory, StoreOptions options, List<FileName> names) {
    this.resources = resources;
    this.directory = directory;
    this.options = options;
    this.names = names;
  }

  /**
   * Who writes must be the newest owner that ever committed.
   *
   * @param newest of the manifests; {@code null} for none
   * @throws StoreException {@code EXPIRED_TERM} naming both
   */
  void checkTerm(FileName newest) {
    if (newest instanceof FileName.Manifest manifest
        && Long.compareUnsigned(manifest.term(), options.term()) > 0) {
      throw new StoreException(
          StoreErrorCode.EXPIRED_TERM,
          directory
              + ": opened with term "
              + options.term()
              + ", but an owner of term "
              + Long.toUnsignedString(manifest.term())
              + " has written "
              + manifest.text());
    }
  }

  /** Places that an archive names would be written again: there are none but in append mode. */
  void checkNoArchives() {
    for (FileName name : names) {
      if (name instanceof FileName.Archive) {
        throw new StoreException(
            StoreErrorCode.IDENTITY_MISMATCH,
            directory
                + ": expected a partition without archives, as appendMode false has it, found "
                + name.text());
      }
    }
  }

  /** Terms of the files with a live page: files of those ids and other terms are not meant. */
  static SortedMap<Long, Long> liveTerms(ManifestState state) {
    SortedMap<Long, Long> terms = new TreeMap<>(state.terms());
    Set<Long> segments = new HashSet<>();
    if (state.extension() != null) {
      state.extension().segments().forEach(segment -> segments.add(segment.fileId()));
    }
    terms
        .keySet()
        .removeIf(fileId -> state.mapping().livePages(fileId) == 0 && !segments.contains(fileId));
    return terms;
  }

  /** Manifests of earlier terms; the first commit of this one makes them superfluous. */
  List<Path> formers() {
    List<Path> formers = new ArrayList<>();
    for (FileName name : names) {
      if (name instanceof FileName.Manifest former && former.term() != options.term()) {
        formers.add(directory.resolve(former.text()));
      }
    }
    return formers;
  }

  /**
   * Offers data files for deletion that neither the manifest nor an archive names: what earlier
   * runs did not publish. Files of a higher term are their writer's, who has not committed yet.
   */
  void offerLeftovers(PartitionContext context, FileSet files, Archives archives) {
    Set<FileName.Data> archived = findArchives(archives);
    context.offerLeftovers(
        files.fileIds(),
        files.otherTerms().stream()
            .filter(name -> Long.compareUnsigned(name.term(), options.term()) <= 0)
            .filter(name -> !archived.contains(name))
            .toList());
  }

  /** What an archive names must stay, whatever the manifest says. */
  private Set<FileName.Data> findArchives(Archives archives) {
    Set<FileName.Data> held = new HashSet<>();
    for (FileName name : names) {
      if (name instanceof FileName.Archive archive) {
        ManifestReader reader = new ManifestReader(resources.budget(), options.pagesPerFileShift());
        try (BlockFile file = resources.io().open(directory.resolve(name.text()), OpenMode.READ)) {
          ManifestState state = reader.read(file);
          archives.add(archive, state.mapping(), Opening.segments(state, options));
          liveTerms(state).forEach((fileId, term) -> held.add(new FileName.Data(fileId, term)));
          state.mapping().release();
        }
      }
    }
    return held;
  }

  /** Archives of a directory in which nothing is deleted. */
  void seeArchives(Archives archives) {
    for (FileName name : names) {
      if (name instanceof FileName.Archive archive) {
        archives.see(archive);
      }
    }
  }
}
