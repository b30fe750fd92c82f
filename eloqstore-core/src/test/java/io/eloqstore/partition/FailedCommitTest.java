/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.FaultPlan;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** After a failed commit nothing is forced again, whatever was frozen before. */
class FailedCommitTest {

  @Test
  void pointsThatWereReadyBeforeAFailedForceAreRefused() {
    try (SteppedShard shard = new SteppedShard(4 << 20)) {
      Partition partition = shard.open(1, StoreOptions.defaults());
      partition.put(new byte[] {1}, 0, 1, new byte[100], 0, 100);
      FreezePoint first = partition.freeze();
      partition.put(new byte[] {2}, 0, 1, new byte[100], 0, 100);
      FreezePoint second = partition.freeze();
      shard.work();
      shard.plan.fail(Set.of(FaultPlan.Kind.FORCE), 0, StoreErrorCode.IO_FAILED);
      assertFails(StoreErrorCode.IO_FAILED, first);
      long operations = shard.plan.operations();
      assertFails(StoreErrorCode.POISONED, second);
      assertThat(shard.plan.operations()).as("nothing is tried again").isEqualTo(operations);
      first.close();
      second.close();
      partition.close();
    }
  }

  private static void assertFails(StoreErrorCode code, FreezePoint point) {
    assertThatThrownBy(() -> point.commit(Map.of()))
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).as(e.toString()).isEqualTo(code));
  }
}
