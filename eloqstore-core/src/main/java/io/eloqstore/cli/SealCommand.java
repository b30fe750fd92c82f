/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestReader;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import picocli.CommandLine.Command;

/** Makes a partition readable for engines that know no change segments. */
@Command(
    name = "seal",
    description = {
      "Merges every change segment into the tree and commits, so that engines which do not know"
          + " segments can read the partition.",
      "Prints how many segments there were."
    })
final class SealCommand extends WriteCommand {
  @Override
  int run(Shard shard) {
    Path manifest = ManifestFile.required(shard.io(), directory());
    int pagesPerFileShift = options(shard, manifest).pagesPerFileShift();
    int segments = segments(shard, manifest, pagesPerFileShift);
    inPartition(shard, manifest, OwnedPartition::seal);
    out().println("sealed: " + segments + " change segments were merged");
    return EloqStoreCli.DONE;
  }

  private static int segments(Shard shard, Path manifest, int pagesPerFileShift) {
    try (BlockFile file = shard.io().open(manifest, OpenMode.READ)) {
      ManifestState state = new ManifestReader(shard.budget(), pagesPerFileShift).read(file);
      state.mapping().release();
      return state.extension() == null ? 0 : state.extension().segments().size();
    }
  }
}
