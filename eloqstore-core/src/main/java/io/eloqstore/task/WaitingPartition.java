/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.BlockingPartition;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.ScanPage;
import io.eloqstore.api.ServedScan;
import io.eloqstore.api.StoredEntry;
import io.eloqstore.api.WriteBatch;
import java.util.List;
import java.util.Map;

/** Queues what it is asked for and waits for the answer. Any thread but the serving one. */
final class WaitingPartition implements BlockingPartition {
  private final PartitionServer server;
  private final RequestQueue queue;

  WaitingPartition(PartitionServer server) {
    this.server = server;
    this.queue = server.queue();
  }

  @Override
  public StoredEntry read(byte[] key) {
    return queue.await(Requests.read(key));
  }

  @Override
  public List<StoredEntry> multiRead(List<byte[]> keys) {
    return queue.await(Requests.multiRead(keys));
  }

  @Override
  public StoredEntry floor(byte[] key) {
    return queue.await(Requests.floor(key));
  }

  @Override
  public StoredEntry ceiling(byte[] key) {
    return queue.await(Requests.ceiling(key));
  }

  @Override
  public StoredEntry lower(byte[] key) {
    return queue.await(Requests.lower(key));
  }

  @Override
  public StoredEntry higher(byte[] key) {
    return queue.await(Requests.higher(key));
  }

  @Override
  public byte[] readList(byte[] key) {
    return queue.await(Requests.readList(key));
  }

  @Override
  public ScanPage scan(KeyRange range, boolean reverse, int entriesMax, long bytesMax) {
    return queue.await(Requests.scan(range, reverse, entriesMax, bytesMax));
  }

  @Override
  public ScanPage prefixScan(byte[] prefix, int entriesMax, long bytesMax) {
    return queue.await(Requests.prefixScan(prefix, entriesMax, bytesMax));
  }

  @Override
  public ServedScan openScan(KeyRange range, boolean reverse) {
    return queue.await(QueuedPartition.openScan(server, range, reverse));
  }

  @Override
  public void write(WriteBatch batch) {
    queue.await(Requests.write(batch));
  }

  @Override
  public boolean putIfAbsent(byte[] key, byte[] value) {
    return queue.await(Requests.putIfAbsent(key, value));
  }

  @Override
  public void appendToList(byte[] key, byte[] elements) {
    queue.await(Requests.appendToList(key, elements));
  }

  @Override
  public void deleteRange(KeyRange range) {
    queue.await(Requests.deleteRange(range));
  }

  @Override
  public void truncate(byte[] position) {
    queue.await(Requests.truncate(position));
  }

  @Override
  public void commit(Map<String, byte[]> metadata) {
    queue.await(Requests.commit(metadata));
  }

  @Override
  public void flush() {
    queue.await(Requests.flush());
  }
}
