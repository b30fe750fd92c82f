/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.PartitionImage.ImageFile;
import io.eloqstore.flink.key.StateIds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.memory.DataOutputViewStreamWrapper;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.checkpoint.SnapshotType.SharingFilesStrategy;
import org.apache.flink.runtime.state.CheckpointStateOutputStream;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.CheckpointedStateScope;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle.HandleAndLocalPath;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.SnapshotStrategy;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.util.IOUtils;
import org.apache.flink.util.ResourceGuard;

/**
 * Takes checkpoints and native savepoints: the files of a partition image, as byte ranges.
 *
 * <p>The synchronous part fixes the content in O(1). The asynchronous part commits it, uploads what
 * the storage does not have and describes the whole in the meta stream.
 *
 * <p>With incremental checkpoints the ranges are shared between checkpoints. Without them, and in
 * savepoints, every range belongs to one snapshot alone.
 */
public final class NativeSnapshots<K>
    implements SnapshotStrategy<KeyedStateHandle, NativeResources> {
  private final OwnedPartition partition;
  private final StateTable table;
  private final TypeSerializer<K> keySerializer;
  private final ResourceGuard guard;
  private final RangeLedger ledger;
  private final RangeTransfer transfer;
  private final UUID backendId;
  private final boolean incremental;

  /**
   * @param origin which backend the files belong to and what is uploaded of them already
   * @param guard taken while a snapshot uses the partition
   * @param incremental whether checkpoints build on earlier ones
   */
  public NativeSnapshots(
      OwnedPartition partition,
      StateTable table,
      TypeSerializer<K> keySerializer,
      ResourceGuard guard,
      SnapshotOrigin origin,
      int transferThreads,
      boolean incremental) {
    this.partition = partition;
    this.table = table;
    this.keySerializer = keySerializer;
    this.guard = guard;
    this.ledger = origin.ledger();
    this.backendId = origin.backendId();
    this.transfer = new RangeTransfer(transferThreads);
    this.incremental = incremental;
  }

  public String description() {
    return "EloqStore " + (incremental ? "incremental" : "full") + " snapshot";
  }

  /** The JobManager has the checkpoint: later ones may build on it. */
  public void notifyCheckpointComplete(long checkpointId) {
    ledger.confirm(checkpointId);
  }

  public void notifyCheckpointAborted(long checkpointId) {
    ledger.abort(checkpointId);
  }

  @Override
  public NativeResources syncPrepareResources(long checkpointId) throws Exception {
    ResourceGuard.Lease lease = guard.acquireResource();
    FreezePoint content = null;
    try {
      content = partition.freeze();
      return new NativeResources(
          lease, content, table.metaSnapshots(), table.ids().encode(), table.queueSnapshots());
    } catch (Exception e) {
      if (content != null) {
        content.close();
      }
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
    if (shared) {
      ledger.begin(checkpointId, sharing == SharingFilesStrategy.FORWARD_BACKWARD);
    }
    return cancel -> {
      boolean finished = false;
      try (PartitionImage image =
          resources.content().commit(Map.of(StateIds.METADATA_NAME, resources.stateIds()))) {
        SnapshotResult<KeyedStateHandle> result =
            upload(resources, image, checkpointId, shared, streamFactory, cancel);
        finished = true;
        return result;
      } finally {
        if (!finished && shared) {
          ledger.abort(checkpointId);
        }
      }
    };
  }

  private SnapshotResult<KeyedStateHandle> upload(
      NativeResources resources,
      PartitionImage image,
      long checkpointId,
      boolean shared,
      CheckpointStreamFactory streamFactory,
      CloseableRegistry cancel)
      throws Exception {
    List<ImageFile> files = new ArrayList<>(image.dataFiles());
    files.add(image.manifest());
    RangePlan plan =
        shared
            ? ledger.plan(
                checkpointId, files, stored -> streamFactory.couldReuseStateHandle(stored.handle()))
            : RangePlan.whole(files);
    List<StoredRange> uploaded =
        transfer.upload(
            image,
            plan.uploads(),
            streamFactory,
            shared ? CheckpointedStateScope.SHARED : CheckpointedStateScope.EXCLUSIVE,
            cancel);
    StreamStateHandle meta;
    try {
      meta = uploadMeta(resources, image.description(), streamFactory, cancel);
    } catch (Exception e) {
      discard(uploaded, e);
      throw e;
    }
    if (shared) {
      ledger.uploaded(checkpointId, uploaded);
      streamFactory.reusePreviousStateHandle(
          plan.reused().stream().map(StoredRange::handle).toList());
    }
    List<HandleAndLocalPath> ranges = new ArrayList<>();
    plan.reused().forEach(stored -> ranges.add(stored.toPlaceholderEntry()));
    uploaded.forEach(stored -> ranges.add(stored.toEntry()));
    long written = meta.getStateSize();
    for (StoredRange stored : uploaded) {
      written += stored.handle().getStateSize();
    }
    return SnapshotResult.of(
        new IncrementalRemoteKeyedStateHandle(
            backendId,
            table.keyGroupRange(),
            checkpointId,
            shared ? ranges : new ArrayList<>(),
            shared ? new ArrayList<>() : ranges,
            meta,
            written));
  }

  private StreamStateHandle uploadMeta(
      NativeResources resources,
      byte[] imageDescription,
      CheckpointStreamFactory streamFactory,
      CloseableRegistry cancel)
      throws IOException {
    CheckpointStateOutputStream out =
        streamFactory.createCheckpointStateOutputStream(CheckpointedStateScope.EXCLUSIVE);
    boolean finished = false;
    try {
      cancel.registerCloseable(out);
      MetaStream.write(
          new DataOutputViewStreamWrapper(out),
          keySerializer,
          resources,
          imageDescription,
          table.keyGroupRange());
      StreamStateHandle handle = RangeTransfer.finish(out, cancel);
      finished = true;
      return handle;
    } finally {
      if (!finished) {
        cancel.unregisterCloseable(out);
        IOUtils.closeQuietly(out);
      }
    }
  }

  private static void discard(List<StoredRange> uploaded, Exception cause) {
    for (StoredRange stored : uploaded) {
      try {
        stored.handle().discardState();
      } catch (Exception e) {
        cause.addSuppressed(e);
      }
    }
  }
}
