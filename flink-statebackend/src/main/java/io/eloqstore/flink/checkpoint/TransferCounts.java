/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.util.concurrent.atomic.AtomicLong;

/** What one backend moved from and to checkpoint storage so far. Any thread. */
public final class TransferCounts {
  private final AtomicLong fetchedBytes = new AtomicLong();
  private final AtomicLong fetchedFiles = new AtomicLong();
  private final AtomicLong fetchNanos = new AtomicLong();
  private final AtomicLong uploadedBytes = new AtomicLong();
  private final AtomicLong reusedBytes = new AtomicLong();

  void fetched(long files, long bytes, long nanos) {
    fetchedFiles.addAndGet(files);
    fetchedBytes.addAndGet(bytes);
    fetchNanos.addAndGet(nanos);
  }

  void uploaded(long uploaded, long reused) {
    uploadedBytes.addAndGet(uploaded);
    reusedBytes.addAndGet(reused);
  }

  /** Bytes of files that the restore fetched or linked. */
  public long fetchedBytes() {
    return fetchedBytes.get();
  }

  public long fetchedFiles() {
    return fetchedFiles.get();
  }

  /** Time the restore waited for files. */
  public long fetchNanos() {
    return fetchNanos.get();
  }

  /** Bytes that checkpoints and native savepoints uploaded. */
  public long uploadedBytes() {
    return uploadedBytes.get();
  }

  /** Bytes of earlier checkpoints that later ones built upon, counted with each. */
  public long reusedBytes() {
    return reusedBytes.get();
  }
}
