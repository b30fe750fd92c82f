/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.flink.fake.ContractEngine;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.InternalPriorityQueue;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SharedStateRegistry;
import org.apache.flink.runtime.state.SharedStateRegistryImpl;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.apache.flink.runtime.testutils.statemigration.TestType;
import org.apache.flink.util.CloseableIterator;
import org.apache.flink.util.StateMigrationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Timers in the store follow the rules of their serializer. */
class TimerMigrationTest {
  @TempDir Path directory;

  private BackendHarness harness;
  private AbstractKeyedStateBackend<Integer> backend;

  private final SharedStateRegistry registry = new SharedStateRegistryImpl();
  private long checkpointId;

  @BeforeEach
  void open() throws Exception {
    harness = new BackendHarness(directory);
    harness.engines = ContractEngine.FACTORY;
    backend = harness.create();
  }

  @AfterEach
  void close() throws Exception {
    backend.dispose();
    harness.close();
  }

  private static TestType element(int number) {
    return new TestType("key " + number, number);
  }

  private void restart() throws Exception {
    KeyedStateHandle handle =
        BackendHarness.snapshot(
            backend,
            ++checkpointId,
            CheckpointType.CHECKPOINT,
            new MemCheckpointStreamFactory(64 << 20));
    // Puts the files of earlier checkpoints in, as the coordinator does.
    handle.registerSharedStates(registry, checkpointId);
    backend.dispose();
    backend = harness.create(handle);
  }

  private static Set<TestType> all(InternalPriorityQueue<TestType> queue) throws Exception {
    Set<TestType> elements = new HashSet<>();
    CloseableIterator<TestType> walk = queue.iterator();
    walk.forEachRemaining(elements::add);
    walk.close();
    return elements;
  }

  private Set<TestType> fill() {
    InternalPriorityQueue<TestType> queue =
        backend.create("queue", new TestType.V1TestTypeSerializer());
    Set<TestType> elements = new HashSet<>();
    for (int i = 0; i < 500; i++) {
      queue.add(element(i));
      elements.add(element(i));
    }
    return elements;
  }

  @Test
  void timersOfAFormerFormatAreWrittenAnew() throws Exception {
    Set<TestType> elements = fill();
    restart();
    InternalPriorityQueue<TestType> queue =
        backend.create("queue", new TestType.V2TestTypeSerializer());
    assertThat(all(queue)).isEqualTo(elements);
    queue.add(element(1000));
    queue.remove(element(7));
    elements.add(element(1000));
    elements.remove(element(7));
    restart();
    assertThat(all(backend.create("queue", new TestType.V2TestTypeSerializer())))
        .isEqualTo(elements);
  }

  @Test
  void serializerThatCannotReadThemIsRefused() throws Exception {
    fill();
    restart();
    assertThatThrownBy(() -> backend.create("queue", new TestType.IncompatibleTestTypeSerializer()))
        .hasRootCauseInstanceOf(StateMigrationException.class)
        .hasStackTraceContaining("queue");
  }
}
