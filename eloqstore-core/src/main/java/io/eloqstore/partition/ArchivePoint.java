/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

/** The content of a partition at one moment, on its way into an archive. */
public final class ArchivePoint implements AutoCloseable {
  private final Committer committer;
  private final RowsPoint rows;
  private final boolean bucketKeys;
  private final long timestamp;

  ArchivePoint(Committer committer, RowsPoint rows, boolean bucketKeys, long timestamp) {
    this.committer = committer;
    this.rows = rows;
    this.bucketKeys = bucketKeys;
    this.timestamp = timestamp;
  }

  /** Commits and archives it; waits for the worker. Any thread. */
  public void archive() {
    Root root = rows.await();
    try {
      committer.archive(root, rows.sequence(), bucketKeys, timestamp);
    } finally {
      root.release();
    }
  }

  /** Deletes archives that are too many now. */
  public void retain() {
    committer.retainArchives(timestamp);
  }

  /** Deletes what {@link #archive} made. */
  public void undo() {
    committer.deleteArchive(timestamp);
  }

  @Override
  public void close() {
    rows.close();
  }
}
