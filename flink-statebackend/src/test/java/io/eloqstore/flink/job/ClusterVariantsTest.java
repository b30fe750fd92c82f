/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.TreeMap;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.StateChangelogOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A job that fails three times counts every record once, whatever the cluster is told. */
class ClusterVariantsTest {
  private static final long RECORDS = 400_000;

  @TempDir Path directory;

  private TestCluster cluster;

  @BeforeEach
  void prepare() throws Exception {
    KeptCounts.forget();
    cluster = new TestCluster(directory);
  }

  private void runWithFailures() throws Exception {
    KeptCounts.FAILURES.set(3);
    cluster.start(1, 4);
    try {
      cluster.awaitSuccess(
          cluster.submit(KeptCounts.job(cluster.config, RECORDS, 3, 128), null, null));
    } finally {
      cluster.close();
    }
    assertThat(KeptCounts.FAILURES.get()).isLessThanOrEqualTo(0);
    assertThat(new TreeMap<>(KeptCounts.RESULTS)).isEqualTo(KeptCounts.expected(RECORDS));
  }

  @Test
  void unalignedCheckpoints() throws Exception {
    cluster.config.set(CheckpointingOptions.ENABLE_UNALIGNED, true);
    runWithFailures();
  }

  @Test
  void overlappingCheckpoints() throws Exception {
    cluster.config.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(10));
    cluster.config.set(CheckpointingOptions.MAX_CONCURRENT_CHECKPOINTS, 4);
    runWithFailures();
  }

  @Test
  void checkpointsThatTimeOut() throws Exception {
    cluster.config.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(10));
    cluster.config.set(CheckpointingOptions.CHECKPOINTING_TIMEOUT, Duration.ofMillis(12));
    cluster.config.set(CheckpointingOptions.TOLERABLE_FAILURE_NUMBER, Integer.MAX_VALUE);
    runWithFailures();
  }

  @Test
  void mergedCheckpointFiles() throws Exception {
    cluster.config.set(CheckpointingOptions.FILE_MERGING_ENABLED, true);
    runWithFailures();
  }

  @Test
  void filesMergedAcrossCheckpoints() throws Exception {
    cluster.config.set(CheckpointingOptions.FILE_MERGING_ENABLED, true);
    cluster.config.set(CheckpointingOptions.FILE_MERGING_ACROSS_BOUNDARY, true);
    runWithFailures();
  }

  @Test
  void changelog() throws Exception {
    cluster.config.set(StateChangelogOptions.ENABLE_STATE_CHANGE_LOG, true);
    cluster.config.set(
        StateChangelogOptions.PERIODIC_MATERIALIZATION_INTERVAL, Duration.ofMillis(100));
    runWithFailures();
  }

  @Test
  void fullCheckpoints() throws Exception {
    cluster.config.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, false);
    runWithFailures();
  }

  @Test
  void timersOnTheHeap() throws Exception {
    cluster.config.setString("state.backend.eloqstore.timer-service.factory", "HEAP");
    runWithFailures();
  }

  @Test
  void localRecovery() throws Exception {
    cluster.config.set(CheckpointingOptions.LOCAL_BACKUP_ENABLED, true);
    cluster.config.set(StateRecoveryOptions.LOCAL_RECOVERY, true);
    runWithFailures();
  }

  /** A machine is lost while a checkpoint is on its way; another one takes over. */
  private void loseTaskManager() throws Exception {
    cluster.start(2, 2);
    try {
      JobID job = cluster.submit(KeptCounts.job(cluster.config, RECORDS, 4, 128), null, null);
      for (int lost = 0; lost < 2; lost++) {
        cluster.awaitProgress(job, RECORDS / 8);
        int before = KeptCounts.SNAPSHOTS.get();
        cluster.await(job, () -> KeptCounts.SNAPSHOTS.get() > before);
        cluster.cluster().terminateTaskManager(0).get();
        cluster.cluster().startTaskManager();
        KeptCounts.BRAKE.set(false);
      }
      cluster.awaitSuccess(job);
    } finally {
      cluster.close();
    }
    assertThat(new TreeMap<>(KeptCounts.RESULTS)).isEqualTo(KeptCounts.expected(RECORDS));
  }

  @Test
  void lostTaskManager() throws Exception {
    loseTaskManager();
  }

  @Test
  void lostTaskManagerWithLocalRecovery() throws Exception {
    cluster.config.set(CheckpointingOptions.LOCAL_BACKUP_ENABLED, true);
    cluster.config.set(StateRecoveryOptions.LOCAL_RECOVERY, true);
    loseTaskManager();
  }
}
