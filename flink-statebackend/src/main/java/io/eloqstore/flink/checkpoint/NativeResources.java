/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.FreezePoint;
import java.util.List;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.SnapshotResources;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueStateSnapshot;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;
import org.apache.flink.util.ResourceGuard;

/**
 * What the synchronous part of a native snapshot fixed: the content, the meta information, the
 * timers. Handed from the task's thread to the one that uploads.
 *
 * @param lease keeps the backend from being released
 * @param parts the partitions, by index
 * @param metaInfos states, then queues
 * @param timers queues of the heap in the order of the meta information
 */
record NativeResources(
    ResourceGuard.Lease lease,
    List<FrozenPart> parts,
    List<StateMetaInfoSnapshot> metaInfos,
    List<HeapPriorityQueueStateSnapshot<?>> timers)
    implements SnapshotResources {

  /**
   * One partition.
   *
   * @param keyGroups what the backend keeps in it
   * @param content the point to commit
   * @param stateIds encoded {@link io.eloqstore.flink.key.StateIds}
   */
  record FrozenPart(KeyGroupRange keyGroups, FreezePoint content, byte[] stateIds) {}

  @Override
  public void release() {
    try {
      parts.forEach(part -> part.content().close());
    } finally {
      lease.close();
    }
  }
}
