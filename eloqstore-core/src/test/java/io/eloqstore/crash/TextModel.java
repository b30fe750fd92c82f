/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import java.util.SortedMap;
import java.util.TreeMap;

/** What a partition must hold. One thread. */
final class TextModel implements TextWriter {
  private final TreeMap<String, String> entries;

  TextModel() {
    this(new TreeMap<>());
  }

  TextModel(SortedMap<String, String> entries) {
    this.entries = new TreeMap<>(entries);
  }

  @Override
  public void put(String key, String value) {
    entries.put(key, value);
  }

  @Override
  public void delete(String key) {
    entries.remove(key);
  }

  @Override
  public void deleteRange(String from, String to) {
    entries.subMap(from, to).clear();
  }

  /** A copy. */
  SortedMap<String, String> entries() {
    return new TreeMap<>(entries);
  }
}
