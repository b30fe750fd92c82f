/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.flink.key.KeyedPartition;
import io.eloqstore.flink.key.ListWalk;
import io.eloqstore.flink.key.PartitionCursor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.StateEntry;
import org.apache.flink.runtime.state.internal.InternalKvState.StateIncrementalVisitor;

/**
 * Goes through all values of a state a few at a time, for Flink's incremental cleanup. What it
 * gives is a value, a list, or one entry of a map. Weakly consistent; pins nothing between two
 * steps.
 *
 * <p>Belongs to the task's thread.
 */
final class StateVisitor<K, N, V> implements StateIncrementalVisitor<K, N, V> {
  private final EngineState<K, N, V> state;
  private final int entriesMax;
  private final Iterator<Integer> groups;
  private OwnedPartition partition;
  private PartitionCursor cursor;
  private ListWalk lists;
  private boolean ahead;

  /** A value and where it lies. */
  private static final class Visited<K, N, V> implements StateEntry<K, N, V> {
    private final EngineState<K, N, V> state;
    private final OwnedPartition partition;
    private final byte[] engineKey;
    private final V value;

    Visited(EngineState<K, N, V> state, OwnedPartition partition, byte[] engineKey, V value) {
      this.state = state;
      this.partition = partition;
      this.engineKey = engineKey;
      this.value = value;
    }

    @Override
    public K getKey() {
      return state.parse(engineKey).key();
    }

    @Override
    public N getNamespace() {
      return state.parse(engineKey).namespace();
    }

    @Override
    public V getState() {
      return value;
    }
  }

  /**
   * @param entriesMax values given at once, at most
   */
  StateVisitor(EngineState<K, N, V> state, int entriesMax) {
    this.state = state;
    this.entriesMax = Math.max(1, entriesMax);
    KeyGroupRange range = state.context.partitions().keyGroups();
    this.groups = range.iterator();
  }

  @Override
  public boolean hasNext() {
    while (!ahead) {
      if (cursor == null) {
        if (!groups.hasNext()) {
          return false;
        }
        open(groups.next());
      }
      ahead = lists != null ? lists.next() : cursor.next();
      if (!ahead) {
        cursor = null;
      }
    }
    return true;
  }

  private void open(int group) {
    KeyedPartition part = state.context.partitions().of(group);
    partition = part.partition();
    cursor =
        new PartitionCursor(
            partition, state.context.layout().stateRange(group, state.stateIdIn(part)));
    lists = state instanceof EngineListState ? new ListWalk(cursor) : null;
  }

  @Override
  public Collection<StateEntry<K, N, V>> nextEntries() {
    List<StateEntry<K, N, V>> entries = new ArrayList<>();
    // Advanced at least once, and no further than asked for, whatever the values are.
    for (int i = 0; i < entriesMax && hasNext(); i++) {
      ahead = false;
      byte[] engineKey = lists != null ? lists.listKey() : keyOfCursor();
      try {
        V value = state.visit(partition, engineKey, cursor);
        if (value != null) {
          entries.add(new Visited<>(state, partition, engineKey, value));
        }
      } catch (IOException e) {
        throw EngineState.failed("read a value while cleaning up", e);
      }
    }
    return entries;
  }

  private byte[] keyOfCursor() {
    int offset = cursor.keyOffset();
    return Arrays.copyOfRange(cursor.bytes(), offset, offset + cursor.keyLength());
  }

  @Override
  public void remove(StateEntry<K, N, V> entry) {
    Visited<K, N, V> visited = (Visited<K, N, V>) entry;
    state.removeVisited(visited.partition, visited.engineKey);
  }

  @Override
  public void update(StateEntry<K, N, V> entry, V newValue) {
    Visited<K, N, V> visited = (Visited<K, N, V>) entry;
    try {
      state.updateVisited(visited.partition, visited.engineKey, newValue);
    } catch (IOException e) {
      throw EngineState.failed("write a value while cleaning up", e);
    }
  }
}
