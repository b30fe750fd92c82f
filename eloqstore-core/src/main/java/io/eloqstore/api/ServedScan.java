/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.concurrent.CompletableFuture;

/**
 * A scan of a served partition, page by page over the one snapshot that was there when it was
 * opened. Any thread; pages come in the order in which they were asked for.
 *
 * <p>Keeps memory or pages alive until it is closed; closed with its partition at the latest.
 */
public interface ServedScan extends AutoCloseable {

  /**
   * Asks for the next page, see {@link ScanPager#next}.
   *
   * @return fails as requests of {@link ServedPartition} do, with {@link StoreErrorCode#CLOSED}
   *     after close
   */
  CompletableFuture<ScanPage> next(int entriesMax, long bytesMax);

  /** Waits for the next page, as requests of {@link BlockingPartition} do. */
  ScanPage awaitNext(int entriesMax, long bytesMax);

  /** Lets the snapshot go, soon. Does nothing the second time. */
  @Override
  void close();
}
