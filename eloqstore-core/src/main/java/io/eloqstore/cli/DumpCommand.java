/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.shard.Shard;
import java.util.HexFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints every entry, in key order. */
@Command(
    name = "dump",
    description = {
      "Prints each entry as hex key TAB hex value TAB timestamp TAB expire_ts, in key order.",
      "Writes nothing and takes no lock: nobody may be writing to the partition meanwhile."
    })
final class DumpCommand extends StoreCommand {
  private static final int CHUNK_CHARS = 1 << 16;

  private final StoreClock now;
  private final HexFormat hex = HexFormat.of();
  private final StringBuilder text = new StringBuilder();

  @Mixin private LayoutOptions layout;

  @Mixin private ManifestFile manifest;

  @Option(names = "--with-expired", description = "Print expired entries too.")
  private boolean withExpired;

  DumpCommand(StoreClock now) {
    this.now = now;
  }

  @Override
  StoreClock clock() {
    // At the beginning of time nothing has expired.
    return withExpired ? () -> 0 : now;
  }

  @Override
  int run(Shard shard) {
    StoreOptions options = options(shard);
    try (OwnedPartition partition =
            EloqStore.openPartitionReadOnly(shard, directory(), options, manifest.nameOrNull());
        EntryIterator entries = partition.iterator(KeyRange.ALL, false)) {
      while (entries.next()) {
        append(entries);
        if (text.length() >= CHUNK_CHARS) {
          print();
        }
      }
    } finally {
      print();
    }
    return EloqStoreCli.DONE;
  }

  private StoreOptions options(Shard shard) {
    try {
      return layout.of(shard, manifest.in(shard.io(), directory()));
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private void append(EntryIterator entry) {
    hex.formatHex(text, entry.key(), 0, entry.keyLength()).append('\t');
    hex.formatHex(text, entry.value().bytes(), 0, entry.value().length())
        .append('\t')
        .append(Long.toUnsignedString(entry.value().timestamp()))
        .append('\t')
        .append(Long.toUnsignedString(entry.value().expireTs()))
        .append('\n');
  }

  private void print() {
    out().append(text);
    text.setLength(0);
    if (out().checkError()) {
      throw new StoreException(
          StoreErrorCode.IO_FAILED, "standard output takes no more: it is closed or full");
    }
  }
}
