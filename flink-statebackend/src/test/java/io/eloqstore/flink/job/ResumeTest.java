/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.core.execution.SavepointFormatType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A job goes on from each kind of snapshot in each claim mode, at the same and at another
 * parallelism. Then it takes checkpoints of its own; what is not claimed is deleted, what is
 * claimed is subsumed; and it goes on once more from its newest checkpoint.
 */
class ResumeTest {
  private static final long RECORDS = 600_000;

  @TempDir Path directory;

  @BeforeEach
  void forget() {
    KeptCounts.forget();
  }

  private enum Kind {
    CANONICAL,
    NATIVE,
    CHECKPOINT
  }

  @ParameterizedTest(name = "{0} {1} from 2 to {2}")
  @CsvSource({
    "CANONICAL, CLAIM, 2",
    "CANONICAL, NO_CLAIM, 3",
    "NATIVE, CLAIM, 2",
    "NATIVE, CLAIM, 3",
    "NATIVE, NO_CLAIM, 2",
    "NATIVE, NO_CLAIM, 3",
    "CHECKPOINT, CLAIM, 2",
    "CHECKPOINT, CLAIM, 3",
    "CHECKPOINT, NO_CLAIM, 2",
    "CHECKPOINT, NO_CLAIM, 3"
  })
  void goesOnAndTakesCheckpointsOfItsOwn(Kind kind, RecoveryClaimMode claim, int parallelism)
      throws Exception {
    TestCluster cluster = new TestCluster(directory).start(1, 4);
    try {
      JobID first = cluster.submit(KeptCounts.job(cluster.config, RECORDS, 2, 128), null, null);
      cluster.awaitProgress(first, RECORDS / 6);
      String snapshot =
          switch (kind) {
            case CANONICAL -> cluster.stopWithSavepoint(first, SavepointFormatType.CANONICAL);
            case NATIVE -> cluster.stopWithSavepoint(first, SavepointFormatType.NATIVE);
            case CHECKPOINT -> cluster.checkpointAndCancel(first);
          };
      JobID second =
          cluster.submit(
              KeptCounts.job(cluster.config, RECORDS, parallelism, 128), snapshot, claim);
      cluster.awaitProgress(second, RECORDS / 6);
      cluster.checkpoint(second);
      if (claim == RecoveryClaimMode.NO_CLAIM) {
        // The first checkpoint of its own stands alone.
        deleteAll(root(kind, snapshot));
      }
      cluster.checkpoint(second);
      String own = cluster.checkpointAndCancel(second);
      cluster.awaitSuccess(
          cluster.submit(
              KeptCounts.job(cluster.config, RECORDS, 2, 128), own, RecoveryClaimMode.NO_CLAIM));
    } finally {
      cluster.close();
    }
    assertThat(new TreeMap<>(KeptCounts.RESULTS)).isEqualTo(KeptCounts.expected(RECORDS));
  }

  /** Everything of the job that left the snapshot, files it shares included. */
  private static Path root(Kind kind, String snapshot) {
    Path path = Path.of(URI.create(snapshot));
    return kind == Kind.CHECKPOINT ? path.getParent() : path;
  }

  private static void deleteAll(Path directory) throws Exception {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
