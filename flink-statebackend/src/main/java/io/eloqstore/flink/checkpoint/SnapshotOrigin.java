/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.util.UUID;

/**
 * Which line of checkpoints a backend continues.
 *
 * @param backendId same for all backends whose files build on each other
 * @param ledger what of those files is uploaded
 */
public record SnapshotOrigin(UUID backendId, RangeLedger ledger) {

  /** A line of its own, with nothing uploaded. */
  public static SnapshotOrigin fresh() {
    return new SnapshotOrigin(UUID.randomUUID(), new RangeLedger());
  }
}
