/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.List;
import java.util.Map;

/**
 * The requests of a {@link ServedPartition} for callers that wait for the answer. Any thread but
 * the serving one, where each call throws {@link IllegalStateException}: it would wait for itself.
 *
 * <p>Where the queue is full these wait for room; what else a future would fail with is thrown. A
 * caller that is interrupted while it waits keeps its interrupt and gets {@link
 * StoreErrorCode#BUSY}: the request may be done nevertheless, unless it waited for room still.
 */
public interface BlockingPartition {

  /** See {@link ServedPartition#read}. */
  StoredEntry read(byte[] key);

  /** See {@link ServedPartition#multiRead}. */
  List<StoredEntry> multiRead(List<byte[]> keys);

  /** See {@link ServedPartition#floor}. */
  StoredEntry floor(byte[] key);

  /** See {@link ServedPartition#ceiling}. */
  StoredEntry ceiling(byte[] key);

  /** See {@link ServedPartition#lower}. */
  StoredEntry lower(byte[] key);

  /** See {@link ServedPartition#higher}. */
  StoredEntry higher(byte[] key);

  /** See {@link ServedPartition#readList}. */
  byte[] readList(byte[] key);

  /** See {@link ServedPartition#scan}. */
  ScanPage scan(KeyRange range, boolean reverse, int entriesMax, long bytesMax);

  /** See {@link ServedPartition#prefixScan}. */
  ScanPage prefixScan(byte[] prefix, int entriesMax, long bytesMax);

  /** See {@link ServedPartition#openScan}. */
  ServedScan openScan(KeyRange range, boolean reverse);

  /** See {@link ServedPartition#write}. */
  void write(WriteBatch batch);

  /** See {@link ServedPartition#putIfAbsent}. */
  boolean putIfAbsent(byte[] key, byte[] value);

  /** See {@link ServedPartition#appendToList}. */
  void appendToList(byte[] key, byte[] elements);

  /** See {@link ServedPartition#deleteRange}. */
  void deleteRange(KeyRange range);

  /** See {@link ServedPartition#truncate}. */
  void truncate(byte[] position);

  /** See {@link ServedPartition#commit}. */
  void commit(Map<String, byte[]> metadata);

  /** See {@link ServedPartition#flush}. */
  void flush();
}
