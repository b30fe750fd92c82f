/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreClock;
import picocli.CommandLine.Command;

/** Prints every entry, in key order. */
@Command(
    name = "dump",
    description = {
      "Prints each entry as hex key TAB hex value TAB timestamp TAB expire_ts, in key order.",
      "Writes nothing and takes no lock: nobody may be writing to the partition meanwhile."
    })
final class DumpCommand extends ReadCommand {
  DumpCommand(StoreClock now) {
    super(now);
  }

  @Override
  int read(OwnedPartition partition, EntryPrinter printer) {
    try (EntryIterator entries = partition.iterator(KeyRange.ALL, false)) {
      while (entries.next()) {
        printer.entry(entries.key(), entries.keyLength(), entries.value());
      }
    }
    return EloqStoreCli.DONE;
  }
}
