/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.IllegalConfigurationException;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.StateBackendLoader;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Flink loads the backend by the name of its factory, which opens nothing. */
class FactoryTest {
  @TempDir Path directory;

  @Test
  void backendIsLoadedByNameAndNothingIsOpened() throws Exception {
    Set<String> threadsBefore = threads();
    StateBackend backend = load(new Configuration());
    assertThat(backend).isInstanceOf(EloqStoreStateBackend.class);
    assertThat(backend.useManagedMemory()).isTrue();
    assertThat(backend.supportsNoClaimRestoreMode()).isTrue();
    assertThat(backend.supportsSavepointFormat(SavepointFormatType.NATIVE)).isTrue();
    assertThat(backend.supportsSavepointFormat(SavepointFormatType.CANONICAL)).isTrue();
    assertThat(threads()).isEqualTo(threadsBefore);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void fixedMemoryNeedsNoManagedMemory() throws Exception {
    Configuration config = new Configuration();
    config.setString("state.backend.eloqstore.memory.fixed-per-slot", "64 mb");
    assertThat(load(config).useManagedMemory()).isFalse();
  }

  @Test
  void badOptionFailsWhenTheBackendIsLoaded() {
    Configuration config = new Configuration();
    config.setString("state.backend.eloqstore.checkpoint.transfer.thread.num", "-1");
    assertThatThrownBy(() -> load(config))
        .isInstanceOf(IllegalConfigurationException.class)
        .hasMessageContaining("state.backend.eloqstore.checkpoint.transfer.thread.num");
  }

  @Test
  void backendTravelsWithItsJob() throws Exception {
    Configuration config = new Configuration();
    config.setString("state.backend.eloqstore.direct-io", "true");
    EloqStoreStateBackend backend = (EloqStoreStateBackend) load(config);
    EloqStoreStateBackend arrived = InstantiationUtil.clone(backend);
    assertThat(arrived.settings()).isEqualTo(backend.settings());
    assertThat(arrived.settings().directIo()).isTrue();
  }

  private StateBackend load(Configuration config) throws Exception {
    config.set(StateBackendOptions.STATE_BACKEND, EloqStoreStateBackendFactory.class.getName());
    config.setString("state.backend.eloqstore.localdir", directory.toString());
    return StateBackendLoader.loadStateBackendFromConfig(config, getClass().getClassLoader(), null);
  }

  private static Set<String> threads() {
    Set<String> names = new TreeSet<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("eloqstore")) {
        names.add(thread.getName());
      }
    }
    return names;
  }
}
