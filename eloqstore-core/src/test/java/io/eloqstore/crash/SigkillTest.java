/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.EloqStore;
import io.eloqstore.reference.ReferenceVerifier;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that is killed loses nothing that it had said to be committed, and leaves nothing half
 * done. Each child goes on with what the one before left.
 */
class SigkillTest {
  private static final long SEED = 20_240_611;
  private static final int KILLS = 20;

  @TempDir Path directory;

  @Test
  void lastCommittedVersionIsThereAfterEachKill() throws Exception {
    Random moments = new Random(SEED);
    TextModel model = new TextModel();
    TreeSet<String> keys = new TreeSet<>();
    for (int i = 0; i < 450; i++) {
      keys.add(CommittingChild.key(i));
    }
    int version = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      int said = killAfter(moments.nextInt(25));
      int least = Math.max(said, version);
      String where = "seed " + SEED + ", kill " + kill + ", said " + least;
      int found;
      try (Shard shard = EloqStore.openShard(CommittingChild.SHARD);
          EloqStore store = EloqStore.open(shard, directory, CommittingChild.OPTIONS)) {
        TextPartition partition = new TextPartition(store.openPartition(CommittingChild.ID));
        found = partition.version();
        assertThat(found).as(where).isBetween(least, least + 1);
        for (int each = version + 1; each <= found; each++) {
          CommittingChild.change(SEED, each, model);
        }
        assertThat(partition.entriesBothWays(keys).equals(model.entries())).as(where).isTrue();
      }
      version = found;
      assertSound(where);
    }
    assertThat(version).isGreaterThan(KILLS * 4);
  }

  /**
   * @return the last version that the child said, 0 for none
   */
  private int killAfter(int lines) throws IOException, InterruptedException {
    try (ChildJvm child =
        ChildJvm.start(
            CommittingChild.class,
            Duration.ofMinutes(1),
            List.of("-Xmx64m"),
            directory.toString(),
            Long.toString(SEED))) {
      for (int i = 0; i < lines; i++) {
        child.awaitLine("committed ");
      }
      child.kill();
      assertThat(child.exitCode()).as(child.errorOutput()).isEqualTo(ChildJvm.KILLED);
      int said = 0;
      for (String line : child.lines()) {
        if (line.startsWith("committed ")) {
          said = Integer.parseInt(line.substring("committed ".length()));
        }
      }
      return said;
    }
  }

  private void assertSound(String where) throws IOException {
    Path partition = directory.resolve(CommittingChild.ID.directoryName());
    if (Files.exists(partition.resolve("manifest_0"))) {
      // Cut subtrees stay mapped until the sweeper comes to them.
      assertThat(ReferenceVerifier.verify(partition, 4096, 6))
          .as(where)
          .filteredOn(finding -> !finding.contains("mapped but not reachable"))
          .isEmpty();
    }
  }
}
