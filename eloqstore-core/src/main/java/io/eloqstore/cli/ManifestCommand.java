/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.StoreClock;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestDump;
import io.eloqstore.shard.Shard;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists the records of a manifest. */
@Command(
    name = "manifest",
    description = "Lists the records of the manifest, also of a damaged one.")
final class ManifestCommand extends StoreCommand {
  @Mixin private ManifestFile manifest;

  @Option(names = "--pages", description = "Print each mapping entry.")
  private boolean pages;

  @Override
  StoreClock clock() {
    return StoreClock.system();
  }

  @Override
  int run(Shard shard) {
    try (BlockFile file = shard.io().open(manifest.in(shard.io(), directory()), OpenMode.READ)) {
      new ManifestDump(out(), pages).print(file, shard.budget());
    }
    return EloqStoreCli.DONE;
  }
}
