/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.BlockingPartition;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ScanPage;
import io.eloqstore.api.ScanPager;
import io.eloqstore.api.ServeOptions;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.ServedScan;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoredEntry;
import io.eloqstore.api.WriteBatch;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** The front of a served partition: queues what it is asked for. Any thread. */
public final class QueuedPartition implements ServedPartition {
  private final PartitionId id;
  private final PartitionServer server;
  private final RequestQueue queue;
  private final BlockingPartition blocking;
  private final AtomicBoolean isClosed = new AtomicBoolean();

  private QueuedPartition(PartitionId id, PartitionServer server) {
    this.id = id;
    this.server = server;
    this.queue = server.queue();
    this.blocking = new WaitingPartition(server);
  }

  /**
   * Begins to serve a partition.
   *
   * @param partition nobody else's from now on; closed with what is returned
   * @param clock the time intervals are judged by
   */
  public static QueuedPartition serve(
      OwnedPartition partition, ServeOptions options, ServingLoop loop, StoreClock clock) {
    PartitionServer server = new PartitionServer(partition, options.durability(), loop, clock);
    loop.register(server);
    return new QueuedPartition(partition.id(), server);
  }

  @Override
  public PartitionId id() {
    return id;
  }

  @Override
  public BlockingPartition blocking() {
    return blocking;
  }

  @Override
  public CompletableFuture<StoredEntry> read(byte[] key) {
    return queue.put(Requests.read(key));
  }

  @Override
  public CompletableFuture<List<StoredEntry>> multiRead(List<byte[]> keys) {
    return queue.put(Requests.multiRead(keys));
  }

  @Override
  public CompletableFuture<StoredEntry> floor(byte[] key) {
    return queue.put(Requests.floor(key));
  }

  @Override
  public CompletableFuture<StoredEntry> ceiling(byte[] key) {
    return queue.put(Requests.ceiling(key));
  }

  @Override
  public CompletableFuture<StoredEntry> lower(byte[] key) {
    return queue.put(Requests.lower(key));
  }

  @Override
  public CompletableFuture<StoredEntry> higher(byte[] key) {
    return queue.put(Requests.higher(key));
  }

  @Override
  public CompletableFuture<byte[]> readList(byte[] key) {
    return queue.put(Requests.readList(key));
  }

  @Override
  public CompletableFuture<ScanPage> scan(
      KeyRange range, boolean reverse, int entriesMax, long bytesMax) {
    return queue.put(Requests.scan(range, reverse, entriesMax, bytesMax));
  }

  @Override
  public CompletableFuture<ScanPage> prefixScan(byte[] prefix, int entriesMax, long bytesMax) {
    return queue.put(Requests.prefixScan(prefix, entriesMax, bytesMax));
  }

  @Override
  public CompletableFuture<ServedScan> openScan(KeyRange range, boolean reverse) {
    return queue.put(openScan(server, range, reverse));
  }

  static Task<ServedScan> openScan(PartitionServer server, KeyRange range, boolean reverse) {
    KeyRange wanted = Requests.copy(range);
    return Requests.reading(
        partition -> {
          server.checkScanAllowed();
          ScanPager pager = new ScanPager(partition.iterator(wanted, reverse));
          server.opened(pager);
          return new OpenScan(server, pager);
        });
  }

  @Override
  public CompletableFuture<Void> write(WriteBatch batch) {
    return queue.put(Requests.write(batch));
  }

  @Override
  public CompletableFuture<Boolean> putIfAbsent(byte[] key, byte[] value) {
    return queue.put(Requests.putIfAbsent(key, value));
  }

  @Override
  public CompletableFuture<Void> appendToList(byte[] key, byte[] elements) {
    return queue.put(Requests.appendToList(key, elements));
  }

  @Override
  public CompletableFuture<Void> deleteRange(KeyRange range) {
    return queue.put(Requests.deleteRange(range));
  }

  @Override
  public CompletableFuture<Void> truncate(byte[] position) {
    return queue.put(Requests.truncate(position));
  }

  @Override
  public CompletableFuture<Void> commit(Map<String, byte[]> metadata) {
    return queue.put(Requests.commit(metadata));
  }

  @Override
  public CompletableFuture<Void> flush() {
    return queue.put(Requests.flush());
  }

  @Override
  public CompletableFuture<Void> closeLater() {
    isClosed.set(true);
    return queue.close(Requests.close());
  }

  @Override
  public void close() {
    boolean again = isClosed.getAndSet(true);
    CompletableFuture<Void> end = queue.close(Requests.close());
    // Whoever closed it first is told how that went.
    queue.answer(again ? end.handle((nothing, failure) -> null) : end);
  }
}
