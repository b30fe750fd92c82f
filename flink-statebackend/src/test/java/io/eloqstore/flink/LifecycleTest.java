/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.flink.config.EloqStoreOptions;
import io.eloqstore.flink.fake.FakeEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.BackendBuildingException;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.memory.ByteStreamStateHandle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backend gives back memory, engine and files however it ends. */
class LifecycleTest {
  @TempDir Path directory;

  private BackendHarness harness;
  private int openBefore;

  @BeforeEach
  void open() {
    openBefore = FakeEngine.OPEN.get();
    harness = new BackendHarness(directory);
  }

  @AfterEach
  void everythingIsGivenBack() throws Exception {
    assertThat(FakeEngine.OPEN.get()).isEqualTo(openBefore);
    assertThat(harness.env.getMemoryManager().verifyEmpty()).isTrue();
    assertThat(files()).isEmpty();
    harness.close();
  }

  @Test
  void disposeReleasesOnce() throws Exception {
    AbstractKeyedStateBackend<Integer> backend = harness.create();
    assertThat(files()).hasSize(1);
    assertThat(files().get(0)).matches("job_[0-9a-f]+_op_operator__1_2__uuid_[0-9a-f-]+");
    backend.dispose();
    backend.dispose();
    backend.close();
  }

  @Test
  void closeAloneReleasesToo() throws Exception {
    AbstractKeyedStateBackend<Integer> backend = harness.create();
    backend.close();
    assertThat(files()).isEmpty();
    backend.close();
    backend.dispose();
  }

  @Test
  void closeByAnotherThreadWaitsForTheOwner() throws Exception {
    AbstractKeyedStateBackend<Integer> backend = harness.create();
    ExecutorService other = Executors.newSingleThreadExecutor();
    other.submit(() -> close(backend)).get();
    other.shutdown();
    // The task may be inside the backend still.
    assertThat(files()).hasSize(1);
    assertThat(FakeEngine.OPEN.get()).isGreaterThan(openBefore);
    backend.dispose();
  }

  @Test
  void closedBackendOfADeadTaskIsReleased() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    AtomicReference<AbstractKeyedStateBackend<Integer>> made = new AtomicReference<>();
    CountDownLatch opened = new CountDownLatch(1);
    Thread task =
        new Thread(
            () -> {
              try {
                made.set(harness.create());
                opened.countDown();
                closed.await();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    task.start();
    opened.await();
    made.get().close();
    assertThat(files()).hasSize(1);
    closed.countDown();
    task.join();
    made.get().close();
  }

  private static Void close(AbstractKeyedStateBackend<Integer> backend) throws IOException {
    backend.close();
    return null;
  }

  @Test
  void failedRestoreReleasesEverything() {
    assertThatThrownBy(() -> harness.create(foreign()))
        .isInstanceOf(BackendBuildingException.class);
  }

  @Test
  void failedOpenReleasesEverything() {
    harness.engines =
        (bytes, directIo) -> {
          throw new IllegalStateException("no engine today");
        };
    assertThatThrownBy(() -> harness.create())
        .isInstanceOf(IOException.class)
        .hasRootCauseMessage("no engine today");
  }

  @Test
  void directoryThatCannotBeUsedReleasesEverything() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    harness.settings = harness.settings.with(EloqStoreOptions.LOCAL_DIRECTORIES, file.toString());
    assertThatThrownBy(() -> harness.create())
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString());
    Files.delete(file);
  }

  @Test
  void directoriesAreUsedInTurn() throws Exception {
    harness.settings =
        harness.settings.with(
            EloqStoreOptions.LOCAL_DIRECTORIES,
            directory.resolve("a") + "," + directory.resolve("b"));
    AbstractKeyedStateBackend<Integer> first = harness.create();
    AbstractKeyedStateBackend<Integer> second = harness.create();
    assertThat(entries(directory.resolve("a"))).hasSize(1);
    assertThat(entries(directory.resolve("b"))).hasSize(1);
    first.dispose();
    second.dispose();
    assertThat(entries(directory.resolve("a"))).isEmpty();
    assertThat(entries(directory.resolve("b"))).isEmpty();
    Files.delete(directory.resolve("a"));
    Files.delete(directory.resolve("b"));
  }

  @Test
  void backendsOfASlotShareOneEngine() throws Exception {
    AbstractKeyedStateBackend<Integer> first = harness.create();
    AbstractKeyedStateBackend<Integer> second = harness.create();
    // One engine and two stores.
    assertThat(FakeEngine.OPEN.get()).isEqualTo(openBefore + 3);
    first.dispose();
    assertThat(FakeEngine.OPEN.get()).isEqualTo(openBefore + 2);
    assertThat(harness.env.getMemoryManager().availableMemory()).isZero();
    second.dispose();
  }

  @Test
  void disposedBackendAnswersSnapshotWithAnException() throws Exception {
    AbstractKeyedStateBackend<Integer> backend = harness.create();
    backend.dispose();
    assertThatThrownBy(
            () ->
                BackendHarness.snapshot(
                    backend, 1, CheckpointType.CHECKPOINT, new CountingStreamFactory()))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(backend::savepoint).isInstanceOf(IllegalStateException.class);
  }

  private static IncrementalRemoteKeyedStateHandle foreign() {
    return new IncrementalRemoteKeyedStateHandle(
        UUID.randomUUID(),
        KeyGroupRange.of(0, BackendHarness.KEY_GROUPS - 1),
        1,
        List.of(),
        List.of(),
        new ByteStreamStateHandle("meta", new byte[64]));
  }

  private List<String> files() throws IOException {
    return entries(directory);
  }

  private static List<String> entries(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).toList();
    }
  }
}
