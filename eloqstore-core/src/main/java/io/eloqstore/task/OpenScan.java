/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.ScanPage;
import io.eloqstore.api.ScanPager;
import io.eloqstore.api.ServedScan;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.util.concurrent.CompletableFuture;

/** A scan that stays open between requests; the pager is the serving thread's. */
final class OpenScan implements ServedScan {
  private final PartitionServer server;
  private final ScanPager pager;

  OpenScan(PartitionServer server, ScanPager pager) {
    this.server = server;
    this.pager = pager;
  }

  private Task<ScanPage> page(int entriesMax, long bytesMax) {
    return Requests.reading(
        partition -> {
          if (!server.isOpen(pager)) {
            throw new StoreException(
                StoreErrorCode.CLOSED,
                "the scan of partition " + partition.id() + " was closed before the request");
          }
          return pager.next(entriesMax, bytesMax);
        });
  }

  @Override
  public CompletableFuture<ScanPage> next(int entriesMax, long bytesMax) {
    return server.queue().put(page(entriesMax, bytesMax));
  }

  @Override
  public ScanPage awaitNext(int entriesMax, long bytesMax) {
    return server.queue().await(page(entriesMax, bytesMax));
  }

  @Override
  public void close() {
    server
        .queue()
        .putAnyway(
            Requests.reading(
                partition -> {
                  server.ended(pager);
                  return null;
                }));
  }
}
