/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The partitions of a store that can be unloaded, in the order of a CLOCK: who was used since the
 * hand came by is passed once.
 *
 * <p>Any thread. Nobody holds its lock while a partition is loaded or unloaded.
 */
public final class LoadedPartitions {
  private final MemoryBudget budget;
  private final Set<LazyPartition> partitions = new LinkedHashSet<>();

  public LoadedPartitions(MemoryBudget budget) {
    this.budget = budget;
  }

  synchronized void add(LazyPartition partition) {
    partitions.add(partition);
  }

  synchronized void remove(LazyPartition partition) {
    partitions.remove(partition);
  }

  /** Before one more is loaded: mappings of idle partitions shall not take the room of flushes. */
  void makeRoom() {
    int steps;
    synchronized (this) {
      steps = 2 * partitions.size();
    }
    for (int i = 0; i < steps && isMappingMemoryShort(); i++) {
      LazyPartition next = next();
      if (next != null && !next.takeUsed() && next.unload()) {
        // Loaded again meanwhile, it has been added once more: then this was the older entry.
        settle(next);
      }
    }
  }

  private synchronized void settle(LazyPartition unloaded) {
    if (!unloaded.isLoaded()) {
      partitions.remove(unloaded);
    }
  }

  /** Half of what mappings may take is for roots that are being made, and for those in use. */
  private boolean isMappingMemoryShort() {
    long used = budget.used(MemoryUse.MAPPING) - budget.mappingBlocks().freeBytes();
    return used > budget.limit(MemoryUse.MAPPING) / 2;
  }

  /** The partition under the hand, which goes to the end. */
  private synchronized LazyPartition next() {
    if (partitions.isEmpty()) {
      return null;
    }
    LazyPartition first = partitions.iterator().next();
    partitions.remove(first);
    partitions.add(first);
    return first;
  }
}
