/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

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
  private final PartitionCursor cursor;
  private final int prefixBytes;
  private final Function<Map.Entry<U, V>, T> view;
  private boolean ahead;
  private Entry<U, V> current;

  /**
   * @param prefixBytes bytes of an engine key before the user key
   */
  MapWalk(
      EngineMapState<?, ?, U, V> state,
      PartitionCursor cursor,
      int prefixBytes,
      Function<Map.Entry<U, V>, T> view) {
    this.state = state;
    this.cursor = cursor;
    this.prefixBytes = prefixBytes;
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
    current = new Entry<>(state, key, prefixBytes, value);
    return view.apply(current);
  }

  @Override
  public void remove() {
    if (current == null || current.removed) {
      throw new IllegalStateException("The remove operation must be called after a valid next");
    }
    current.removed = true;
    state.removeUserKey(current.engineKey);
  }

  /** One entry; reads its key and value when they are asked for. */
  private static final class Entry<U, V> implements Map.Entry<U, V> {
    private final EngineMapState<?, ?, U, V> state;
    private final byte[] engineKey;
    private final int prefixBytes;
    private final byte[] stored;
    private boolean keyRead;
    private U key;
    private boolean valueRead;
    private V value;
    private boolean removed;

    Entry(EngineMapState<?, ?, U, V> state, byte[] engineKey, int prefixBytes, byte[] stored) {
      this.state = state;
      this.engineKey = engineKey;
      this.prefixBytes = prefixBytes;
      this.stored = stored;
    }

    @Override
    public U getKey() {
      if (!keyRead) {
        key = state.readUserKey(engineKey, prefixBytes);
        keyRead = true;
      }
      return key;
    }

    @Override
    public V getValue() {
      if (!valueRead) {
        value = state.readUserValue(stored);
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
        state.putUserValue(engineKey, engineKey.length, next);
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
