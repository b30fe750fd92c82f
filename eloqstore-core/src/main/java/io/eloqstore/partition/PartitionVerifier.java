/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Says everything that is wrong with the directory of a partition that nobody writes to.
 *
 * <p>Checks the newest manifest and every archive: its records, the data files it needs, and by
 * {@link ContentVerifier} the trees; then what no manifest of the directory needs. Takes no lock,
 * writes nothing. One thread, one use.
 */
public final class PartitionVerifier {
  private final PartitionResources resources;
  private final Path directory;
  private final StoreOptions options;
  private final List<String> findings = new ArrayList<>();
  private final Map<String, Long> dataFiles = new TreeMap<>();
  private final List<FileName> archives = new ArrayList<>();
  private final List<FileName> manifests = new ArrayList<>();
  // Names of the data files that are no orphans.
  private final Set<String> neededFiles = new HashSet<>();
  private boolean allManifestsRead = true;
  private long entries;
  private long pages;
  private int manifestRecords;

  private PartitionVerifier(PartitionResources resources, Path directory, StoreOptions options) {
    this.resources = resources;
    this.directory = directory;
    this.options = options;
  }

  /**
   * Verifies a partition.
   *
   * @param resources lend memory, cache and files; nothing of a partition that is open is used
   * @param directory of the partition; need not lie in a store
   * @param options page size and pages per file must be those it was written with
   * @throws StoreException {@code NOT_FOUND} when there is no such directory or it holds nothing of
   *     a partition, {@code IDENTITY_MISMATCH} for other options than those recorded, {@code
   *     UNSUPPORTED_FORMAT}, {@code OUT_OF_MEMORY}
   */
  public static PartitionReport verify(
      PartitionResources resources, Path directory, StoreOptions options) {
    return new PartitionVerifier(resources, directory, options).run();
  }

  private PartitionReport run() {
    takeStock();
    FileName.Manifest newest = FileNames.newestManifest(manifests);
    if (newest == null) {
      if (dataFiles.isEmpty() && archives.isEmpty()) {
        throw new StoreException(
            StoreErrorCode.NOT_FOUND, directory + ": there is no manifest in this directory");
      }
      find("manifest: there is none; nothing was ever committed, or it is lost");
    }
    if (newest != null) {
      verifyManifest(newest, true);
    }
    for (FileName archive : archives) {
      verifyManifest(archive, false);
    }
    findOrphans();
    return new PartitionReport(
        findings, entries, pages, dataFiles.size(), manifestRecords, archives.size());
  }

  private void find(String format, Object... details) {
    findings.add(String.format(format, details));
  }

  private void takeStock() {
    if (!resources.io().exists(directory)) {
      throw new StoreException(StoreErrorCode.NOT_FOUND, directory + ": no such partition");
    }
    List<String> strays = new ArrayList<>();
    for (DirectoryEntry entry : resources.io().list(directory)) {
      FileName name = FileNames.parse(entry.name());
      if (entry.isDirectory() || name instanceof FileName.Unknown) {
        strays.add("stray: " + entry.name() + " is no file of a partition");
      } else if (name instanceof FileName.Data) {
        dataFiles.put(entry.name(), entry.bytes());
      } else if (name instanceof FileName.Manifest) {
        manifests.add(name);
      } else if (name instanceof FileName.Archive) {
        archives.add(name);
      } else if (name instanceof FileName.Temporary) {
        strays.add("leftover: " + entry.name() + " was never finished");
      }
    }
    if (!(dataFiles.isEmpty() && manifests.isEmpty() && archives.isEmpty())) {
      findings.addAll(strays);
    }
  }

  private void verifyManifest(FileName name, boolean isNewest) {
    ManifestState state = read(name);
    if (state == null) {
      allManifestsRead = false;
      return;
    }
    MappingSnapshot mapping = state.mapping();
    try {
      if (state.extent().tornBytes() > 0) {
        find(
            "torn tail: %s: %d bytes behind its last valid record, which ends at %d",
            name.text(), state.extent().tornBytes(), state.extent().length());
      }
      if (state.extension() != null) {
        state
            .extension()
            .options()
            .checkIdentity(
                directory.toString(),
                options.pageBytes(),
                options.pagesPerFileShift(),
                options.appendMode());
      }
      checkFiles(name, state);
      ContentVerifier content = new ContentVerifier(resources, directory, options, state);
      content.run().forEach(finding -> findings.add(name.text() + ": " + finding));
      if (isNewest) {
        entries = content.entries();
        pages = mapping.mappedCount();
        manifestRecords = state.extent().records();
      }
      boolean mayReuse = state.extension() == null || !state.extension().options().appendMode();
      if (isNewest && mayReuse) {
        keepReusableFiles(state);
      }
    } finally {
      mapping.release();
    }
  }

  /** {@code null}, with a finding, when the manifest is damaged. */
  private ManifestState read(FileName name) {
    ManifestReader reader = new ManifestReader(resources.budget(), options.pagesPerFileShift());
    try (BlockFile file = resources.io().open(directory.resolve(name.text()), OpenMode.READ)) {
      return reader.read(file);
    } catch (StoreException e) {
      if (e.code() != StoreErrorCode.CORRUPTED) {
        throw e;
      }
      find("%s: %s", name.text(), e.getMessage());
      return null;
    }
  }

  /** Every data file that is needed must be there, up to its last live page. */
  private void checkFiles(FileName manifest, ManifestState state) {
    MappingSnapshot mapping = state.mapping();
    int shift = options.pagesPerFileShift();
    Map<Long, Long> ends = new TreeMap<>();
    for (int i = 0; i < mapping.fileCount(); i++) {
      ends.put(mapping.fileId(i), 0L);
    }
    for (int id = 0; id < mapping.pageCount(); id++) {
      long filePage = mapping.filePage(id);
      if (filePage != MappingSnapshot.UNMAPPED) {
        long slot = filePage & (1L << shift) - 1;
        ends.merge(filePage >>> shift, (slot + 1) * options.pageBytes(), Math::max);
      }
    }
    if (state.extension() != null) {
      for (ManifestSegment segment : state.extension().segments()) {
        ends.put(segment.fileId(), (long) segment.pages() * options.pageBytes());
      }
    }
    ends.forEach(
        (fileId, end) -> {
          String name = FileNames.data(fileId, state.terms().getOrDefault(fileId, 0L));
          Long found = dataFiles.get(name);
          neededFiles.add(name);
          if (found == null) {
            find(
                "missing: %s with %d live pages of %s",
                name, mapping.livePages(fileId), manifest.text());
          } else if (found < end) {
            find(
                "short: %s has %d bytes, the last live page of %s ends at %d",
                name, found, manifest.text(), end);
          }
        });
  }

  /**
   * In a store that uses slots again, a data file without a live page is free space and no orphan.
   * C++ does not record its mode; but in append mode it deletes files, so a gap in their ids gives
   * that away.
   */
  private void keepReusableFiles(ManifestState state) {
    List<String> names = new ArrayList<>();
    for (long id = 0; id << options.pagesPerFileShift() < state.maxFilePage(); id++) {
      String name = FileNames.data(id, state.terms().getOrDefault(id, state.manifestTerm()));
      if (!dataFiles.containsKey(name)) {
        return;
      }
      names.add(name);
    }
    neededFiles.addAll(names);
  }

  private void findOrphans() {
    if (!allManifestsRead) {
      // What the damaged manifest needs is unknown, so nothing can be called an orphan.
      return;
    }
    dataFiles.forEach(
        (name, bytes) -> {
          if (!neededFiles.contains(name)) {
            find("orphan: %s of %d bytes has no live page", name, bytes);
          }
        });
  }
}
