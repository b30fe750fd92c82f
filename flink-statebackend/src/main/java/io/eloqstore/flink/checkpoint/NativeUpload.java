/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.PartitionImage;
import io.eloqstore.flink.checkpoint.NativeResources.FrozenPart;
import io.eloqstore.flink.key.StateIds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.memory.DataOutputViewStreamWrapper;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.CheckpointStreamWithResultProvider;
import org.apache.flink.runtime.state.CheckpointedStateScope;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle.HandleAndLocalPath;
import org.apache.flink.runtime.state.IncrementalLocalKeyedStateHandle;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.LocalRecoveryConfig;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.util.IOUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The asynchronous part of one native snapshot: commit, upload, describe. One thread, one use.
 * Closed without {@link #finish} it deletes what it wrote, here and in the checkpoint storage.
 */
final class NativeUpload implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NativeUpload.class);

  private final NativeResources resources;
  private final long checkpointId;
  private final UUID backendId;
  private final KeyGroupRange keyGroups;
  private final CheckpointStreamFactory streamFactory;
  private final RangeTransfer transfer;
  private final CloseableRegistry cancel;

  private final List<PartitionImage> images = new ArrayList<>();
  private RangeLedger ledger;
  private List<StoredRange> reused = List.of();
  private List<StoredRange> uploaded = List.of();
  private LocalRecoveryConfig localRecovery;
  private LocalCopy localCopy;
  private SnapshotResult<StreamStateHandle> meta;
  private boolean finished;

  NativeUpload(
      NativeResources resources,
      long checkpointId,
      UUID backendId,
      KeyGroupRange keyGroups,
      CheckpointStreamFactory streamFactory,
      RangeTransfer transfer,
      CloseableRegistry cancel) {
    this.resources = resources;
    this.checkpointId = checkpointId;
    this.backendId = backendId;
    this.keyGroups = keyGroups;
    this.streamFactory = streamFactory;
    this.transfer = transfer;
    this.cancel = cancel;
  }

  /** Writes what is not in the files yet. */
  void commit() {
    for (FrozenPart part : resources.parts()) {
      images.add(part.content().commit(Map.of(StateIds.METADATA_NAME, part.stateIds())));
    }
  }

  /** Keeps the files on the local disk too; without them when the disk does not let it. */
  void linkLocally(LocalRecoveryConfig config) {
    localRecovery = config;
    LocalCopy copy = null;
    try {
      copy = LocalCopy.begin(config, checkpointId, backendId);
      for (int part = 0; part < images.size(); part++) {
        copy.add(part, images.get(part));
      }
      localCopy = copy;
    } catch (IOException | RuntimeException e) {
      LOG.warn(
          "Checkpoint {} of key groups {} is not kept on the local disk, only in the checkpoint"
              + " storage",
          checkpointId,
          keyGroups,
          e);
      if (copy != null) {
        copy.discard();
      }
    }
  }

  /**
   * Uploads the files.
   *
   * @param building says what need not be uploaded; {@code null} to upload everything for this
   *     snapshot alone
   */
  void uploadFiles(RangeLedger building) throws Exception {
    ledger = building;
    List<PartFile> files = PartFile.of(images);
    RangePlan plan =
        ledger != null
            ? ledger.plan(
                checkpointId, files, stored -> streamFactory.couldReuseStateHandle(stored.handle()))
            : RangePlan.whole(files);
    uploaded =
        transfer.upload(
            plan.uploads(),
            streamFactory,
            ledger != null ? CheckpointedStateScope.SHARED : CheckpointedStateScope.EXCLUSIVE,
            cancel);
    reused = plan.reused();
  }

  /** Writes the meta stream and names everything. */
  SnapshotResult<KeyedStateHandle> finish(TypeSerializer<?> keySerializer) throws IOException {
    meta = uploadMeta(keySerializer);
    if (ledger != null) {
      ledger.uploaded(checkpointId, uploaded);
      streamFactory.reusePreviousStateHandle(reused.stream().map(StoredRange::handle).toList());
    }
    boolean shared = ledger != null;
    List<HandleAndLocalPath> ranges = new ArrayList<>();
    reused.forEach(stored -> ranges.add(stored.toPlaceholderEntry()));
    uploaded.forEach(stored -> ranges.add(stored.toEntry()));
    StreamStateHandle remoteMeta = meta.getJobManagerOwnedSnapshot();
    long written = remoteMeta.getStateSize();
    for (StoredRange stored : uploaded) {
      written += stored.handle().getStateSize();
    }
    KeyedStateHandle remote =
        new IncrementalRemoteKeyedStateHandle(
            backendId,
            keyGroups,
            checkpointId,
            shared ? ranges : new ArrayList<>(),
            shared ? new ArrayList<>() : ranges,
            remoteMeta,
            written);
    KeyedStateHandle local = localHandle();
    finished = true;
    return local == null ? SnapshotResult.of(remote) : SnapshotResult.withLocalState(remote, local);
  }

  long uploadedBytes() {
    return bytes(uploaded);
  }

  long reusedBytes() {
    return bytes(reused);
  }

  private static long bytes(List<StoredRange> ranges) {
    return ranges.stream().mapToLong(stored -> stored.range().length()).sum();
  }

  /** {@code null} when nothing, or not all of it, is kept locally. */
  private KeyedStateHandle localHandle() throws IOException {
    StreamStateHandle localMeta = meta.getTaskLocalSnapshot();
    if (localCopy == null) {
      return null;
    }
    if (localMeta == null) {
      // Flink has told why; without it the files are of no use.
      localCopy.discard();
      return null;
    }
    List<HandleAndLocalPath> ranges = new ArrayList<>();
    if (ledger != null) {
      reused.forEach(stored -> ranges.add(stored.toEntry()));
      uploaded.forEach(stored -> ranges.add(stored.toEntry()));
    }
    return new IncrementalLocalKeyedStateHandle(
        backendId, checkpointId, localCopy.complete(), keyGroups, localMeta, ranges);
  }

  private SnapshotResult<StreamStateHandle> uploadMeta(TypeSerializer<?> keySerializer)
      throws IOException {
    CheckpointStreamWithResultProvider out =
        localCopy == null
            ? CheckpointStreamWithResultProvider.createSimpleStream(
                CheckpointedStateScope.EXCLUSIVE, streamFactory)
            : CheckpointStreamWithResultProvider.createDuplicatingStream(
                checkpointId,
                CheckpointedStateScope.EXCLUSIVE,
                streamFactory,
                LocalCopy.directories(localRecovery));
    boolean written = false;
    try {
      cancel.registerCloseable(out);
      MetaStream.write(
          new DataOutputViewStreamWrapper(out.getCheckpointOutputStream()),
          keySerializer,
          resources,
          images,
          keyGroups);
      if (!cancel.unregisterCloseable(out)) {
        throw new IOException("The upload was cancelled");
      }
      SnapshotResult<StreamStateHandle> result = out.closeAndFinalizeCheckpointStreamResult();
      written = true;
      return result;
    } finally {
      if (!written) {
        cancel.unregisterCloseable(out);
        IOUtils.closeQuietly(out);
      }
    }
  }

  @Override
  public void close() throws IOException {
    Exception failure = null;
    for (PartitionImage image : images) {
      try {
        image.close();
      } catch (RuntimeException e) {
        failure = first(failure, e);
      }
    }
    if (!finished) {
      if (meta != null) {
        failure = discard(meta::discardState, failure);
      }
      for (StoredRange stored : uploaded) {
        failure = discard(stored.handle()::discardState, failure);
      }
      if (localCopy != null) {
        localCopy.discard();
      }
    }
    if (failure != null) {
      throw new IOException("Checkpoint " + checkpointId + " did not clean up", failure);
    }
  }

  private interface Discard {
    void run() throws Exception;
  }

  private static Exception discard(Discard deed, Exception before) {
    try {
      deed.run();
      return before;
    } catch (Exception e) {
      return first(before, e);
    }
  }

  private static Exception first(Exception before, Exception next) {
    if (before == null) {
      return next;
    }
    before.addSuppressed(next);
    return before;
  }
}
