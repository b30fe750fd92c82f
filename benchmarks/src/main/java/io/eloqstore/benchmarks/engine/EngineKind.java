/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import java.io.IOException;

/** What the engine's table compares. */
public enum EngineKind {
  /** Ours, at its defaults but for the memory. */
  ELOQSTORE("ours") {
    @Override
    KeyValueStore open(Memory memory) throws IOException {
      return OurStore.open(memory);
    }
  },
  /** RocksDB at its defaults but for the memory, without a log. */
  ROCKSDB("RocksDB") {
    @Override
    KeyValueStore open(Memory memory) throws IOException {
      return RocksStore.open(memory, false);
    }
  },
  /** RocksDB with filters, hash indexes in its blocks, and no compression. */
  ROCKSDB_TUNED("RocksDB tuned") {
    @Override
    KeyValueStore open(Memory memory) throws IOException {
      return RocksStore.open(memory, true);
    }
  },
  SKIP_LIST("skip list") {
    @Override
    KeyValueStore open(Memory memory) {
      return MapStore.skipList();
    }
  },
  TREE_MAP("TreeMap") {
    @Override
    KeyValueStore open(Memory memory) {
      return MapStore.treeMap();
    }
  };

  private final String label;

  EngineKind(String label) {
    this.label = label;
  }

  /** The name in tables. */
  public String label() {
    return label;
  }

  /** An empty store; its files, if it has any, are in a directory of its own. */
  abstract KeyValueStore open(Memory memory) throws IOException;
}
