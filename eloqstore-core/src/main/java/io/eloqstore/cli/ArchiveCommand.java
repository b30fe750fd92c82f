/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Makes, lists and deletes archives, and rolls back to one. */
@Command(
    name = "archive",
    description = {
      "Keeps the content of the last commit as an archive, a manifest of its own; lists or deletes"
          + " archives; or makes one the content of the partition again.",
      "Prints the number of the archive; --list prints number TAB file name TAB bytes of each,"
          + " ascending."
    })
final class ArchiveCommand extends WriteCommand {
  private static final long MICROS_PER_MS = 1000;

  private final StoreClock now;

  @ArgGroup private Deed deed = new Deed();

  /** One of them or none: then an archive of now is made. */
  private static final class Deed {
    @Option(
        names = "--timestamp",
        paramLabel = "TS",
        description =
            "Number of the archive to make, at least 0; default is now in microseconds since 1970.")
    private Long timestamp;

    @Option(names = "--list", description = "List the archives. Writes nothing, takes no lock.")
    private boolean list;

    @Option(names = "--delete", paramLabel = "TS", description = "Delete the archive TS.")
    private String delete;

    @Option(
        names = "--rollback",
        paramLabel = "TS",
        description = "Make the archive TS the content of the partition. All archives stay.")
    private String rollback;
  }

  ArchiveCommand(StoreClock now) {
    this.now = now;
  }

  @Override
  int run(Shard shard) {
    if (deed.list) {
      list(shard);
    } else if (deed.delete != null) {
      FileName.Archive archive = find(shard, deed.delete);
      write(shard, partition -> partition.deleteArchive(archive.stamp()));
      out().println(deed.delete);
    } else if (deed.rollback != null) {
      rollback(shard, find(shard, deed.rollback));
      out().println(deed.rollback);
    } else {
      long timestamp = deed.timestamp != null ? deed.timestamp : now.nowMs() * MICROS_PER_MS;
      write(shard, partition -> partition.archive(timestamp));
      out().println(timestamp);
    }
    return EloqStoreCli.DONE;
  }

  /** Nothing is to be rewritten on the occasion. */
  @Override
  StoreOptions more(StoreOptions base) {
    return base.withFileFactor(0)
        .withSegments(new SegmentOptions(SegmentOptions.When.SPARSE, SegmentOptions.RUNS_MAX));
  }

  private void write(Shard shard, Consumer<OwnedPartition> work) {
    inPartition(shard, ManifestFile.required(shard.io(), directory()), work);
  }

  private List<DirectoryEntry> archives(Shard shard) {
    if (!shard.io().exists(directory())) {
      throw new StoreException(StoreErrorCode.NOT_FOUND, directory() + ": no such partition");
    }
    return shard.io().list(directory()).stream()
        .filter(entry -> FileNames.parse(entry.name()) instanceof FileName.Archive)
        .sorted(
            Comparator.comparing(
                ArchiveCommand::archive,
                Comparator.comparing(FileName.Archive::stamp, Long::compareUnsigned)
                    .thenComparing(FileName.Archive::term, Long::compareUnsigned)))
        .toList();
  }

  private static FileName.Archive archive(DirectoryEntry entry) {
    return (FileName.Archive) FileNames.parse(entry.name());
  }

  private void list(Shard shard) {
    for (DirectoryEntry entry : archives(shard)) {
      out()
          .println(
              Long.toUnsignedString(archive(entry).stamp())
                  + '\t'
                  + entry.name()
                  + '\t'
                  + entry.bytes());
    }
  }

  /** The archive of a number; of several the one of the highest term. */
  private FileName.Archive find(Shard shard, String number) {
    FileName.Archive found = null;
    for (DirectoryEntry entry : archives(shard)) {
      FileName.Archive archive = archive(entry);
      if (Long.toUnsignedString(archive.stamp()).equals(number)) {
        found = archive;
      }
    }
    if (found == null) {
      throw new StoreException(
          StoreErrorCode.NOT_FOUND, directory() + ": there is no archive " + number);
    }
    return found;
  }

  /** The archive says what it was written with: the manifest may be damaged or gone. */
  private void rollback(Shard shard, FileName.Archive archive) {
    Path path = directory().resolve(archive.text());
    StoreOptions options = options(shard, path);
    try (EloqStore store = EloqStore.open(shard, directory().getParent(), options)) {
      store.rollback(partitionId(), archive.stamp());
    }
  }
}
