/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

/** Where the entries of a loaded store lie. */
public enum Layer {
  /** In the buffer that takes the writes; in RocksDB the memtable, in a map the map. */
  ACTIVE,
  /** In a buffer that takes no more writes and is not merged yet; only ours stays like that. */
  FROZEN,
  /** In pages that are all cached; in RocksDB in compacted files whose blocks are all cached. */
  LEAF
}
