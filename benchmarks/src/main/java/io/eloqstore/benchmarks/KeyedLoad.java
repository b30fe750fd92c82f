/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.util.Arrays;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A backend loaded with {@link #keys} keys, and the order in which a benchmark visits them.
 *
 * <p>Nothing is flushed, compacted or settled between loading and measuring: each backend stays as
 * the load left it, so reads find part of the state in write buffers and the rest where the backend
 * moved it by itself.
 *
 * <p>Loaded keys are 0 to {@link #keys} - 1, visited in one random order over and over. New keys
 * follow them in shuffled blocks, so that they are as dense as the loaded ones. Keys are boxed in
 * the order of the visit, so that reaching the box costs no cache miss.
 *
 * <p>Used by one thread.
 */
@State(Scope.Thread)
public abstract class KeyedLoad {
  /** Managed memory of the slot. */
  static final long MANAGED_BYTES = 512L << 20;

  @Param({"ELOQSTORE", "ROCKSDB", "HASHMAP"})
  public BackendKind backend;

  @Param("500000")
  public int keys;

  private StateSlot slot;
  private Long[] visits;
  private int cursor;
  private int pass;
  private long added;
  private Long key;

  /** Opens the backend and loads it. */
  @Setup(Level.Trial)
  public void open() throws Exception {
    visits = Arrays.stream(VisitOrder.shuffled(keys)).mapToObj(Long::valueOf).toArray(Long[]::new);
    slot = StateSlot.open(backend, MANAGED_BYTES);
    try {
      load(slot);
    } catch (Exception | Error e) {
      try {
        slot.close();
      } catch (Exception suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /** Closes the backend; a leak is an error. */
  @TearDown(Level.Trial)
  public void close() throws Exception {
    slot.close();
  }

  /** Makes the state and puts something under each of the keys 0 to {@link #keys} - 1. */
  abstract void load(StateSlot target) throws Exception;

  /** Selects the next loaded key. */
  final Long visitNext() {
    int at = cursor;
    cursor = at + 1;
    if (cursor == visits.length) {
      cursor = 0;
      pass++;
    }
    return select(visits[at]);
  }

  /** Selects a key that was never used. */
  final Long visitNew() {
    return select(keys + VisitOrder.endless(added++));
  }

  final Long select(Long chosen) {
    slot.selectKey(chosen);
    key = chosen;
    return chosen;
  }

  /** The key selected last. */
  final Long key() {
    return key;
  }

  /** A number below {@code bound} that differs from pass to pass for the same key. */
  final int turn(int bound) {
    return (cursor + pass) % bound;
  }

  final StateSlot slot() {
    return slot;
  }
}
