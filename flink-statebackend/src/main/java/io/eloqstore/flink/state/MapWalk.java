/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.flink.key.PartitionCursor;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.function.Function;

/**
 * Walks the entries of one map. Removing and setting work on the partition at once.
 *
 * @param <T> what is shown of each entry
 */
final class MapWalk<U, V, T> implements Iterator<T> {
  private final EngineMapState<?, ?, U, V> state;
  private final OwnedPartition partition;
  private final PartitionCursor cursor;
  private final int prefixBytes;
  private final Function<Map.Entry<U, V>, T> view;
  private boolean ahead;
  private Entry<U, V> current;

  /**
   * @param map all entries of the map: their engine keys begin with its {@code from}
   */
  MapWalk(
      EngineMapState<?, ?, U, V> state,
      OwnedPartition partition,
      KeyRange map,
      Function<Map.Entry<U, V>, T> view) {
    this.state = state;
    this.partition = partition;
    this.cursor = new PartitionCursor(partition, map);
    this.prefixBytes = map.from().length;
    this.view = view;
  }

  @Override
  public boolean hasNext() {
    ahead = ahead || cursor.next();
    return ahead;
  }

  @Override
  public T next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    ahead = false;
    byte[] bytes = cursor.bytes();
    byte[] key =
        Arrays.copyOfRange(bytes, cursor.keyOffset(), cursor.keyOffset() + cursor.keyLength());
    byte[] value =
        Arrays.copyOfRange(
            bytes, cursor.valueOffset(), cursor.valueOffset() + cursor.valueLength());
    current = new Entry<>(this, key, value);
    return view.apply(current);
  }

  @Override
  public void remove() {
    if (current == null || current.removed) {
      throw new IllegalStateException("The remove operation must be called after a valid next");
    }
    current.removed = true;
    partition.delete(current.engineKey, 0, current.engineKey.length);
  }

  /** One entry; reads its key and value when they are asked for. */
  private static final class Entry<U, V> implements Map.Entry<U, V> {
    private final MapWalk<U, V, ?> walk;
    private final byte[] engineKey;
    private final byte[] stored;
    private boolean keyRead;
    private U key;
    private boolean valueRead;
    private V value;
    private boolean removed;

    Entry(MapWalk<U, V, ?> walk, byte[] engineKey, byte[] stored) {
      this.walk = walk;
      this.engineKey = engineKey;
      this.stored = stored;
    }

    @Override
    public U getKey() {
      if (!keyRead) {
        key = walk.state.readUserKey(engineKey, walk.prefixBytes);
        keyRead = true;
      }
      return key;
    }

    @Override
    public V getValue() {
      if (!valueRead) {
        value = walk.state.readUserValue(stored);
        valueRead = true;
      }
      return value;
    }

    @Override
    public V setValue(V next) {
      if (removed) {
        throw new IllegalStateException("The entry was removed");
      }
      V before = getValue();
      try {
        walk.state.putUserValue(walk.partition, engineKey, engineKey.length, next);
      } catch (IOException e) {
        throw EngineState.failed("write a value of map", e);
      }
      value = next;
      return before;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Map.Entry<?, ?> entry
          && Objects.equals(getKey(), entry.getKey())
          && Objects.equals(getValue(), entry.getValue());
    }

    @Override
    public int hashCode() {
      return Objects.hashCode(getKey()) ^ Objects.hashCode(getValue());
    }

    @Override
    public String toString() {
      return getKey() + "=" + getValue();
    }
  }
}
