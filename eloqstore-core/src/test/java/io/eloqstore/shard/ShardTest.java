/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.EloqStore;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.memory.MemoryUse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What partitions that share a shard get of it. */
class ShardTest {
  @TempDir Path directory;

  @Test
  void writeBuffersOfAllPartitionsTogetherLeaveRoomForTwoMore() {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults())) {
      long limit = shard.budget().limit(MemoryUse.WRITE_BUFFER);
      assertThat(shard.bufferBytesMax()).isEqualTo(limit / 3);
      try (EloqStore store = EloqStore.open(shard, directory, StoreOptions.defaults())) {
        for (int i = 1; i <= 4; i++) {
          assertThat(store.openPartition(new PartitionId("t", i))).isNotNull();
          assertThat(shard.bufferBytesMax()).isEqualTo(limit / (i + 2));
        }
      }
      assertThat(shard.bufferBytesMax()).isEqualTo(limit / 3);
    }
  }
}
