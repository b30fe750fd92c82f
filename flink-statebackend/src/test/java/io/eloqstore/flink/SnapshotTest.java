/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.RunnableFuture;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.checkpoint.SavepointType;
import org.apache.flink.runtime.checkpoint.SnapshotType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.CheckpointStorageLocationReference;
import org.apache.flink.runtime.state.CheckpointedStateScope;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle.HandleAndLocalPath;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.PlaceholderStreamStateHandle;
import org.apache.flink.runtime.state.SharedStateRegistry;
import org.apache.flink.runtime.state.SharedStateRegistryImpl;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.memory.ByteStreamStateHandle;
import org.apache.flink.util.ExceptionUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What snapshots upload, share, give back after a failure, and restore. */
class SnapshotTest {
  private static final ValueStateDescriptor<String> VALUE =
      new ValueStateDescriptor<>("value", StringSerializer.INSTANCE);

  @TempDir Path directory;

  private final CountingStreamFactory storage = new CountingStreamFactory();
  private final SharedStateRegistry registry = new SharedStateRegistryImpl();
  private BackendHarness harness;
  private AbstractKeyedStateBackend<Integer> backend;

  @BeforeEach
  void open() throws Exception {
    harness = new BackendHarness(directory);
    backend = harness.create();
  }

  @AfterEach
  void close() throws Exception {
    backend.dispose();
    harness.close();
  }

  @Test
  void secondCheckpointUploadsOnlyWhatIsNew() throws Exception {
    put(0, 100);
    var first = checkpoint(1, CheckpointType.CHECKPOINT);
    backend.notifyCheckpointComplete(1);
    put(100, 101);
    var second = checkpoint(2, CheckpointType.CHECKPOINT);

    assertThat(first.getPrivateState()).isEmpty();
    assertThat(paths(first)).allMatch(path -> path.contains("@0-"));
    assertThat(placeholders(first)).isZero();
    assertThat(second.getBackendIdentifier()).isEqualTo(first.getBackendIdentifier());
    assertThat(paths(second)).containsAll(paths(first)).hasSize(2 * paths(first).size());
    assertThat(placeholders(second)).isEqualTo(paths(first).size());
    assertThat(storage.reused()).hasSize(paths(first).size());

    first.registerSharedStates(registry, 1);
    second.registerSharedStates(registry, 2);
    restoreInto(second);
    assertValues(0, 101);
  }

  @Test
  void unconfirmedCheckpointIsUploadedAgain() throws Exception {
    put(0, 10);
    checkpoint(1, CheckpointType.CHECKPOINT);
    assertThat(placeholders(checkpoint(2, CheckpointType.CHECKPOINT))).isZero();
  }

  @Test
  void storageThatForbidsReuseGetsEverything() throws Exception {
    put(0, 10);
    checkpoint(1, CheckpointType.CHECKPOINT);
    backend.notifyCheckpointComplete(1);
    storage.forbidReuse();
    assertThat(placeholders(checkpoint(2, CheckpointType.CHECKPOINT))).isZero();
  }

  @Test
  void fullCheckpointSharesNothingWithEarlierOnes() throws Exception {
    put(0, 10);
    checkpoint(1, CheckpointType.CHECKPOINT);
    backend.notifyCheckpointComplete(1);
    var full = checkpoint(2, CheckpointType.FULL_CHECKPOINT);
    assertThat(placeholders(full)).isZero();
    backend.notifyCheckpointComplete(2);
    assertThat(placeholders(checkpoint(3, CheckpointType.CHECKPOINT)))
        .isEqualTo(paths(full).size());
  }

  @Test
  void nativeSavepointBelongsToItselfAlone() throws Exception {
    put(0, 10);
    checkpoint(1, CheckpointType.CHECKPOINT);
    backend.notifyCheckpointComplete(1);
    storage.takeBytes();
    var savepoint = checkpoint(2, SavepointType.savepoint(SavepointFormatType.NATIVE));
    assertThat(savepoint.getSharedState()).isEmpty();
    assertThat(savepoint.getPrivateState()).isNotEmpty();
    assertThat(storage.scopes()).containsOnly(CheckpointedStateScope.EXCLUSIVE);
    backend.notifyCheckpointComplete(2);
    // A savepoint is never built upon: the user may delete it.
    assertThat(placeholders(checkpoint(3, CheckpointType.CHECKPOINT))).isEqualTo(2);

    restoreInto(savepoint);
    assertValues(0, 10);
  }

  @Test
  void withoutIncrementalCheckpointsNothingIsShared() throws Exception {
    backend.dispose();
    harness.settings = harness.settings.with(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, false);
    backend = harness.create();
    put(0, 10);
    var first = checkpoint(1, CheckpointType.CHECKPOINT);
    backend.notifyCheckpointComplete(1);
    var second = checkpoint(2, CheckpointType.CHECKPOINT);
    assertThat(first.getSharedState()).isEmpty();
    assertThat(second.getSharedState()).isEmpty();
    restoreInto(second);
    assertValues(0, 10);
  }

  @Test
  void restoredBackendContinuesTheLineOfCheckpoints() throws Exception {
    put(0, 50);
    var first = checkpoint(1, CheckpointType.CHECKPOINT);
    restoreInto(first);
    put(50, 60);
    var second = checkpoint(2, CheckpointType.CHECKPOINT);
    assertThat(second.getBackendIdentifier()).isEqualTo(first.getBackendIdentifier());
    assertThat(placeholders(second)).isEqualTo(1);
    first.registerSharedStates(registry, 1);
    second.registerSharedStates(registry, 2);
    restoreInto(second);
    assertValues(0, 60);
  }

  @Test
  void failedUploadLeavesNothingInTheStorage() throws Exception {
    put(0, 100);
    checkpoint(1, CheckpointType.CHECKPOINT).registerSharedStates(registry, 1);
    backend.notifyCheckpointComplete(1);
    put(100, 200);
    var before = storage.stored();
    // Two ranges and the meta data are written: each of them fails once.
    for (int stream = 0; stream < 3; stream++) {
      storage.failAt(stream);
      long id = 10 + stream;
      assertThatThrownBy(() -> checkpoint(id, CheckpointType.CHECKPOINT))
          .satisfies(
              e -> assertThat(ExceptionUtils.stringifyException(e)).contains("failed as told"));
      assertThat(storage.stored()).isEqualTo(before);
      assertThat(storage.openStreams()).isZero();
    }
    storage.failAt(-1);
    var next = checkpoint(20, CheckpointType.CHECKPOINT);
    assertThat(placeholders(next)).isEqualTo(2);
    next.registerSharedStates(registry, 20);
    restoreInto(next);
    assertValues(0, 200);
  }

  @Test
  void cancelledSnapshotReleasesWhatItHolds() throws Exception {
    put(0, 10);
    RunnableFuture<SnapshotResult<KeyedStateHandle>> future =
        backend.snapshot(
            1,
            0,
            storage,
            CheckpointOptions.alignedNoTimeout(
                CheckpointType.CHECKPOINT, CheckpointStorageLocationReference.getDefault()));
    future.cancel(true);
    // Waits for every snapshot that holds the backend: it would not return.
    backend.dispose();
    assertThat(storage.stored()).isEmpty();
  }

  @Test
  void backendWithoutStatesHasNothingToSnapshot() throws Exception {
    assertThat(BackendHarness.snapshot(backend, 1, CheckpointType.CHECKPOINT, storage)).isNull();
  }

  @Test
  void foreignIncrementalHandleIsRefused() {
    KeyedStateHandle foreign =
        new IncrementalRemoteKeyedStateHandle(
            UUID.randomUUID(),
            KeyGroupRange.of(0, BackendHarness.KEY_GROUPS - 1),
            1,
            List.of(),
            List.of(),
            new ByteStreamStateHandle("meta", new byte[64]));
    assertThatThrownBy(() -> harness.create(foreign))
        .satisfies(
            e ->
                assertThat(ExceptionUtils.stringifyException(e))
                    .contains("Take a canonical savepoint"));
  }

  @Test
  void rescaledBackendsHoldTheirKeysOnly() throws Exception {
    put(0, 100);
    var whole = checkpoint(1, CheckpointType.CHECKPOINT);
    backend.dispose();
    int count = 0;
    for (KeyGroupRange range : List.of(KeyGroupRange.of(0, 4), KeyGroupRange.of(5, 15))) {
      backend = harness.create(harness.stateBackend(), range, whole);
      count += backend.numKeyValueStateEntries();
      backend.dispose();
    }
    assertThat(count).isEqualTo(100);
  }

  private void put(int from, int to) throws Exception {
    ValueState<String> state = BackendHarness.state(backend, VALUE);
    for (int key = from; key < to; key++) {
      backend.setCurrentKey(key);
      state.update("value " + key);
    }
  }

  private void assertValues(int from, int to) throws Exception {
    ValueState<String> state = BackendHarness.state(backend, VALUE);
    for (int key = from; key < to; key++) {
      backend.setCurrentKey(key);
      assertThat(state.value()).isEqualTo("value " + key);
    }
    backend.setCurrentKey(to);
    assertThat(state.value()).isNull();
  }

  private IncrementalRemoteKeyedStateHandle checkpoint(long id, SnapshotType type)
      throws Exception {
    return (IncrementalRemoteKeyedStateHandle) BackendHarness.snapshot(backend, id, type, storage);
  }

  private void restoreInto(KeyedStateHandle handle) throws Exception {
    backend.dispose();
    backend = harness.create(handle);
  }

  private static List<String> paths(IncrementalRemoteKeyedStateHandle handle) {
    return handle.getSharedState().stream().map(HandleAndLocalPath::getLocalPath).toList();
  }

  private static long placeholders(IncrementalRemoteKeyedStateHandle handle) {
    return handle.getSharedState().stream()
        .filter(entry -> entry.getHandle() instanceof PlaceholderStreamStateHandle)
        .count();
  }
}
