/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.EloqStore;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionStatistics;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.EntryCounts;
import io.eloqstore.manifest.ManifestExtension;
import io.eloqstore.manifest.ManifestExtent;
import io.eloqstore.manifest.ManifestReader;
import io.eloqstore.manifest.ManifestSegment;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.manifest.RecordedOptions;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Says how much of what a partition has. */
@Command(
    name = "stats",
    description = {
      "Prints what the manifest and the directory say: entries, pages, space, the live share of each"
          + " data file, change segments and what of them is not merged yet, pending cuts, archives,"
          + " dictionary, manifest log, options. Reads no data page.",
      "Writes nothing and takes no lock: nobody may be writing to the partition meanwhile."
    })
final class StatsCommand extends StoreCommand {
  @Mixin private LayoutOptions layout;

  @Mixin private ManifestFile manifest;

  @Override
  StoreClock clock() {
    return StoreClock.system();
  }

  @Override
  int run(Shard shard) {
    Path path = manifest.in(shard.io(), directory());
    StoreOptions options = options(shard, path);
    ManifestState state;
    try (BlockFile file = shard.io().open(path, OpenMode.READ)) {
      state = new ManifestReader(shard.budget(), options.pagesPerFileShift()).read(file);
    }
    try {
      manifest(path, state.extent());
      extension(state.extension());
      pages(state, options);
      files(shard, state, options);
      options(state.extension(), options);
    } finally {
      state.mapping().release();
    }
    try (OwnedPartition partition =
        EloqStore.openPartitionReadOnly(shard, directory(), options, manifest.nameOrNull())) {
      assert partition != null;
      shard.partitionStatistics().forEach(this::space);
    }
    return EloqStoreCli.DONE;
  }

  private StoreOptions options(Shard shard, Path path) {
    try {
      return layout.of(shard, path);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private void line(String name, Object value) {
    out().println(name + ' ' + value);
  }

  private void manifest(Path path, ManifestExtent extent) {
    line("manifest", path.getFileName());
    line("manifest.records", extent.records());
    line("manifest.snapshot.bytes", extent.snapshotBytes());
    line("manifest.log.bytes", extent.logBytes());
    line("manifest.torn.bytes", extent.tornBytes());
  }

  private void extension(ManifestExtension extension) {
    if (extension == null) {
      line("entries", "unknown: another engine wrote last");
      return;
    }
    EntryCounts counts = extension.counts();
    line("entries", counts.entries());
    line("entries.exact", counts.exact() && extension.segments().isEmpty());
    line("entries.overflow", counts.overflowEntries());
    line("entries.expiring", counts.ttlEntries());
    line("sequence", Long.toUnsignedString(extension.sequence()));
    line("incarnation", extension.incarnation());
    line("cuts.pending", extension.pendingCuts().length);
    extension
        .metadata()
        .forEach((name, value) -> line("metadata." + name, value.length + " bytes"));
    line("segments", extension.segments().size());
    extension.segments().forEach(this::segment);
  }

  private void segment(ManifestSegment segment) {
    line(
        "segment",
        "in file "
            + segment.fileId()
            + ": "
            + segment.pages()
            + " pages, "
            + segment.entries()
            + " changes, "
            + segment.largeEntries()
            + " large, operations "
            + segment.minSequence()
            + " to "
            + segment.maxSequence()
            + ", live "
            + segment.live().stream().map(StatsCommand::range).collect(Collectors.joining(", ")));
  }

  private static String range(KeyRange range) {
    HexFormat hex = HexFormat.of();
    return (range.from() == null ? "first" : hex.formatHex(range.from()))
        + ".."
        + (range.to() == null ? "end" : hex.formatHex(range.to()));
  }

  private void pages(ManifestState state, StoreOptions options) {
    line("pages", state.mapping().mappedCount());
    line("pages.bytes", (long) state.mapping().mappedCount() * options.pageBytes());
    line("page.ids", state.mapping().pageCount());
    line("file.pages", state.maxFilePage());
    line("dictionary.bytes", state.dictionary().length);
  }

  private void files(Shard shard, ManifestState state, StoreOptions options) {
    Map<String, Integer> live = new HashMap<>();
    for (int i = 0; i < state.mapping().fileCount(); i++) {
      long fileId = state.mapping().fileId(i);
      live.put(FileNames.data(fileId, state.terms().get(fileId)), state.mapping().livePagesAt(i));
    }
    if (state.extension() != null) {
      for (ManifestSegment segment : state.extension().segments()) {
        long fileId = segment.fileId();
        live.put(FileNames.data(fileId, state.terms().getOrDefault(fileId, 0L)), segment.pages());
      }
    }
    for (DirectoryEntry entry : shard.io().list(directory())) {
      FileName name = FileNames.parse(entry.name());
      if (name instanceof FileName.Data) {
        long pages = (entry.bytes() + options.pageBytes() - 1) / options.pageBytes();
        int used = live.getOrDefault(entry.name(), 0);
        line(
            "file",
            entry.name()
                + ": "
                + entry.bytes()
                + " bytes, "
                + pages
                + " pages, "
                + used
                + " live, "
                + (pages == 0 ? 0 : 100L * used / pages)
                + "%");
      } else if (name instanceof FileName.Archive) {
        line("archive", entry.name() + ": " + entry.bytes() + " bytes");
      }
    }
  }

  private void options(ManifestExtension extension, StoreOptions options) {
    line("option.recorded", extension != null);
    line("option.pageBytes", options.pageBytes());
    line("option.pagesPerFileShift", options.pagesPerFileShift());
    if (extension != null) {
      RecordedOptions recorded = extension.options();
      line("option.appendMode", recorded.appendMode());
      line("option.leafRestartInterval", recorded.leafRestartInterval());
      line("option.indexRestartInterval", recorded.indexRestartInterval());
      line("option.overflowPointers", recorded.overflowPointers());
      line("option.compression", recorded.compression());
    }
  }

  private void space(PartitionStatistics statistics) {
    line("mapping.bytes", statistics.mappingBytes());
    line("space.live.bytes", statistics.liveBytes());
    line("space.garbage.bytes", statistics.garbageBytes());
  }
}
