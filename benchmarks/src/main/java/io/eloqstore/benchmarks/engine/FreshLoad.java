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

/** An empty store for each iteration. Used by one thread. */
@State(Scope.Thread)
public class FreshLoad implements AutoCloseable {
  @Param({"ELOQSTORE", "ROCKSDB", "ROCKSDB_TUNED", "SKIP_LIST", "TREE_MAP"})
  public EngineKind engine;

  @Param("500000")
  public int keys;

  private final byte[] key = new byte[Entries.KEY_BYTES];
  private final byte[] value = new byte[Entries.VALUE_BYTES];
  private int[] visits;
  private KeyValueStore store;

  @Setup(Level.Trial)
  public void shuffle() {
    visits = VisitOrder.shuffled(keys);
  }

  @Setup(Level.Iteration)
  public void open() throws IOException {
    store = engine.open(Memory.TIGHT);
  }

  @TearDown(Level.Iteration)
  @Override
  public void close() throws IOException {
    store.close();
  }

  void loadSorted() {
    for (int number = 0; number < keys; number++) {
      put(number);
    }
    store.commit();
  }

  void loadRandom() {
    for (int number : visits) {
      put(number);
    }
    store.commit();
  }

  private void put(int number) {
    Entries.key(number, key);
    Entries.value(number, 0, value);
    store.put(key, value);
  }

  KeyValueStore store() {
    return store;
  }
}
