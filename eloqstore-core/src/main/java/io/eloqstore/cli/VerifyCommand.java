/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.partition.PartitionReport;
import io.eloqstore.partition.PartitionVerifier;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Says what is wrong with a partition. */
@Command(
    name = "verify",
    description = {
      "Walks everything from the manifest and the archives of a partition and prints a line for"
          + " each finding: order, reachability, links, checksums, mapping, missing, short and"
          + " orphaned files, a torn tail. Exit code 1 if there is any.",
      "Writes nothing and takes no lock: nobody may be writing to the partition meanwhile."
    })
final class VerifyCommand extends StoreCommand {
  @Mixin private LayoutOptions layout;

  @Override
  StoreClock clock() {
    return StoreClock.system();
  }

  @Override
  int run(Shard shard) {
    PartitionReport report = PartitionVerifier.verify(shard, directory(), options(shard));
    if (report.isClean()) {
      out().println(summary(report));
      return EloqStoreCli.DONE;
    }
    report.findings().forEach(finding -> out().println(EloqStoreCli.oneLine(finding)));
    return EloqStoreCli.DAMAGED;
  }

  private StoreOptions options(Shard shard) {
    Path newest = ManifestFile.newest(shard.io(), directory());
    try {
      return newest == null ? layout.given(StoreOptions.defaults()) : layout.of(shard, newest);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private static String summary(PartitionReport report) {
    return String.format(
        "clean: %d entries, %d pages, %d data files, %d manifest records, %d archives",
        report.entries(),
        report.pages(),
        report.dataFiles(),
        report.manifestRecords(),
        report.archives());
  }
}
