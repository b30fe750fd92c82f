/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.configuration.WebOptions;
import org.apache.flink.runtime.checkpoint.AbstractCheckpointStats;
import org.apache.flink.runtime.checkpoint.CheckpointStatsSnapshot;
import org.apache.flink.runtime.checkpoint.CheckpointStatsStatus;
import org.apache.flink.runtime.checkpoint.RestoredCheckpointStats;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;

/**
 * Runs the job in a cluster inside this JVM and reads its checkpoints from the job manager.
 *
 * <p>One run at a time on the calling thread, which also reports progress about once a second.
 */
final class JobRunner {
  private static final MemorySize MANAGED_MEMORY = MemorySize.ofMebiBytes(256);
  private static final long PROGRESS_INTERVAL_MS = 1000;

  private final Consumer<String> progress;

  /**
   * @param progress gets one line of text about once a second
   */
  JobRunner(Consumer<String> progress) {
    this.progress = progress;
  }

  /**
   * Runs the job to its end.
   *
   * @throws IOException if the job failed otherwise than on purpose, did not read the whole input,
   *     or did not fail when it should
   */
  @SuppressWarnings("try") // Closing a cluster may be interrupted; the interrupt is passed on.
  RunResult run(JobSettings settings) throws IOException, InterruptedException {
    String run = settings.directory().toString();
    try (RunProbe probe = RunProbe.open(run, settings.faultAt());
        MiniCluster cluster = new MiniCluster(cluster(settings))) {
      cluster.start();
      return run(settings, probe, cluster);
    } catch (IOException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("the cluster of the run on " + settings.name() + " failed", e);
    }
  }

  private RunResult run(JobSettings settings, RunProbe probe, MiniCluster cluster)
      throws Exception {
    JobGraph graph = FlightJob.graph(settings);
    JobID job = graph.getJobID();
    long startMs = System.currentTimeMillis();
    cluster.submitJob(graph).get();
    CompletableFuture<JobResult> end = cluster.requestJobResult(job);
    while (!isDone(end)) {
      progress.accept(progressLine(settings, probe, cluster.getExecutionGraph(job).get()));
    }
    JobResult result = end.get();
    if (result.getSerializedThrowable().isPresent()) {
      Throwable cause =
          result.getSerializedThrowable().get().deserializeError(JobRunner.class.getClassLoader());
      throw new IOException("the job on " + settings.name() + " failed", cause);
    }
    long durationMs = System.currentTimeMillis() - startMs;
    AccessExecutionGraph graphAtEnd = cluster.getExecutionGraph(job).get();
    if (probe.lastLine() != settings.lines()) {
      throw new IOException(
          "the job read " + probe.lastLine() + " of " + settings.lines() + " lines");
    }
    CheckpointStatsSnapshot statistics = graphAtEnd.getCheckpointStatsSnapshot();
    List<Checkpoint> checkpoints = checkpoints(statistics, startMs);
    return new RunResult(
        settings,
        durationMs,
        checkpoints,
        statistics.getCounts().getTotalNumberOfCheckpoints() - checkpoints.size(),
        recovery(settings, probe, graphAtEnd, startMs));
  }

  private static boolean isDone(CompletableFuture<JobResult> end)
      throws InterruptedException, ExecutionException {
    try {
      end.get(PROGRESS_INTERVAL_MS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    }
  }

  private static MiniClusterConfiguration cluster(JobSettings settings) {
    Configuration configuration = new Configuration();
    configuration.set(CoreOptions.TMP_DIRS, settings.workingDirectory().toString());
    configuration.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MANAGED_MEMORY);
    configuration.set(WebOptions.CHECKPOINTS_HISTORY_SIZE, Integer.MAX_VALUE / 2);
    return new MiniClusterConfiguration.Builder()
        .setConfiguration(configuration)
        .setNumTaskManagers(1)
        .setNumSlotsPerTaskManager(FlightJob.PARALLELISM)
        .withRandomPorts()
        .build();
  }

  private static String progressLine(
      JobSettings settings, RunProbe probe, AccessExecutionGraph graph) {
    long lines = settings.lines();
    long done = probe.lastLine();
    List<Checkpoint> checkpoints = checkpoints(graph.getCheckpointStatsSnapshot(), 0);
    String last = "no checkpoint yet";
    if (!checkpoints.isEmpty()) {
      Checkpoint checkpoint = checkpoints.get(checkpoints.size() - 1);
      last =
          String.format(
              "checkpoint %d: %,d bytes uploaded in %d ms",
              checkpoint.id(), checkpoint.uploadedBytes(), checkpoint.durationMs());
    }
    return String.format(
        "%-10s %3d %%  %,11d of %,d lines  %s%s",
        settings.name(),
        100 * done / lines,
        done,
        lines,
        last,
        probe.faultMs() >= 0 ? "  (failed once, on purpose)" : "");
  }

  private static List<Checkpoint> checkpoints(CheckpointStatsSnapshot statistics, long startMs) {
    List<Checkpoint> checkpoints = new ArrayList<>();
    if (statistics == null) {
      return checkpoints;
    }
    for (AbstractCheckpointStats checkpoint : statistics.getHistory().getCheckpoints()) {
      if (checkpoint.getStatus() == CheckpointStatsStatus.COMPLETED) {
        checkpoints.add(
            new Checkpoint(
                checkpoint.getCheckpointId(),
                checkpoint.getTriggerTimestamp() - startMs,
                checkpoint.getEndToEndDuration(),
                checkpoint.getCheckpointedSize(),
                checkpoint.getStateSize()));
      }
    }
    checkpoints.sort(Comparator.comparingLong(Checkpoint::id));
    return checkpoints;
  }

  private static Optional<RunResult.Recovery> recovery(
      JobSettings settings, RunProbe probe, AccessExecutionGraph graph, long startMs)
      throws IOException {
    if (settings.faultAt() == 0) {
      return Optional.empty();
    }
    RestoredCheckpointStats restored =
        graph.getCheckpointStatsSnapshot().getLatestRestoredCheckpoint();
    if (probe.faultMs() < 0 || restored == null) {
      throw new IOException("the job did not fail on purpose and restart from a checkpoint");
    }
    long runningMs = 0;
    for (AccessExecutionVertex task : graph.getAllExecutionVertices()) {
      runningMs = Math.max(runningMs, task.getStateTimestamp(ExecutionState.RUNNING));
    }
    return Optional.of(
        new RunResult.Recovery(
            probe.faultLine(),
            probe.faultMs() - startMs,
            restored.getCheckpointId(),
            runningMs - probe.faultMs()));
  }
}
