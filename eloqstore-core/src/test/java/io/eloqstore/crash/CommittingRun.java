/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * Changes and commits on a disk that may fail, and what must be found afterwards: the last version
 * whose commit returned, or the one whose commit was under way.
 */
final class CommittingRun implements TextWriter, AutoCloseable {
  /** Something to do with an open partition. */
  interface Script {
    void run(CommittingRun run);
  }

  private final SimulatedStore store;
  private final Set<Version> allowed = new LinkedHashSet<>();
  private final TreeSet<String> keys = new TreeSet<>();
  private TextModel model = new TextModel();
  private int version;
  private StoreException failure;

  private CommittingRun(SimulatedStore store, Set<Version> allowed) {
    this.store = store;
    this.allowed.addAll(allowed);
  }

  static CommittingRun onEmptyDisk(FaultPlan plan, StoreOptions options) {
    return new CommittingRun(SimulatedStore.empty(plan, options), Set.of(Version.NONE));
  }

  /**
   * @param allowed what may be found there
   */
  static CommittingRun on(MemoryBackend disk, StoreOptions options, CommittingRun before) {
    CommittingRun run = new CommittingRun(SimulatedStore.on(disk, options), before.allowed);
    run.keys.addAll(before.keys);
    return run;
  }

  /** Opens the partition, and checks what is in it. */
  void open() {
    store.open();
    Version found = Version.of(store.partition(), keys);
    if (!allowed.contains(found)) {
      throw new AssertionError("found " + found + ", expected one of " + allowed);
    }
    version = found.number();
    model = new TextModel(found.entries());
    settleOn(found);
  }

  private void settleOn(Version committed) {
    allowed.clear();
    allowed.add(committed);
  }

  /** Runs a script up to its end or its first failed operation. */
  void run(Script script) {
    try {
      script.run(this);
    } catch (StoreException e) {
      failure = e;
    }
  }

  /** What the script failed with, or null. */
  StoreException failure() {
    return failure;
  }

  @Override
  public void put(String key, String value) {
    keys.add(key);
    store.partition().put(key, value);
    model.put(key, value);
  }

  @Override
  public void delete(String key) {
    store.partition().delete(key);
    model.delete(key);
  }

  @Override
  public void deleteRange(String from, String to) {
    store.partition().deleteRange(from, to);
    model.deleteRange(from, to);
  }

  void flush() {
    store.partition().partition().flush();
  }

  void commit() {
    Version next = new Version(++version, model.entries());
    allowed.add(next);
    store.partition().commit(version);
    settleOn(next);
  }

  SimulatedStore store() {
    return store;
  }

  TextModel model() {
    return model;
  }

  Set<Version> allowed() {
    return allowed;
  }

  Set<String> keys() {
    return keys;
  }

  /** Whether the simulated machine has stopped. */
  boolean hasCrashed() {
    try {
      store.backend().exists(SimulatedStore.ROOT);
      return false;
    } catch (StoreException e) {
      return true;
    }
  }

  @Override
  public void close() {
    store.close();
  }
}
