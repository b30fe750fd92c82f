/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.VisitOrder;
import java.io.IOException;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A store loaded with {@link #keys} entries that lie in one layer, and the order in which a
 * benchmark visits them: one random order, over and over. New keys follow them.
 *
 * <p>Keys were put in another random order. Used by one thread.
 */
@State(Scope.Thread)
public class PointLoad implements AutoCloseable {
  private static final int ELEMENT_BYTES = 8;

  @Param({"ELOQSTORE", "ROCKSDB", "ROCKSDB_TUNED", "SKIP_LIST", "TREE_MAP"})
  public EngineKind engine;

  @Param({"ACTIVE", "LEAF"})
  public Layer layer;

  @Param("500000")
  public int keys;

  private final byte[] key = new byte[Entries.KEY_BYTES];
  private final byte[] prefix = new byte[Entries.PREFIX_BYTES];
  private final byte[] value = new byte[Entries.VALUE_BYTES];
  private final byte[] element = new byte[ELEMENT_BYTES];
  private KeyValueStore store;
  private int[] visits;
  private int cursor;
  private int pass;
  private long added;
  private long number;

  @Setup(Level.Trial)
  public void open() throws IOException {
    visits = VisitOrder.shuffled(keys);
    store = engine.open(Memory.ROOMY);
    for (int i = keys - 1; i >= 0; i--) {
      Entries.key(visits[i], key);
      Entries.value(visits[i], 0, value);
      store.put(key, value);
    }
    store.settle(layer);
  }

  @TearDown(Level.Trial)
  @Override
  public void close() throws IOException {
    store.close();
  }

  /** Valid until the next visit. */
  byte[] visit() {
    Entries.key(next(), key);
    return key;
  }

  /** The key behind a loaded one. */
  byte[] visitAbsent() {
    Entries.absentKey(next(), key);
    return key;
  }

  byte[] visitNew() {
    number = keys + VisitOrder.endless(added++);
    Entries.key(number, key);
    return key;
  }

  /** What ten keys begin with, fewer at the end of all keys. */
  byte[] visitPrefix() {
    Entries.prefix(next(), prefix);
    return prefix;
  }

  private int next() {
    int at = cursor;
    cursor = at + 1;
    if (cursor == visits.length) {
      cursor = 0;
      pass++;
    }
    number = visits[at];
    return visits[at];
  }

  /** A value that differs from key to key and from pass to pass. */
  byte[] value() {
    Entries.stamp(number, 1 + pass, value);
    return value;
  }

  /** Eight bytes that differ from key to key and from pass to pass. */
  byte[] element() {
    Entries.stamp(number, 1 + pass, element);
    return element;
  }

  /** Whose key was visited last. */
  long number() {
    return number;
  }

  KeyValueStore store() {
    return store;
  }
}
