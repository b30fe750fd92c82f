/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.PartitionImage;
import java.util.Map;

/** A freeze point of a partition: rows frozen up to a moment, and how to publish them. */
final class CommitPoint implements FreezePoint {
  private final Pins pins;
  private final Committer committer;
  private final RowsPoint rows;
  private final boolean bucketKeys;

  /**
   * @param bucketKeys whether the frozen content holds its long keys in buckets
   */
  CommitPoint(Pins pins, Committer committer, RowsPoint rows, boolean bucketKeys) {
    this.pins = pins;
    this.committer = committer;
    this.rows = rows;
    this.bucketKeys = bucketKeys;
    pins.add(this);
  }

  @Override
  public PartitionImage commit(Map<String, byte[]> metadata) {
    Root root = rows.await();
    try {
      return committer.commit(root, rows.sequence(), bucketKeys, metadata);
    } finally {
      root.release();
    }
  }

  @Override
  public void close() {
    pins.remove(this);
    rows.close();
  }
}
