/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.EntryBuffer;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ScanPage;
import io.eloqstore.api.ScanPager;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoredEntry;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.api.WriteBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes the tasks of requests: arguments are copied here, on the caller's thread, and checked by
 * the partition. Stateless.
 */
final class Requests {
  private Requests() {}

  // ---- reads ------------------------------------------------------------------------------------

  static Task<StoredEntry> read(byte[] key) {
    byte[] wanted = copy(key);
    return reading(
        partition -> {
          ValueBuffer value = new ValueBuffer();
          return partition.get(wanted, 0, length(wanted), value) ? entry(wanted, value) : null;
        });
  }

  static Task<List<StoredEntry>> multiRead(List<byte[]> keys) {
    byte[][] wanted =
        keys == null ? null : keys.stream().map(Requests::copy).toArray(byte[][]::new);
    return reading(
        partition -> {
          List<StoredEntry> found = new ArrayList<>();
          partition.multiGet(
              wanted,
              new ValueBuffer(),
              (index, value) -> found.add(value == null ? null : entry(wanted[index], value)));
          return Collections.unmodifiableList(found);
        });
  }

  static Task<StoredEntry> floor(byte[] key) {
    return search(key, OwnedPartition::floor);
  }

  static Task<StoredEntry> ceiling(byte[] key) {
    return search(key, OwnedPartition::ceiling);
  }

  static Task<StoredEntry> lower(byte[] key) {
    return search(key, OwnedPartition::lower);
  }

  static Task<StoredEntry> higher(byte[] key) {
    return search(key, OwnedPartition::higher);
  }

  private interface Search {
    boolean find(OwnedPartition partition, byte[] key, int offset, int length, EntryBuffer target);
  }

  private static Task<StoredEntry> search(byte[] key, Search search) {
    byte[] from = copy(key);
    return reading(
        partition -> {
          EntryBuffer found = new EntryBuffer();
          return search.find(partition, from, 0, length(from), found)
              ? entry(found.keyToByteArray(), found.value())
              : null;
        });
  }

  static Task<byte[]> readList(byte[] key) {
    byte[] wanted = copy(key);
    return reading(
        partition -> {
          ValueBuffer value = new ValueBuffer();
          return partition.getList(wanted, 0, length(wanted), value) ? value.toByteArray() : null;
        });
  }

  static Task<ScanPage> scan(KeyRange range, boolean reverse, int entriesMax, long bytesMax) {
    KeyRange wanted = copy(range);
    return reading(
        partition -> {
          ScanPager.checkLimits(entriesMax, bytesMax);
          try (ScanPager pager = new ScanPager(partition.iterator(wanted, reverse))) {
            return pager.next(entriesMax, bytesMax);
          }
        });
  }

  static Task<ScanPage> prefixScan(byte[] prefix, int entriesMax, long bytesMax) {
    if (prefix == null) {
      return reading(
          partition -> {
            throw invalid(partition, "the prefix of a scan must not be null");
          });
    }
    return scan(KeyRange.prefix(prefix), false, entriesMax, bytesMax);
  }

  // ---- writes -----------------------------------------------------------------------------------

  static Task<Void> write(WriteBatch batch) {
    WriteBatch content = batch == null ? null : batch.resolvedCopy();
    return writing(partition -> partition.write(content));
  }

  static Task<Boolean> putIfAbsent(byte[] key, byte[] value) {
    byte[] wanted = copy(key);
    byte[] bytes = copy(value);
    return new Task<>(
        Task.Kind.WRITE,
        partition -> partition.putIfAbsent(wanted, 0, length(wanted), bytes, 0, length(bytes)));
  }

  static Task<Void> appendToList(byte[] key, byte[] elements) {
    byte[] list = copy(key);
    byte[] bytes = copy(elements);
    return writing(
        partition -> partition.appendToList(list, 0, length(list), bytes, 0, length(bytes)));
  }

  static Task<Void> deleteRange(KeyRange range) {
    KeyRange gone = copy(range);
    return writing(partition -> partition.deleteRange(gone));
  }

  static Task<Void> truncate(byte[] position) {
    byte[] first = copy(position);
    return writing(partition -> partition.deleteFrom(first));
  }

  // ---- publishing -------------------------------------------------------------------------------

  static Task<Void> commit(Map<String, byte[]> metadata) {
    Map<String, byte[]> content = metadata == null ? null : new HashMap<>(metadata);
    if (content != null) {
      content.replaceAll((name, bytes) -> copy(bytes));
    }
    // Checked before writes wait for it.
    return new Task<>(
        Task.Kind.PUBLISH,
        partition -> {
          if (content == null || content.containsKey(null) || content.containsValue(null)) {
            throw invalid(partition, "the metadata of a commit must not be or hold null");
          }
          return null;
        },
        content);
  }

  static Task<Void> flush() {
    return reading(
        partition -> {
          partition.flush();
          return null;
        });
  }

  static Task<Void> close() {
    return withoutAnswer(Task.Kind.CLOSE, OwnedPartition::close);
  }

  // ---- making -----------------------------------------------------------------------------------

  /** A request without an answer. */
  private interface Change {
    void run(OwnedPartition partition);
  }

  static <T> Task<T> reading(Work<T> work) {
    return new Task<>(Task.Kind.READ, work);
  }

  private static Task<Void> writing(Change change) {
    return withoutAnswer(Task.Kind.WRITE, change);
  }

  private static Task<Void> withoutAnswer(Task.Kind kind, Change change) {
    return new Task<>(
        kind,
        partition -> {
          change.run(partition);
          return null;
        });
  }

  private static StoredEntry entry(byte[] key, ValueBuffer value) {
    return new StoredEntry(key, value.toByteArray(), value.timestamp(), value.expireTs());
  }

  private static StoreException invalid(OwnedPartition partition, String message) {
    return new StoreException(
        StoreErrorCode.INVALID_ARGUMENT, "partition " + partition.id() + ": " + message);
  }

  private static byte[] copy(byte[] bytes) {
    return bytes == null ? null : Arrays.copyOf(bytes, bytes.length);
  }

  static KeyRange copy(KeyRange range) {
    return range == null ? null : new KeyRange(copy(range.from()), copy(range.to()));
  }

  private static int length(byte[] bytes) {
    return bytes == null ? 0 : bytes.length;
  }
}
