/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.EloqStoreStateBackendFactory;
import io.eloqstore.flink.TestSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.CheckpointException;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.util.ExceptionUtils;

/** A cluster in this JVM whose jobs keep their state in this backend. */
final class TestCluster {
  final Configuration config = TestSettings.apply(new Configuration());
  private final Path directory;
  private final Path local;
  private MiniCluster cluster;

  TestCluster(Path directory) throws IOException {
    this.directory = directory;
    this.local = Files.createDirectories(directory.resolve("local"));
    config.set(StateBackendOptions.STATE_BACKEND, EloqStoreStateBackendFactory.class.getName());
    config.setString("state.backend.eloqstore.localdir", local.toString());
    config.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
    config.set(RestOptions.BIND_PORT, "0");
    config.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    config.set(
        CheckpointingOptions.CHECKPOINTS_DIRECTORY, directory.resolve("cp").toUri().toString());
    config.set(CheckpointingOptions.FS_SMALL_FILE_THRESHOLD, MemorySize.ofMebiBytes(0));
    config.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(50));
    config.set(
        CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
        ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
    config.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    config.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 20);
    config.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
    config.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(96));
  }

  TestCluster start(int taskManagers, int slotsEach) throws Exception {
    cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(config)
                .setNumTaskManagers(taskManagers)
                .setNumSlotsPerTaskManager(slotsEach)
                .build());
    cluster.start();
    return this;
  }

  MiniCluster cluster() {
    return cluster;
  }

  /** Ends everything; no working directory of a backend may be left. */
  void close() throws Exception {
    cluster.close();
    try (Stream<Path> left = Files.list(local)) {
      assertThat(left).isEmpty();
    }
  }

  JobID submit(JobGraph job, String snapshot, RecoveryClaimMode claim) throws Exception {
    KeptCounts.BRAKE.set(false);
    if (snapshot != null) {
      job.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(snapshot, false, claim));
    }
    cluster.submitJob(job).get();
    return job.getJobID();
  }

  /**
   * Waits until so many more records were processed and every task runs, then slows the job down
   * until another one is submitted.
   */
  void awaitProgress(JobID job, long records) throws Exception {
    long target = KeptCounts.PROCESSED.get() + records;
    await(job, () -> KeptCounts.PROCESSED.get() >= target);
    KeptCounts.BRAKE.set(true);
    await(job, () -> isRunning(job));
  }

  /** A source without a split to read ends at once. */
  private boolean isRunning(JobID job) {
    for (AccessExecutionVertex vertex :
        cluster.getExecutionGraph(job).join().getAllExecutionVertices()) {
      ExecutionState state = vertex.getExecutionState();
      if (state != ExecutionState.RUNNING && state != ExecutionState.FINISHED) {
        return false;
      }
    }
    return true;
  }

  private interface Trigger {
    CompletableFuture<String> run();
  }

  /** Again when the JobManager declines: tasks that begin or end just then take no snapshot. */
  private String untilAccepted(JobID job, Trigger trigger) throws Exception {
    while (true) {
      try {
        return trigger.run().get();
      } catch (ExecutionException e) {
        boolean declined = ExceptionUtils.findThrowable(e, CheckpointException.class).isPresent();
        if (!declined || cluster.getJobStatus(job).get().isGloballyTerminalState()) {
          throw e;
        }
      }
    }
  }

  String checkpoint(JobID job) throws Exception {
    return untilAccepted(job, () -> cluster.triggerCheckpoint(job));
  }

  /** Waits for a condition while a job runs; fails when the job has ended. */
  void await(JobID job, BooleanSupplier condition) throws Exception {
    while (!condition.getAsBoolean()) {
      if (cluster.getJobStatus(job).get().isGloballyTerminalState()) {
        throw new AssertionError(
            "job " + job + " ended early: " + cluster.requestJobResult(job).get());
      }
      Thread.yield();
    }
  }

  String stopWithSavepoint(JobID job, SavepointFormatType format) throws Exception {
    String target = directory.resolve("sp").toUri().toString();
    String path = untilAccepted(job, () -> cluster.stopWithSavepoint(job, target, false, format));
    cluster.requestJobResult(job).get();
    return path;
  }

  /** Takes a checkpoint and cancels the job; the checkpoint stays. */
  String checkpointAndCancel(JobID job) throws Exception {
    String path = checkpoint(job);
    cluster.cancelJob(job).get();
    cluster.requestJobResult(job).get();
    return newest(path);
  }

  /** Of the job's retained checkpoints the newest one; a later one may have subsumed the first. */
  private static String newest(String path) throws IOException {
    Path parent = Path.of(URI.create(path)).getParent();
    try (Stream<Path> children = Files.list(parent)) {
      List<Path> checkpoints =
          children
              .filter(child -> child.getFileName().toString().startsWith("chk-"))
              .filter(child -> Files.exists(child.resolve("_metadata")))
              .sorted((a, b) -> Long.compare(number(b), number(a)))
              .toList();
      return checkpoints.get(0).toUri().toString();
    }
  }

  private static long number(Path checkpoint) {
    return Long.parseLong(checkpoint.getFileName().toString().substring("chk-".length()));
  }

  void awaitSuccess(JobID job) throws Exception {
    JobResult result = cluster.requestJobResult(job).get();
    if (!result.isSuccess()) {
      throw new AssertionError("job " + job + " failed", result.getSerializedThrowable().get());
    }
  }
}
