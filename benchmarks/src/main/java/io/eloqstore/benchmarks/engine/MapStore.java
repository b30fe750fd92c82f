/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** A map of the JDK. It copies what is put, for the caller uses its arrays again. */
final class MapStore implements KeyValueStore {
  private final NavigableMap<byte[], byte[]> map;

  private MapStore(NavigableMap<byte[], byte[]> map) {
    this.map = map;
  }

  static MapStore skipList() {
    return new MapStore(new ConcurrentSkipListMap<>(Arrays::compareUnsigned));
  }

  static MapStore treeMap() {
    return new MapStore(new TreeMap<>(Arrays::compareUnsigned));
  }

  @Override
  public int get(byte[] key) {
    byte[] value = map.get(key);
    return value == null ? ABSENT : value.length;
  }

  @Override
  public void put(byte[] key, byte[] value) {
    map.put(key.clone(), value.clone());
  }

  @Override
  public void append(byte[] key, byte[] element) {
    throw new UnsupportedOperationException("a map of the JDK has no lists that grow off the heap");
  }

  @Override
  public long scan() {
    long rows = 0;
    for (Map.Entry<byte[], byte[]> entry : map.entrySet()) {
      rows += entry.getKey().length > 0 && entry.getValue().length > 0 ? 1 : 0;
    }
    return rows;
  }

  @Override
  public int scanPrefix(byte[] prefix) {
    int rows = 0;
    for (Map.Entry<byte[], byte[]> entry : map.tailMap(prefix, true).entrySet()) {
      if (!Arrays.equals(entry.getKey(), 0, prefix.length, prefix, 0, prefix.length)) {
        break;
      }
      rows += entry.getValue().length > 0 ? 1 : 0;
    }
    return rows;
  }

  @Override
  public int floor(byte[] key) {
    Map.Entry<byte[], byte[]> entry = map.floorEntry(key);
    return entry == null ? ABSENT : entry.getValue().length;
  }

  @Override
  public void commit() {
    // It has no disk.
  }

  @Override
  public void settle(Layer layer) {
    // It has one layer.
  }

  @Override
  public void close() {
    map.clear();
  }
}
