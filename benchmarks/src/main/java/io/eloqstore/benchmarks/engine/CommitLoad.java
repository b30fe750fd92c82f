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

/** A committed store, to be changed and committed again. Used by one thread. */
@State(Scope.Thread)
public class CommitLoad implements AutoCloseable {
  @Param({"ELOQSTORE", "ROCKSDB", "ROCKSDB_TUNED"})
  public EngineKind engine;

  @Param("500000")
  public int keys;

  /** Keys that are changed before a commit, spread over all of them. */
  @Param("1000")
  public int changed;

  private final byte[] key = new byte[Entries.KEY_BYTES];
  private final byte[] value = new byte[Entries.VALUE_BYTES];
  private KeyValueStore store;
  private int[] visits;
  private int cursor;
  private int commits;

  @Setup(Level.Trial)
  public void open() throws IOException {
    visits = VisitOrder.shuffled(keys);
    store = engine.open(Memory.ROOMY);
    for (int number : visits) {
      put(number, 0);
    }
    store.settle(Layer.LEAF);
  }

  @TearDown(Level.Trial)
  @Override
  public void close() throws IOException {
    store.close();
  }

  void changeAndCommit() {
    commits++;
    for (int i = 0; i < changed; i++) {
      put(visits[cursor], commits);
      cursor = cursor + 1 == visits.length ? 0 : cursor + 1;
    }
    store.commit();
  }

  private void put(int number, int version) {
    Entries.key(number, key);
    Entries.value(number, version, value);
    store.put(key, value);
  }

  KeyValueStore store() {
    return store;
  }
}
