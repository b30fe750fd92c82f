/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * A partition that takes requests from any thread and does them one after the other, in the order
 * in which they came, on the serving thread of its shard. Arguments are copied before a call
 * returns.
 *
 * <p>A future completes on the serving thread, and so what depends on it runs there unless it is
 * given an executor; it must not block. Every future completes, also when the partition is closed
 * or poisoned. It fails with a {@link StoreException}: {@link StoreErrorCode#INVALID_ARGUMENT};
 * {@link StoreErrorCode#CLOSED} for a request that was made after {@link #close}; {@link
 * StoreErrorCode#BUSY} when {@link #QUEUED_MAX} requests wait already; {@link
 * StoreErrorCode#POISONED} for writes after a failed write, and that failure itself for those that
 * it hit; {@link CorruptionException}. Refusals of CLOSED and BUSY complete on the caller's thread.
 * A request whose future was cancelled before its turn is not done; cancelling later has no effect
 * on it.
 *
 * <p>A read sees every write that was asked for before it, published or not. When the future of a
 * write completes is said by {@link ServeDurability}; if publishing fails, so do the writes that it
 * was to publish, and the partition is poisoned.
 */
public interface ServedPartition extends AutoCloseable {
  /** Requests that wait for their turn at most; as many writes may wait to be published. */
  int QUEUED_MAX = 1024;

  /** Scans of one partition that are open at most; one more fails with BUSY. */
  int SCANS_MAX = 256;

  PartitionId id();

  /** The same requests for callers that wait. */
  BlockingPartition blocking();

  // ---- reads ------------------------------------------------------------------------------------

  /** Reads an entry; {@code null} when it is absent. */
  CompletableFuture<StoredEntry> read(byte[] key);

  /**
   * Reads several entries of one content.
   *
   * @return in the order of the keys, {@code null} for those that are absent
   */
  CompletableFuture<List<StoredEntry>> multiRead(List<byte[]> keys);

  /** Reads the last entry whose key is not above this one; {@code null} when there is none. */
  CompletableFuture<StoredEntry> floor(byte[] key);

  /** Reads the first entry whose key is not below this one; {@code null} when there is none. */
  CompletableFuture<StoredEntry> ceiling(byte[] key);

  /** Reads the last entry whose key is below this one; {@code null} when there is none. */
  CompletableFuture<StoredEntry> lower(byte[] key);

  /** Reads the first entry whose key is above this one; {@code null} when there is none. */
  CompletableFuture<StoredEntry> higher(byte[] key);

  /** Reads a whole list, see {@link OwnedPartition#getList}; {@code null} when it has nothing. */
  CompletableFuture<byte[]> readList(byte[] key);

  /**
   * Reads the beginning of a range, of the newest content. Who goes on behind the last key sees
   * later writes; {@link #openScan} does not.
   *
   * @param entriesMax at least 1
   * @param bytesMax see {@link ScanPager#next}
   */
  CompletableFuture<ScanPage> scan(KeyRange range, boolean reverse, int entriesMax, long bytesMax);

  /** Reads the first of the keys that begin with a prefix, see {@link #scan}. */
  CompletableFuture<ScanPage> prefixScan(byte[] prefix, int entriesMax, long bytesMax);

  /** Opens a scan over the newest content. */
  CompletableFuture<ServedScan> openScan(KeyRange range, boolean reverse);

  // ---- writes -----------------------------------------------------------------------------------

  /** Writes a batch, all or nothing. */
  CompletableFuture<Void> write(WriteBatch batch);

  /**
   * Stores a value if its key is absent.
   *
   * @return whether it was
   */
  CompletableFuture<Boolean> putIfAbsent(byte[] key, byte[] value);

  /** Appends to a list, see {@link OwnedPartition#appendToList}. */
  CompletableFuture<Void> appendToList(byte[] key, byte[] elements);

  /** Removes every key of a range. */
  CompletableFuture<Void> deleteRange(KeyRange range);

  /** Removes every key that is not below a position; an empty one means all. */
  CompletableFuture<Void> truncate(byte[] position);

  // ---- publishing -------------------------------------------------------------------------------

  /**
   * Publishes everything that was asked for before.
   *
   * @param metadata published with it, and again with whatever the server publishes later, until
   *     the next call
   */
  CompletableFuture<Void> commit(Map<String, byte[]> metadata);

  /** Starts to move the write buffer into the tree in the background; publishes nothing. */
  CompletableFuture<Void> flush();

  /**
   * Takes no more requests, does those that were made before, publishes if the durability says so
   * and closes the partition. The second call gives the future of the first.
   */
  CompletableFuture<Void> closeLater();

  /**
   * Waits for {@link #closeLater()}.
   *
   * @throws IllegalStateException on the serving thread, which would wait for itself
   */
  @Override
  void close();
}
