/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestReader;
import io.eloqstore.manifest.RecordedOptions;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How the pages lie: what a manifest of ours records, what C++ needs to be told. */
final class LayoutOptions {
  /** What the C++ engine takes when it is not configured: pages of 4 KiB, files of 1 GiB. */
  private static final StoreOptions FOREIGN =
      StoreOptions.defaults().withPageBytes(4096).withPagesPerFileShift(18);

  @Option(
      names = "--page-size",
      paramLabel = "BYTES",
      description =
          "Size of a page, a multiple of 4096. Recorded in partitions written by this engine;"
              + " otherwise 4096 is assumed.")
  private Integer pageBytes;

  @Option(
      names = "--pages-per-file-shift",
      paramLabel = "SHIFT",
      description =
          "A data file holds 2^SHIFT pages. Recorded in partitions written by this engine;"
              + " otherwise 18 is assumed.")
  private Integer pagesPerFileShift;

  /**
   * The options to open a partition with: those given, then those recorded, then C++ defaults.
   *
   * @param manifest the manifest to be read
   * @throws IllegalArgumentException for values that no store can have
   */
  StoreOptions of(Shard shard, Path manifest) {
    return given(recorded(shard, manifest).map(LayoutOptions::options).orElse(FOREIGN));
  }

  /** Replaces what was given. */
  StoreOptions given(StoreOptions base) {
    int bytes = pageBytes != null ? pageBytes : base.pageBytes();
    int shift = pagesPerFileShift != null ? pagesPerFileShift : base.pagesPerFileShift();
    return new StoreOptions(
        bytes,
        shift,
        base.overflowPointers(),
        base.leafRestartInterval(),
        base.indexRestartInterval(),
        base.manifestLogBytesMax(),
        base.durability(),
        base.segments(),
        base.appendMode(),
        base.term(),
        base.compression(),
        base.space());
  }

  private static Optional<RecordedOptions> recorded(Shard shard, Path manifest) {
    try (BlockFile file = shard.io().open(manifest, OpenMode.READ)) {
      return ManifestReader.recordedOptions(file, shard.budget());
    } catch (StoreException e) {
      if (e.code() == StoreErrorCode.CORRUPTED) {
        // Whoever reads the manifest next says more about what is wrong with it.
        return Optional.empty();
      }
      throw e;
    }
  }

  private static StoreOptions options(RecordedOptions recorded) {
    return StoreOptions.defaults()
        .withPageBytes(recorded.pageBytes())
        .withPagesPerFileShift(recorded.pagesPerFileShift())
        .withAppendMode(recorded.appendMode())
        .withRestartIntervals(recorded.leafRestartInterval(), recorded.indexRestartInterval())
        .withOverflowPointers(recorded.overflowPointers())
        .withCompression(recorded.compression());
  }
}
