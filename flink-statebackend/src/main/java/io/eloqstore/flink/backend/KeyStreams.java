/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.backend;

import io.eloqstore.flink.checkpoint.StateTable;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.util.FlinkRuntimeException;

/**
 * Streams of the keys of a backend. They hold nothing that must be closed, and the states may be
 * changed while they are read.
 *
 * <p>Belongs to the task's thread.
 */
record KeyStreams<K>(StateTable table, TypeSerializer<K> keySerializer) {

  /** Keys that have the namespace in any of the states, each once. */
  <N> Stream<K> keys(List<String> names, N namespace) {
    List<KeyedState> states = new ArrayList<>();
    for (String name : names) {
      KeyedState state = table.find(name);
      if (state != null && !states.contains(state)) {
        states.add(state);
      }
    }
    return perKeyGroup(group -> keysOfGroup(states, namespace, group));
  }

  /** Keys and namespaces of one state, each pair once. */
  <N> Stream<Tuple2<K, N>> keysAndNamespaces(String name) {
    KeyedState state = table.find(name);
    if (state == null) {
      return Stream.empty();
    }
    return perKeyGroup(
        group -> {
          KeyWalk<K, N> walk = walk(state, group);
          return () -> walk.next() ? Tuple2.of(walk.key(), walk.namespace()) : null;
        });
  }

  /** Number of lists, map entries and single values of a state. */
  long count(KeyedState state) {
    return keysAndNamespaces(state.metaInfo().getName()).count();
  }

  private <N> KeyWalk<K, N> walk(KeyedState state, int group) {
    return new KeyWalk<>(table, state, group, keySerializer);
  }

  /** Merges the walks of several states by key. */
  private <N> Source<K> keysOfGroup(List<KeyedState> states, N namespace, int group)
      throws IOException {
    PriorityQueue<KeyWalk<K, N>> walks = new PriorityQueue<>(KeyWalk::compareKeys);
    for (KeyedState state : states) {
      KeyWalk<K, N> walk = walk(state, group);
      if (advance(walk, namespace)) {
        walks.add(walk);
      }
    }
    return () -> {
      KeyWalk<K, N> first = walks.poll();
      if (first == null) {
        return null;
      }
      K key = first.key();
      while (!walks.isEmpty() && walks.peek().compareKeys(first) == 0) {
        KeyWalk<K, N> same = walks.poll();
        if (advance(same, namespace)) {
          walks.add(same);
        }
      }
      if (advance(first, namespace)) {
        walks.add(first);
      }
      return key;
    };
  }

  private static <N> boolean advance(KeyWalk<?, N> walk, N namespace) throws IOException {
    while (walk.next()) {
      if (namespace.equals(walk.namespace())) {
        return true;
      }
    }
    return false;
  }

  /** Gives the next element, {@code null} at the end. */
  private interface Source<T> {
    T next() throws IOException;
  }

  private interface Opener<T> {
    Source<T> open(int keyGroup) throws IOException;
  }

  private <T> Stream<T> perKeyGroup(Opener<T> opener) {
    Iterator<T> iterator = new GroupIterator<>(table.keyGroupRange().iterator(), opener);
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator, 0), false);
  }

  /** One key group after the other; a walk is opened when the one before has ended. */
  private static final class GroupIterator<T> implements Iterator<T> {
    private final Iterator<Integer> groups;
    private final Opener<T> opener;
    private Source<T> source;
    private T ahead;

    GroupIterator(Iterator<Integer> groups, Opener<T> opener) {
      this.groups = groups;
      this.opener = opener;
    }

    @Override
    public boolean hasNext() {
      try {
        while (ahead == null) {
          if (source == null) {
            if (!groups.hasNext()) {
              return false;
            }
            source = opener.open(groups.next());
          }
          ahead = source.next();
          if (ahead == null) {
            source = null;
          }
        }
        return true;
      } catch (IOException e) {
        throw new FlinkRuntimeException("Could not read the keys of the state", e);
      }
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      T element = ahead;
      ahead = null;
      return element;
    }
  }
}
