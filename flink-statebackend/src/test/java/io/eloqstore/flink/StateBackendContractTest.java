/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import io.eloqstore.flink.fake.ContractEngine;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.runtime.state.CheckpointStorage;
import org.apache.flink.runtime.state.ConfigurableStateBackend;
import org.apache.flink.runtime.state.StateBackendTestBase;
import org.apache.flink.runtime.state.storage.FileSystemCheckpointStorage;
import org.apache.flink.runtime.state.storage.JobManagerCheckpointStorage;
import org.apache.flink.testutils.junit.extensions.parameterized.Parameter;
import org.apache.flink.testutils.junit.extensions.parameterized.ParameterizedTestExtension;
import org.apache.flink.testutils.junit.extensions.parameterized.Parameters;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Flink's own contract of a keyed state backend, with each kind of checkpoint. */
@ExtendWith(ParameterizedTestExtension.class)
class StateBackendContractTest extends StateBackendTestBase<EloqStoreStateBackend> {

  @Parameter public boolean incremental;

  @Parameter(1)
  public boolean fileSystem;

  @TempDir static Path checkpoints;

  @Parameters(name = "incremental={0}, fileSystem={1}")
  static List<Object[]> variants() {
    return Arrays.asList(
        new Object[][] {{true, true}, {true, false}, {false, true}, {false, false}});
  }

  @Override
  protected ConfigurableStateBackend getStateBackend() {
    return new EloqStoreStateBackend(
        TestSettings.defaults().with(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, incremental),
        ContractEngine.FACTORY);
  }

  @Override
  protected CheckpointStorage getCheckpointStorage() {
    return fileSystem
        ? new FileSystemCheckpointStorage(checkpoints.toUri())
        : new JobManagerCheckpointStorage();
  }

  @Override
  protected boolean isSerializerPresenceRequiredOnRestore() {
    return false;
  }

  @Override
  protected boolean supportsAsynchronousSnapshots() {
    return true;
  }

  /** Timers lie in the store. */
  @Override
  protected boolean isSafeToReuseKVState() {
    return true;
  }
}
