/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.ValueBuffer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Prints the value of one key. */
@Command(
    name = "get",
    description = {
      "Prints the value of a key as hex value TAB timestamp TAB expire_ts. Exit code 1, and a line"
          + " on standard error, when there is no such key or it has expired.",
      "Writes nothing and takes no lock: nobody may be writing to the partition meanwhile."
    })
final class GetCommand extends ReadCommand {
  @Parameters(index = "1", paramLabel = "KEY", description = "The key, as hex digits.")
  private String key;

  GetCommand(StoreClock now) {
    super(now);
  }

  @Override
  int read(OwnedPartition partition, EntryPrinter printer) {
    byte[] wanted = form().parse(key, "KEY");
    ValueBuffer value = new ValueBuffer();
    if (partition.get(wanted, 0, wanted.length, value)) {
      printer.value(value);
      return EloqStoreCli.DONE;
    }
    say(directory() + ": there is no key " + form().format(wanted));
    return EloqStoreCli.ABSENT;
  }
}
