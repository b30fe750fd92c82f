/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.VisitOrder;
import io.eloqstore.buffer.WriteBuffer;
import io.eloqstore.memory.MemoryBudget;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A write buffer without a partition, loaded in random order. Used by one thread. */
@State(Scope.Thread)
public class BufferLoad implements AutoCloseable {
  private static final long BUDGET_BYTES = 1L << 30;

  @Param("500000")
  public int keys;

  private final byte[] key = new byte[Entries.KEY_BYTES];
  private final byte[] value = new byte[Entries.VALUE_BYTES];
  private MemoryBudget budget;
  private WriteBuffer buffer;
  private int[] visits;
  private int cursor;
  private long sequence;
  private long added;

  @Setup(Level.Trial)
  public void open() {
    visits = VisitOrder.shuffled(keys);
    budget = new MemoryBudget(BUDGET_BYTES);
    buffer = new WriteBuffer(budget, false);
    for (int i = keys - 1; i >= 0; i--) {
      put(visits[i], 0);
    }
  }

  @TearDown(Level.Trial)
  @Override
  public void close() {
    buffer.release();
    budget.close();
  }

  /** A record, 0 for none. */
  int find() {
    Entries.key(next(), key);
    return buffer.find(key, 0, key.length);
  }

  int findAbsent() {
    Entries.absentKey(next(), key);
    return buffer.find(key, 0, key.length);
  }

  void putExisting() {
    put(next(), 1);
  }

  void putNew() {
    put(keys + VisitOrder.endless(added++), 0);
  }

  private int next() {
    int at = cursor;
    cursor = at + 1 == visits.length ? 0 : at + 1;
    return visits[at];
  }

  private void put(long number, int version) {
    Entries.key(number, key);
    Entries.stamp(number, version, value);
    if (!buffer.put(key, 0, key.length, value, 0, value.length, 0, 0, 0, ++sequence)) {
      throw new IllegalStateException("the budget of the buffer is used up");
    }
  }

  WriteBuffer buffer() {
    return buffer;
  }
}
