/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ValueBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** A partition whose keys and values are text of one byte for each character. */
final class TextPartition implements TextWriter {
  /** Metadata name of the number that {@link #commit} was given. */
  private static final String VERSION = "version";

  private final OwnedPartition partition;
  private final ValueBuffer value = new ValueBuffer();

  TextPartition(OwnedPartition partition) {
    this.partition = partition;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static String text(byte[] bytes, int length) {
    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
  }

  OwnedPartition partition() {
    return partition;
  }

  @Override
  public void put(String key, String newValue) {
    byte[] k = bytes(key);
    byte[] v = bytes(newValue);
    partition.put(k, 0, k.length, v, 0, v.length);
  }

  @Override
  public void delete(String key) {
    byte[] k = bytes(key);
    partition.delete(k, 0, k.length);
  }

  @Override
  public void deleteRange(String from, String to) {
    partition.deleteRange(new KeyRange(bytes(from), bytes(to)));
  }

  /** The value, or null. */
  String get(String key) {
    byte[] k = bytes(key);
    return partition.get(k, 0, k.length, value) ? text(value.bytes(), value.length()) : null;
  }

  void commit(int version) {
    partition.commit(metadata(version));
  }

  static Map<String, byte[]> metadata(int version) {
    return Map.of(VERSION, bytes(Integer.toString(version)));
  }

  /** What the last commit was given; 0 when there was none. */
  int version() {
    byte[] found = partition.metadata().get(VERSION);
    return found == null ? 0 : Integer.parseInt(text(found, found.length));
  }

  /** Everything, as an iterator gives it. */
  SortedMap<String, String> entries() {
    SortedMap<String, String> found = new TreeMap<>();
    try (EntryIterator iterator = partition.iterator(KeyRange.ALL, false)) {
      while (iterator.next()) {
        ValueBuffer present = iterator.value();
        String key = text(iterator.key(), iterator.keyLength());
        if (found.put(key, text(present.bytes(), present.length())) != null) {
          throw new AssertionError("the iterator gave " + key + " twice");
        }
      }
    }
    return found;
  }

  /** Everything, and each of the given keys read by itself: both ways must agree. */
  SortedMap<String, String> entriesBothWays(Iterable<String> keys) {
    SortedMap<String, String> found = entries();
    for (String key : keys) {
      String single = get(key);
      if (single == null ? found.containsKey(key) : !single.equals(found.get(key))) {
        throw new AssertionError(
            "get of " + key + " gave " + single + ", the iterator " + found.get(key));
      }
    }
    return found;
  }
}
