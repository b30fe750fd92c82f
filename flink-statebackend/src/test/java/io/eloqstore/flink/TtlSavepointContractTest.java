/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import io.eloqstore.flink.fake.ContractEngine;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.checkpoint.SavepointType;
import org.apache.flink.runtime.state.CheckpointStorageLocationReference;
import org.apache.flink.runtime.state.CheckpointableKeyedStateBackend;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SavepointResources;
import org.apache.flink.runtime.state.SavepointSnapshotStrategy;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.SnapshotStrategyRunner;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.apache.flink.runtime.state.ttl.StateBackendTestContext;
import org.apache.flink.runtime.state.ttl.StoredTtlStateTestBase;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.testutils.junit.extensions.parameterized.ParameterizedTestExtension;
import org.junit.jupiter.api.extension.ExtendWith;

/** Flink's own contract of state with a time to live, on canonical savepoints: these filter. */
@ExtendWith(ParameterizedTestExtension.class)
class TtlSavepointContractTest extends StoredTtlStateTestBase {

  @Override
  protected StateBackendTestContext createStateBackendTestContext(TtlTimeProvider time) {
    return new StateBackendTestContext(time) {
      @Override
      protected StateBackend createStateBackend() {
        return new EloqStoreStateBackend(TestSettings.defaults(), ContractEngine.FACTORY);
      }

      @Override
      public KeyedStateHandle takeSnapshot() throws Exception {
        CheckpointableKeyedStateBackend<String> backend = getKeyedStateBackend();
        SavepointResources<String> resources = backend.savepoint();
        var future =
            new SnapshotStrategyRunner<>(
                    "savepoint",
                    new SavepointSnapshotStrategy<>(resources.getSnapshotResources()),
                    new CloseableRegistry(),
                    resources.getPreferredSnapshotExecutionType())
                .snapshot(
                    1,
                    0,
                    new MemCheckpointStreamFactory(1 << 20),
                    CheckpointOptions.alignedNoTimeout(
                        SavepointType.savepoint(SavepointFormatType.CANONICAL),
                        CheckpointStorageLocationReference.getDefault()));
        future.run();
        SnapshotResult<KeyedStateHandle> result = future.get();
        return result.getJobManagerOwnedSnapshot();
      }
    };
  }
}
