/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import picocli.CommandLine.Command;

/** Rewrites sparse data files. */
@Command(
    name = "compact",
    description = {
      "Moves the live pages out of every data file that holds more than twice as many pages, commits"
          + " and deletes what nothing needs any more.",
      "Prints the bytes of the data files before and after. A file that an archive needs stays."
    })
final class CompactCommand extends WriteCommand {
  @Override
  int run(Shard shard) {
    Path manifest = ManifestFile.required(shard.io(), directory());
    long before = dataBytes(shard);
    inPartition(
        shard,
        manifest,
        partition -> {
          partition.compact();
          partition.commit(partition.metadata());
        });
    out().println("compacted: " + before + " bytes in data files, now " + dataBytes(shard));
    return EloqStoreCli.DONE;
  }

  private long dataBytes(Shard shard) {
    return shard.io().list(directory()).stream()
        .filter(entry -> FileNames.parse(entry.name()) instanceof FileName.Data)
        .mapToLong(DirectoryEntry::bytes)
        .sum();
  }
}
