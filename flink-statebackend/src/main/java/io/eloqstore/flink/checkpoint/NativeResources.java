/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.FreezePoint;
import java.util.List;
import org.apache.flink.runtime.state.SnapshotResources;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueStateSnapshot;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;
import org.apache.flink.util.ResourceGuard;

/**
 * What the synchronous part of a native snapshot fixed: the content, the meta information, the
 * timers. Handed from the task's thread to the one that uploads.
 *
 * @param lease keeps the backend from being released
 * @param content point of the partition to commit
 * @param metaInfos states, then queues
 * @param stateIds encoded {@link io.eloqstore.flink.key.StateIds}
 * @param timers queues in the order of the meta information
 */
record NativeResources(
    ResourceGuard.Lease lease,
    FreezePoint content,
    List<StateMetaInfoSnapshot> metaInfos,
    byte[] stateIds,
    List<HeapPriorityQueueStateSnapshot<?>> timers)
    implements SnapshotResources {

  @Override
  public void release() {
    try {
      content.close();
    } finally {
      lease.close();
    }
  }
}
