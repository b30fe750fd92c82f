/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.shard.Shard;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Puts lines of the form that {@code dump} prints into a partition. */
@Command(
    name = "load",
    description = {
      "Puts each line of standard input, in the form that dump prints, into a partition and commits"
          + " once at the end. Makes the partition if there is none.",
      "An entry that is there already with a higher timestamp is kept."
    })
final class LoadCommand extends StoreCommand {
  private final InputStream input;

  @Mixin private LayoutOptions layout;

  @Option(
      names = "--overflow-pointers",
      paramLabel = "COUNT",
      description = "Page ids in one group of a value that fits no page.")
  private Integer overflowPointers;

  @Option(
      names = "--leaf-restart-interval",
      paramLabel = "COUNT",
      description = "Entries between restart points of a leaf page.")
  private Integer leafRestartInterval;

  @Option(
      names = "--index-restart-interval",
      paramLabel = "COUNT",
      description = "Entries between restart points of an index page.")
  private Integer indexRestartInterval;

  @Option(
      names = "--compression",
      negatable = true,
      description = "Compress values, or not; as the partition was written last if not said.")
  private Boolean compression;

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
          "Number of this writer in the names of files, at least the highest that is there;"
              + " default ${DEFAULT-VALUE}.")
  private long term;

  LoadCommand(InputStream input) {
    this.input = input;
  }

  @Override
  StoreClock clock() {
    // What the lines say is stored, also what has expired meanwhile.
    return () -> 0;
  }

  @Override
  int run(Shard shard) {
    Path directory = directory();
    Path name = directory.getFileName();
    PartitionId id = name == null ? null : PartitionId.fromDirectoryName(name.toString());
    if (id == null || !id.directoryName().equals(name.toString())) {
      throw usage("a partition's directory is named <table>.<partition>, found " + directory);
    }
    long lines;
    try (EloqStore store = EloqStore.open(shard, directory.getParent(), options(shard))) {
      OwnedPartition partition = store.openPartition(id);
      lines = load(partition);
      partition.commit(partition.metadata());
    }
    out().println("loaded " + lines + " entries");
    return EloqStoreCli.DONE;
  }

  private StoreOptions options(Shard shard) {
    Path newest = ManifestFile.newest(shard.io(), directory());
    try {
      StoreOptions base =
          newest == null ? layout.given(StoreOptions.defaults()) : layout.of(shard, newest);
      return base.withCompression(compression == null ? base.compression() : compression)
          .withOverflowPointers(or(overflowPointers, base.overflowPointers()))
          .withRestartIntervals(
              or(leafRestartInterval, base.leafRestartInterval()),
              or(indexRestartInterval, base.indexRestartInterval()))
          .withAppendMode(base.appendMode() && !inPlace)
          .withTerm(term);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private static int or(Integer given, int otherwise) {
    return given == null ? otherwise : given;
  }

  private long load(OwnedPartition partition) {
    // Every byte is a character here, so a byte that is no ASCII is refused like any other.
    BufferedReader reader =
        new BufferedReader(new InputStreamReader(input, StandardCharsets.ISO_8859_1));
    long number = 0;
    try {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        EntryLine entry = EntryLine.parse(line, ++number);
        partition.put(
            entry.key(),
            0,
            entry.key().length,
            entry.value(),
            0,
            entry.value().length,
            entry.timestamp(),
            entry.expireTs());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "standard input, line " + (number + 1) + ": " + e.getMessage(), e);
    }
    return number;
  }
}
