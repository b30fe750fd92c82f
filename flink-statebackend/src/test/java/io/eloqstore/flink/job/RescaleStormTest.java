/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Random;
import java.util.TreeMap;
import org.apache.flink.api.common.JobID;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.core.execution.SavepointFormatType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A job under load is stopped ten times, by a savepoint of either format or by a cancellation that
 * leaves a checkpoint, and goes on at a random parallelism from 1 to 8 each time. In the end every
 * record counted once.
 */
class RescaleStormTest {
  private static final int STOPS = 10;
  private static final long RECORDS = 4_000_000;

  @TempDir Path directory;

  @BeforeEach
  void forget() {
    KeptCounts.forget();
  }

  @ParameterizedTest(name = "maximum parallelism {0}")
  @ValueSource(ints = {128, 32_768})
  void everyRecordCountsOnce(int maxParallelism) throws Exception {
    Random random = new Random(maxParallelism);
    TestCluster cluster = new TestCluster(directory).start(2, 4);
    try {
      String snapshot = null;
      for (int stop = 0; stop < STOPS; stop++) {
        JobID job = go(cluster, random, snapshot, maxParallelism);
        cluster.awaitProgress(job, 1 + random.nextInt((int) (RECORDS / (3 * STOPS))));
        snapshot =
            switch (random.nextInt(4)) {
              case 0 -> cluster.stopWithSavepoint(job, SavepointFormatType.CANONICAL);
              case 1 -> cluster.stopWithSavepoint(job, SavepointFormatType.NATIVE);
              default -> cluster.checkpointAndCancel(job);
            };
      }
      cluster.awaitSuccess(go(cluster, random, snapshot, maxParallelism));
    } finally {
      cluster.close();
    }
    assertThat(new TreeMap<>(KeptCounts.RESULTS)).isEqualTo(KeptCounts.expected(RECORDS));
  }

  private static JobID go(TestCluster cluster, Random random, String snapshot, int maxParallelism)
      throws Exception {
    int parallelism = 1 + random.nextInt(8);
    RecoveryClaimMode claim =
        random.nextBoolean() ? RecoveryClaimMode.CLAIM : RecoveryClaimMode.NO_CLAIM;
    return cluster.submit(
        KeptCounts.job(cluster.config, RECORDS, parallelism, maxParallelism), snapshot, claim);
  }
}
