/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.shard.Shard;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that reads entries: takes no lock, writes nothing. */
abstract class ReadCommand extends StoreCommand {
  private final StoreClock now;

  @Mixin private LayoutOptions layout;

  @Mixin private ManifestFile manifest;

  @Mixin private ByteForm form;

  @Option(names = "--with-expired", description = "Entries that have expired, too.")
  private boolean withExpired;

  ReadCommand(StoreClock now) {
    this.now = now;
  }

  /**
   * Reads.
   *
   * @return the exit code
   */
  abstract int read(OwnedPartition partition, EntryPrinter printer);

  /** How keys are given and shown. */
  final ByteForm form() {
    return form;
  }

  @Override
  final StoreClock clock() {
    // At the beginning of time nothing has expired.
    return withExpired ? () -> 0 : now;
  }

  @Override
  final int run(Shard shard) {
    StoreOptions options = options(shard);
    EntryPrinter printer = new EntryPrinter(out(), form);
    try (OwnedPartition partition =
        EloqStore.openPartitionReadOnly(shard, directory(), options, manifest.nameOrNull())) {
      int code = read(partition, printer);
      printer.print();
      return code;
    } catch (RuntimeException e) {
      printLeft(printer, e);
      throw e;
    }
  }

  /** What came before a failure is printed too; the failure leads. */
  private static void printLeft(EntryPrinter printer, RuntimeException failure) {
    try {
      printer.print();
    } catch (StoreException late) {
      failure.addSuppressed(late);
    }
  }

  private StoreOptions options(Shard shard) {
    try {
      return layout.of(shard, manifest.in(shard.io(), directory()));
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }
}
