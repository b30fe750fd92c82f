/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.flink.config.EloqStoreOptions;
import io.eloqstore.flink.fake.ContractEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.RunnableFuture;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.jobgraph.JobVertexID;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.BackendBuildingException;
import org.apache.flink.runtime.state.CheckpointStorageLocationReference;
import org.apache.flink.runtime.state.IncrementalLocalKeyedStateHandle;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.LocalRecoveryConfig;
import org.apache.flink.runtime.state.LocalSnapshotDirectoryProviderImpl;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.TestTaskStateManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints kept on the local disk: links, restored without the checkpoint storage. */
class LocalRecoveryTest {
  private static final int KEYS = 5000;
  private static final ValueStateDescriptor<String> VALUE =
      new ValueStateDescriptor<>("value", String.class);

  @TempDir Path directory;

  private final CountingStreamFactory storage = new CountingStreamFactory();
  private Path localCopies;
  private BackendHarness harness;
  private AbstractKeyedStateBackend<Integer> backend;

  @BeforeEach
  void open() throws Exception {
    localCopies = Files.createDirectory(directory.resolve("copies"));
    LocalRecoveryConfig config =
        LocalRecoveryConfig.backupAndRecoveryEnabled(
            new LocalSnapshotDirectoryProviderImpl(
                localCopies.toFile(), new JobID(), new JobVertexID(), 0));
    harness =
        new BackendHarness(
            Files.createDirectory(directory.resolve("work")),
            new MockEnvironmentBuilder()
                .setTaskStateManager(
                    TestTaskStateManager.builder().setLocalRecoveryConfig(config).build())
                .build());
    harness.engines = ContractEngine.FACTORY;
    harness.settings =
        TestSettings.defaults()
            .with(EloqStoreOptions.LOCAL_DIRECTORIES, directory.resolve("work").toString())
            .with(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
    backend = harness.create();
  }

  @AfterEach
  void close() throws Exception {
    backend.dispose();
    harness.close();
  }

  private void write(String text, int from, int to) throws Exception {
    ValueState<String> value = BackendHarness.state(backend, VALUE);
    for (int key = from; key < to; key++) {
      backend.setCurrentKey(key);
      value.update(text + key);
    }
  }

  private void check(String text, int from, int to) throws Exception {
    ValueState<String> value = BackendHarness.state(backend, VALUE);
    for (int key = from; key < to; key++) {
      backend.setCurrentKey(key);
      assertThat(value.value()).isEqualTo(text + key);
    }
  }

  private SnapshotResult<KeyedStateHandle> checkpoint(long id) throws Exception {
    RunnableFuture<SnapshotResult<KeyedStateHandle>> future =
        backend.snapshot(
            id,
            0,
            storage,
            CheckpointOptions.alignedNoTimeout(
                CheckpointType.CHECKPOINT, CheckpointStorageLocationReference.getDefault()));
    future.run();
    return future.get();
  }

  private static Map<String, byte[]> filesOf(Path root) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(root.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  @Test
  void localCopyIsMadeOfLinksAndRestoresWithoutTheStorage() throws Exception {
    write("first ", 0, KEYS);
    SnapshotResult<KeyedStateHandle> result = checkpoint(1);
    IncrementalLocalKeyedStateHandle local =
        (IncrementalLocalKeyedStateHandle) result.getTaskLocalSnapshot();
    Path copy = local.getDirectoryStateHandle().getDirectory();
    try (Stream<Path> data = Files.list(copy.resolve("0"))) {
      for (Path file : data.toList()) {
        boolean isData = file.getFileName().toString().startsWith("data_");
        assertThat(Files.getAttribute(file, "unix:nlink"))
            .as(file.toString())
            .isEqualTo(isData ? 2 : 1);
      }
    }
    // The backend goes on; what the copy holds of the checkpoint stays.
    write("second ", 0, KEYS);
    checkpoint(2);
    backend.dispose();

    Map<String, byte[]> before = filesOf(copy);
    result.getJobManagerOwnedSnapshot().discardState();
    storage.takeBytes();
    backend = harness.create(local);
    check("first ", 0, KEYS);
    write("third ", 0, 10);
    checkpoint(3);
    check("third ", 0, 10);
    check("first ", 10, KEYS);
    Map<String, byte[]> after = filesOf(copy);
    assertThat(after.keySet()).isEqualTo(before.keySet());
    before.forEach(
        (name, bytes) -> assertThat(Arrays.equals(bytes, after.get(name))).as(name).isTrue());
  }

  @Test
  void damagedLocalCopyFailsAndTheRemoteOneIsTheAlternative() throws Exception {
    write("first ", 0, KEYS);
    SnapshotResult<KeyedStateHandle> result = checkpoint(1);
    backend.dispose();
    Path copy =
        ((IncrementalLocalKeyedStateHandle) result.getTaskLocalSnapshot())
            .getDirectoryStateHandle()
            .getDirectory();
    try (Stream<Path> data = Files.list(copy.resolve("0"))) {
      for (Path file : data.filter(f -> f.getFileName().toString().startsWith("data_")).toList()) {
        Files.delete(file);
      }
    }
    assertThatThrownBy(() -> harness.create(result.getTaskLocalSnapshot()))
        .isInstanceOf(BackendBuildingException.class)
        .hasStackTraceContaining("data_");
    backend = harness.create(result.getJobManagerOwnedSnapshot());
    check("first ", 0, KEYS);
  }

  @Test
  void discardedLocalCopyLeavesTheStoreAlone() throws Exception {
    write("first ", 0, KEYS);
    SnapshotResult<KeyedStateHandle> result = checkpoint(1);
    result.getTaskLocalSnapshot().discardState();
    assertThat(filesOf(localCopies)).isEmpty();
    check("first ", 0, KEYS);
    backend.dispose();
    backend = harness.create(result.getJobManagerOwnedSnapshot());
    check("first ", 0, KEYS);
  }
}
