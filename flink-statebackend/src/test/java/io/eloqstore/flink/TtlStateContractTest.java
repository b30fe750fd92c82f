/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import io.eloqstore.flink.fake.ContractEngine;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.ttl.StateBackendTestContext;
import org.apache.flink.runtime.state.ttl.StoredTtlStateTestBase;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.testutils.junit.extensions.parameterized.ParameterizedTestExtension;
import org.junit.jupiter.api.extension.ExtendWith;

/** Flink's own contract of state with a time to live, on incremental checkpoints. */
@ExtendWith(ParameterizedTestExtension.class)
class TtlStateContractTest extends StoredTtlStateTestBase {

  @Override
  protected StateBackendTestContext createStateBackendTestContext(TtlTimeProvider time) {
    return new StateBackendTestContext(time) {
      @Override
      protected StateBackend createStateBackend() {
        return new EloqStoreStateBackend(
            TestSettings.defaults().with(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true),
            ContractEngine.FACTORY);
      }
    };
  }

  /** The tests of savepoints filter expired values, which native checkpoints do not. */
  @Override
  public boolean isSavepoint() {
    return false;
  }
}
