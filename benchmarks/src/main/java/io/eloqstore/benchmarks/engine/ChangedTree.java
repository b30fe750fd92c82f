/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.SegmentOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.benchmarks.VisitOrder;
import io.eloqstore.benchmarks.WorkDirectory;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.partition.PartitionVerifier;
import java.io.IOException;
import java.util.Map;

/**
 * A committed tree that is changed and committed again. Used by one thread.
 *
 * <p>The image of the last commit is held during the next one: it keeps the mapping that was
 * committed before, so what the new one does not share with it is what the memory grows by.
 */
final class ChangedTree implements AutoCloseable {
  private final WorkDirectory directory;
  private final MeasuredStore store;
  private final OwnedPartition partition;
  private final int keys;
  private final byte[] key = new byte[Entries.KEY_BYTES];
  private final byte[] value;
  private final int[] visits;
  private PartitionImage last;
  private int cursor;
  private int version;
  private long added;

  private ChangedTree(int keys, int valueBytes, long budgetBytes, boolean segments)
      throws IOException {
    this.directory = WorkDirectory.make("changed-tree-");
    this.keys = keys;
    this.value = new byte[valueBytes];
    this.visits = VisitOrder.shuffled(keys);
    this.store = MeasuredStore.open(directory, budgetBytes, false, options(segments));
    this.partition = store.partition();
  }

  /** The one place that says how the engine is set while its commits are counted. */
  private static StoreOptions options(boolean segments) {
    return StoreOptions.defaults()
        .withSegments(segments ? SegmentOptions.SPARSE : SegmentOptions.NONE);
  }

  /**
   * A tree of sorted keys.
   *
   * @param keys at least one
   * @param round another one changes other keys
   * @param segments whether sparse changes become change segments
   */
  static ChangedTree load(int keys, int valueBytes, long budgetBytes, int round, boolean segments)
      throws IOException {
    ChangedTree tree = new ChangedTree(keys, valueBytes, budgetBytes, segments);
    for (int number = 0; number < keys; number++) {
      tree.put(number);
    }
    tree.last = tree.commit();
    // An odd step through the order, so that no round follows in the steps of another.
    tree.cursor = (int) (round * 0x9E3779B1L % keys);
    return tree;
  }

  /** Overwrites keys spread over all there are, puts new ones when those are used up; commits. */
  CommitCost change(int changed) {
    return change(changed, 1, false);
  }

  /**
   * The same so many times, with a commit each.
   *
   * @param merges whether what is left in change segments is merged and counted too
   */
  CommitCost change(int changed, int commits, boolean merges) {
    IoCounts before = store.io();
    long mappingBefore = store.shard().budget().used(MemoryUse.MAPPING);
    long startNs = System.nanoTime();
    PartitionImage image = null;
    for (int commit = 0; commit < commits; commit++) {
      version++;
      for (int i = 0; i < changed; i++) {
        put(i < keys ? next() : keys + added++);
      }
      if (image != null) {
        image.close();
      }
      image = commit();
    }
    if (merges) {
      partition.seal();
    }
    double ms = (System.nanoTime() - startNs) / 1e6;
    long mappingBytes = store.shard().budget().used(MemoryUse.MAPPING) - mappingBefore;
    last.close();
    last = image;
    return new CommitCost(
        (long) commits * changed * (key.length + value.length),
        store.io().since(before),
        mappingBytes,
        ms);
  }

  private int next() {
    int at = cursor;
    cursor = at + 1 == keys ? 0 : at + 1;
    return visits[at];
  }

  private void put(long number) {
    Entries.key(number, key);
    Entries.value(number, version, value);
    partition.put(key, 0, key.length, value, 0, value.length);
  }

  private PartitionImage commit() {
    try (var point = partition.freeze()) {
      return point.commit(Map.of());
    }
  }

  /** Pages of the tree; nearly all of them are leaves. */
  long pages() {
    return PartitionVerifier.verify(store.shard(), store.directory(), store.layout()).pages();
  }

  int keys() {
    return keys;
  }

  OwnedPartition partition() {
    return partition;
  }

  @Override
  public void close() throws IOException {
    last.close();
    store.close();
    directory.delete();
  }
}
