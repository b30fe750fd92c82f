/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that writes to a partition: takes its lock, needs the name of its directory. */
abstract class WriteCommand extends StoreCommand {
  @Mixin private LayoutOptions layout;

  @Option(
      names = "--in-place",
      description =
          "Write the places of pages that nobody needs again, instead of appending. Recorded in"
              + " partitions written by this engine, and refused where they record the other.")
  private boolean inPlace;

  @Option(
      names = "--term",
      paramLabel = "TERM",
      description =
          "Number of this writer in the names of files, at least the highest that is there, which"
              + " is the default.")
  private Long term;

  @Override
  final StoreClock clock() {
    // What is there stays and what the lines say is stored, also what has expired meanwhile.
    return () -> 0;
  }

  /** The partition that the directory is named for. */
  final PartitionId partitionId() {
    Path name = directory().getFileName();
    PartitionId id = name == null ? null : PartitionId.fromDirectoryName(name.toString());
    if (id == null || !id.directoryName().equals(name.toString())) {
      throw usage("a partition's directory is named <table>.<partition>, found " + directory());
    }
    return id;
  }

  /**
   * The options to write with.
   *
   * @param manifest says what the partition was written with; {@code null} for a new one
   */
  final StoreOptions options(Shard shard, Path manifest) {
    try {
      StoreOptions base =
          manifest == null ? layout.given(StoreOptions.defaults()) : layout.of(shard, manifest);
      // Only what is asked for: a compaction that closing interrupts leaves a file without pages.
      return more(
          base.withAppendMode(base.appendMode() && !inPlace)
              .withTerm(term(shard))
              .withFileFactor(0));
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  /**
   * Opens the partition, does something and closes it.
   *
   * @param manifest as in {@link #options}
   */
  final void inPartition(Shard shard, Path manifest, Consumer<OwnedPartition> work) {
    PartitionId id = partitionId();
    StoreOptions options = options(shard, manifest);
    try (EloqStore store = EloqStore.open(shard, directory().getParent(), options)) {
      work.accept(store.openPartition(id));
    }
  }

  /** Sets what the command has flags for. */
  StoreOptions more(StoreOptions base) {
    return base;
  }

  private long term(Shard shard) {
    if (term != null) {
      return term;
    }
    Path newest = ManifestFile.newest(shard.io(), directory());
    return newest != null
            && FileNames.parse(newest.getFileName().toString()) instanceof FileName.Manifest found
        ? found.term()
        : 0;
  }
}
