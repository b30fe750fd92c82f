/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.differential;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.RunnableFuture;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.runtime.checkpoint.SnapshotType;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.runtime.state.AbstractStateBackend;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SharedStateRegistry;
import org.apache.flink.runtime.state.SharedStateRegistryImpl;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.filesystem.FsCheckpointStreamFactory;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;

/** The subtasks of an operator on one kind of backend, and the part of the JobManager they meet. */
final class Fleet {
  final String name;
  private final AbstractStateBackend stateBackend;
  private final int keyGroups;
  private final TtlTimeProvider time;
  private final CheckpointStreamFactory storage;
  private final Random order;
  private final boolean compression;
  private final List<Subtask> subtasks = new ArrayList<>();
  private MockEnvironment env;
  private SharedStateRegistry registry = new SharedStateRegistryImpl();
  private List<KeyedStateHandle> completed = List.of();

  Fleet(
      String name,
      AbstractStateBackend stateBackend,
      int keyGroups,
      TtlTimeProvider time,
      java.nio.file.Path directory,
      boolean compression,
      long seed)
      throws Exception {
    this.name = name;
    this.stateBackend = stateBackend;
    this.keyGroups = keyGroups;
    this.time = time;
    this.compression = compression;
    this.order = new Random(seed);
    java.nio.file.Path shared = Files.createDirectories(directory.resolve("shared"));
    this.storage =
        new FsCheckpointStreamFactory(
            FileSystem.getLocalFileSystem(),
            new Path(Files.createDirectories(directory.resolve("own")).toUri()),
            new Path(shared.toUri()),
            16,
            4096);
  }

  /** Starts anew from handles, at another parallelism. */
  void start(int parallelism, Collection<KeyedStateHandle> handles) throws Exception {
    stop();
    env = new MockEnvironmentBuilder().setMaxParallelism(keyGroups).build();
    env.getExecutionConfig().setUseSnapshotCompression(compression);
    for (int i = 0; i < parallelism; i++) {
      KeyGroupRange range =
          KeyGroupRangeAssignment.computeKeyGroupRangeForOperatorIndex(keyGroups, parallelism, i);
      List<KeyedStateHandle> own =
          handles.stream()
              .map(handle -> handle.getIntersection(range))
              .filter(Objects::nonNull)
              .toList();
      subtasks.add(new Subtask(stateBackend, env, keyGroups, range, time, own, order));
    }
  }

  void stop() throws Exception {
    for (Subtask subtask : subtasks) {
      subtask.backend.dispose();
    }
    subtasks.clear();
    if (env != null) {
      // Fails if managed memory is still reserved.
      env.close();
      env = null;
    }
  }

  List<Subtask> subtasks() {
    return subtasks;
  }

  /** The subtask that a key belongs to, with the key selected. */
  Subtask on(String key) {
    int group = KeyGroupRangeAssignment.assignToKeyGroup(key, keyGroups);
    Subtask subtask =
        subtasks.get(
            KeyGroupRangeAssignment.computeOperatorIndexForKeyGroup(
                keyGroups, subtasks.size(), group));
    subtask.backend.setCurrentKey(key);
    return subtask;
  }

  /** A checkpoint that is on its way: its synchronous part is over. */
  final class Pending {
    private final long id;
    private final List<RunnableFuture<SnapshotResult<KeyedStateHandle>>> parts = new ArrayList<>();

    private Pending(long id) {
      this.id = id;
    }

    /** The asynchronous parts, the JobManager's registry, the notification. */
    List<KeyedStateHandle> complete() throws Exception {
      List<KeyedStateHandle> handles = new ArrayList<>();
      for (RunnableFuture<SnapshotResult<KeyedStateHandle>> part : parts) {
        part.run();
        KeyedStateHandle handle = part.get().getJobManagerOwnedSnapshot();
        if (handle != null) {
          handle.registerSharedStates(registry, id);
          handles.add(handle);
        }
      }
      completed = handles;
      registry.checkpointCompleted(id);
      // Subsumed checkpoints go, with every file that this one does not share.
      registry.unregisterUnusedState(id);
      for (Subtask subtask : subtasks) {
        subtask.backend.notifyCheckpointComplete(id);
      }
      return handles;
    }

    /** As when another task declines it: what was uploaded is thrown away. */
    void abort(boolean uploaded) throws Exception {
      for (RunnableFuture<SnapshotResult<KeyedStateHandle>> part : parts) {
        if (uploaded) {
          part.run();
          part.get().discardState();
        } else {
          part.cancel(true);
        }
      }
      for (Subtask subtask : subtasks) {
        subtask.backend.notifyCheckpointAborted(id);
      }
    }
  }

  Pending checkpoint(long id, SnapshotType type) throws Exception {
    Pending pending = new Pending(id);
    for (Subtask subtask : subtasks) {
      pending.parts.add(subtask.snapshot(id, type, storage));
    }
    return pending;
  }

  /** The last completed checkpoint. */
  List<KeyedStateHandle> completed() {
    return completed;
  }

  /** A JobManager that begins anew and claims the checkpoint it restores from. */
  void claim(long checkpointId) {
    registry = new SharedStateRegistryImpl();
    completed.forEach(handle -> handle.registerSharedStates(registry, checkpointId));
  }

  List<KeyedStateHandle> savepoint() throws Exception {
    List<KeyedStateHandle> handles = new ArrayList<>();
    for (Subtask subtask : subtasks) {
      KeyedStateHandle handle = subtask.savepoint(storage);
      if (handle != null) {
        handles.add(handle);
      }
    }
    return handles;
  }
}
