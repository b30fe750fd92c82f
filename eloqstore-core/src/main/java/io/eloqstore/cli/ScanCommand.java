/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ScanPager;
import io.eloqstore.api.StoreClock;
import java.util.Arrays;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints the entries of a range. */
@Command(
    name = "scan",
    description = {
      "Prints the entries of a range, each as dump does, and on standard error whether there are"
          + " more behind a limit, and how to go on.",
      "Writes nothing and takes no lock: nobody may be writing to the partition meanwhile."
    })
final class ScanCommand extends ReadCommand {
  @Option(names = "--from", paramLabel = "KEY", description = "First key; default is the first.")
  private String from;

  @Option(
      names = "--to",
      paramLabel = "KEY",
      description = "Key behind the last one; default is the end.")
  private String to;

  @Option(
      names = "--prefix",
      paramLabel = "KEY",
      description = "Only keys that begin so; --from and --to narrow them further.")
  private String prefix;

  @Option(names = "--reverse", description = "From the last key to the first.")
  private boolean reverse;

  @Option(names = "--limit", paramLabel = "COUNT", description = "At most so many entries.")
  private Long limit;

  @Option(
      names = "--max-bytes",
      paramLabel = "BYTES",
      description =
          "At most so many bytes of keys and values, an entry counting "
              + ScanPager.ENTRY_BYTES
              + " more; the first is printed whatever its size.")
  private Long maxBytes;

  private long entries;
  private byte[] last = {};
  // The key behind the last one that was printed; null when there is none.
  private byte[] next;

  ScanCommand(StoreClock now) {
    super(now);
  }

  @Override
  int read(OwnedPartition partition, EntryPrinter printer) {
    checkLimit("--limit", limit);
    checkLimit("--max-bytes", maxBytes);
    try (EntryIterator iterator = partition.iterator(range(), reverse)) {
      print(iterator, printer);
    }
    printer.print();
    say(entries + (entries == 1 ? " entry, " : " entries, ") + rest());
    return EloqStoreCli.DONE;
  }

  private void checkLimit(String name, Long value) {
    if (value != null && value < 1) {
      throw usage(name + " must be at least 1, found " + value);
    }
  }

  private KeyRange range() {
    byte[] first = from == null ? null : form().parse(from, "--from");
    byte[] end = to == null ? null : form().parse(to, "--to");
    if (prefix != null) {
      KeyRange named = KeyRange.prefix(form().parse(prefix, "--prefix"));
      if (first == null || Arrays.compareUnsigned(first, named.from()) < 0) {
        first = named.from();
      }
      boolean endsFirst = end != null && named.to() != null;
      if (end == null || endsFirst && Arrays.compareUnsigned(named.to(), end) < 0) {
        end = named.to();
      }
    }
    return new KeyRange(first, end);
  }

  private void print(EntryIterator iterator, EntryPrinter printer) {
    long bytes = 0;
    while (iterator.next()) {
      bytes += iterator.keyLength() + iterator.value().length() + (long) ScanPager.ENTRY_BYTES;
      boolean isFull =
          limit != null && entries == limit || maxBytes != null && bytes > maxBytes && entries > 0;
      byte[] key = Arrays.copyOf(iterator.key(), iterator.keyLength());
      if (isFull) {
        next = key;
        return;
      }
      printer.entry(key, key.length, iterator.value());
      entries++;
      last = key;
    }
  }

  private String rest() {
    if (next == null) {
      return "no more";
    }
    // The end of a range does not belong to it.
    return "more remain: go on with "
        + (reverse ? "--to " + form().format(last) : "--from " + form().format(next));
  }
}
