/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.segment.SegmentWriter;
import io.eloqstore.shard.Shard;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Puts lines of the form that {@code dump} prints into a partition. */
@Command(
    name = "load",
    description = {
      "Puts each line of standard input, in the form that dump prints, into a partition and commits"
          + " at the end. Makes the partition if there is none.",
      "An entry that is there already with a higher timestamp is kept."
    })
final class LoadCommand extends WriteCommand {
  private final InputStream input;

  @Option(
      names = "--batch",
      paramLabel = "COUNT",
      description = "Commit after each so many lines, too.")
  private Long batch;

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
      names = "--segments",
      paramLabel = "never|sparse|always",
      description =
          "What is written as a change segment instead of being merged into the tree at once;"
              + " never if not said. Other engines can read the partition when it was sealed.")
  private SegmentOptions.When segments = SegmentOptions.When.NEVER;

  private long committed;

  LoadCommand(InputStream input) {
    this.input = input;
  }

  @Override
  int run(Shard shard) {
    if (batch != null && batch < 1) {
      throw usage("--batch must be at least 1, found " + batch);
    }
    try {
      inPartition(shard, ManifestFile.newest(shard.io(), directory()), this::load);
    } catch (StoreException e) {
      if (committed == 0) {
        throw e;
      }
      throw new StoreException(
          e.code(), e.getMessage() + "; lines 1 to " + committed + " are committed", e);
    }
    out().println("loaded " + committed + " entries");
    return EloqStoreCli.DONE;
  }

  @Override
  StoreOptions more(StoreOptions base) {
    checkSegments(base);
    return base.withCompression(compression == null ? base.compression() : compression)
        .withOverflowPointers(or(overflowPointers, base.overflowPointers()))
        .withRestartIntervals(
            or(leafRestartInterval, base.leafRestartInterval()),
            or(indexRestartInterval, base.indexRestartInterval()))
        .withSegments(new SegmentOptions(segments, base.segments().runsMax()));
  }

  private void checkSegments(StoreOptions base) {
    boolean fit =
        base.appendMode() && 1L << base.pagesPerFileShift() >= SegmentWriter.FILE_PAGES_MIN;
    if (segments != SegmentOptions.When.NEVER && !fit) {
      throw usage(
          "--segments needs append mode and data files of "
              + SegmentWriter.FILE_PAGES_MIN
              + " pages, found appendMode "
              + base.appendMode()
              + " and "
              + (1L << base.pagesPerFileShift())
              + " pages");
    }
  }

  private static int or(Integer given, int otherwise) {
    return given == null ? otherwise : given;
  }

  private void load(OwnedPartition partition) {
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
        if (batch != null && number % batch == 0) {
          commit(partition, number);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "standard input, line " + (number + 1) + ": " + e.getMessage(), e);
    }
    commit(partition, number);
  }

  private void commit(OwnedPartition partition, long lines) {
    partition.commit(partition.metadata());
    committed = lines;
  }
}
