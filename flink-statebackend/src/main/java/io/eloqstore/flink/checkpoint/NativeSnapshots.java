/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.flink.checkpoint.NativeResources.FrozenPart;
import io.eloqstore.flink.key.KeyedPartition;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.checkpoint.SnapshotType.SharingFilesStrategy;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.LocalRecoveryConfig;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.SnapshotStrategy;
import org.apache.flink.util.ResourceGuard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes checkpoints and native savepoints: the files of partition images, as byte ranges.
 *
 * <p>The synchronous part fixes the content in O(1). The asynchronous part commits it, uploads what
 * the storage does not have and describes the whole in the meta stream.
 *
 * <p>With incremental checkpoints the ranges are shared between checkpoints. Without them, and in
 * savepoints, every range belongs to one snapshot alone.
 */
public final class NativeSnapshots<K>
    implements SnapshotStrategy<KeyedStateHandle, NativeResources> {
  private static final Logger LOG = LoggerFactory.getLogger(NativeSnapshots.class);

  private final StateTable table;
  private final TypeSerializer<K> keySerializer;
  private final ResourceGuard guard;
  private final SnapshotOrigin origin;
  private final RangeTransfer transfer;
  private final LocalRecoveryConfig localRecovery;
  private final boolean incremental;
  private final TransferCounts counts;
  private final String operator;

  /**
   * @param guard taken while a snapshot uses the partitions
   * @param origin which backend the files belong to and what is uploaded of them already
   * @param localRecovery whether and where checkpoints are kept on the local disk too
   * @param incremental whether checkpoints build on earlier ones
   * @param counts told of what is uploaded
   * @param operator names the operator in log lines
   */
  public NativeSnapshots(
      StateTable table,
      TypeSerializer<K> keySerializer,
      ResourceGuard guard,
      SnapshotOrigin origin,
      LocalRecoveryConfig localRecovery,
      int transferThreads,
      boolean incremental,
      TransferCounts counts,
      String operator) {
    this.counts = counts;
    this.operator = operator;
    this.table = table;
    this.keySerializer = keySerializer;
    this.guard = guard;
    this.origin = origin;
    this.localRecovery = localRecovery;
    this.transfer = new RangeTransfer(transferThreads);
    this.incremental = incremental;
  }

  public String description() {
    return "EloqStore " + (incremental ? "incremental" : "full") + " snapshot";
  }

  /** The JobManager has the checkpoint: later ones may build on it. */
  public void notifyCheckpointComplete(long checkpointId) {
    origin.ledger().confirm(checkpointId);
  }

  public void notifyCheckpointAborted(long checkpointId) {
    origin.ledger().abort(checkpointId);
  }

  @Override
  public NativeResources syncPrepareResources(long checkpointId) throws Exception {
    ResourceGuard.Lease lease = guard.acquireResource();
    List<FrozenPart> parts = new ArrayList<>();
    try {
      for (KeyedPartition part : table.partitions().all()) {
        parts.add(new FrozenPart(part.keyGroups(), part.partition().freeze(), part.ids().encode()));
      }
      return new NativeResources(lease, parts, table.metaSnapshots(), table.queueSnapshots());
    } catch (Exception e) {
      parts.forEach(part -> part.content().close());
      lease.close();
      throw e;
    }
  }

  @Override
  public SnapshotResultSupplier<KeyedStateHandle> asyncSnapshot(
      NativeResources resources,
      long checkpointId,
      long timestamp,
      CheckpointStreamFactory streamFactory,
      CheckpointOptions checkpointOptions) {
    if (resources.metaInfos().isEmpty()) {
      return cancel -> SnapshotResult.empty();
    }
    SharingFilesStrategy sharing = checkpointOptions.getCheckpointType().getSharingFilesStrategy();
    boolean shared = incremental && sharing != SharingFilesStrategy.NO_SHARING;
    boolean keptLocally =
        localRecovery.isLocalBackupEnabled()
            && !checkpointOptions.getCheckpointType().isSavepoint();
    RangeLedger ledger = origin.ledger();
    if (shared) {
      ledger.begin(checkpointId, sharing == SharingFilesStrategy.FORWARD_BACKWARD);
    }
    return cancel -> {
      boolean finished = false;
      try (NativeUpload upload =
          new NativeUpload(
              resources,
              checkpointId,
              origin.backendId(),
              table.keyGroupRange(),
              streamFactory,
              transfer,
              cancel)) {
        upload.commit();
        if (keptLocally) {
          upload.linkLocally(localRecovery);
        }
        upload.uploadFiles(shared ? ledger : null);
        SnapshotResult<KeyedStateHandle> result = upload.finish(keySerializer);
        counts.uploaded(upload.uploadedBytes(), upload.reusedBytes());
        LOG.debug(
            "Checkpoint {} of {}, key groups {}: {} bytes uploaded, {} bytes reused",
            checkpointId,
            operator,
            table.keyGroupRange(),
            upload.uploadedBytes(),
            upload.reusedBytes());
        finished = true;
        return result;
      } finally {
        if (!finished && shared) {
          ledger.abort(checkpointId);
        }
      }
    };
  }
}
