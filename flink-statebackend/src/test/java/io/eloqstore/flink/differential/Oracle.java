/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.differential;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What every fleet must hold, in plain collections, by key and namespace. */
final class Oracle {

  /** A key and a namespace. */
  record At(String key, String namespace) {}

  /** A value and when it was written. */
  record Timed(String value, long writtenMs) {}

  final Map<At, String> values = new HashMap<>();
  final Map<At, List<Integer>> lists = new HashMap<>();
  final Map<At, TreeMap<Integer, String>> maps = new HashMap<>();
  final Map<At, Long> reduced = new HashMap<>();
  final Map<At, Long> sums = new HashMap<>();
  final Map<At, Timed> expiring = new HashMap<>();

  /** By timestamp, which is unique. */
  final TreeMap<Long, At> timers = new TreeMap<>();

  Oracle copy() {
    Oracle copy = new Oracle();
    copy.values.putAll(values);
    lists.forEach((at, list) -> copy.lists.put(at, new ArrayList<>(list)));
    maps.forEach((at, map) -> copy.maps.put(at, new TreeMap<>(map)));
    copy.reduced.putAll(reduced);
    copy.sums.putAll(sums);
    copy.expiring.putAll(expiring);
    copy.timers.putAll(timers);
    return copy;
  }

  String dump(At at, long nowMs) {
    Timed timed = expiring.get(at);
    boolean isOver = timed == null || timed.writtenMs() + Subtask.TTL.toMillis() <= nowMs;
    return "value="
        + values.get(at)
        + " list="
        + lists.getOrDefault(at, List.of())
        + " map="
        + maps.getOrDefault(at, new TreeMap<>())
        + " reducing="
        + reduced.get(at)
        + " aggregating="
        + sums.get(at)
        + " expiring="
        + (isOver ? null : timed.value());
  }

  Set<String> keysWithValue(String namespace) {
    Set<String> keys = new HashSet<>();
    values
        .keySet()
        .forEach(
            at -> {
              if (at.namespace().equals(namespace)) {
                keys.add(at.key());
              }
            });
    return keys;
  }
}
