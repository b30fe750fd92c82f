/*
 * Licensed under the Apache License, Version 2.0.
 */
package org.apache.flink.test.state;

import io.eloqstore.flink.SwitchedBackend;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.flink.runtime.state.CheckpointableKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.test.state.BackendSwitchSpecs.BackendSwitchSpec;
import org.apache.flink.testutils.junit.extensions.parameterized.ParameterizedTestExtension;
import org.apache.flink.testutils.junit.extensions.parameterized.Parameters;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Flink's test of a canonical savepoint of one backend that is restored by another: every pair of
 * RocksDB, HashMap and ours, each with the timer services it has. It stands in Flink's package
 * because its base is visible only there.
 */
@ExtendWith(ParameterizedTestExtension.class)
@SuppressWarnings("try") // The interface lets close throw anything.
class StoredBackendSwitchTest extends SavepointStateBackendSwitchTestBase {

  /** Ours, as a backend to switch from or to. */
  private static final class Ours implements BackendSwitchSpec {
    private final boolean timersInStore;
    private SwitchedBackend opened;

    Ours(boolean timersInStore) {
      this.timersInStore = timersInStore;
    }

    @Override
    public CheckpointableKeyedStateBackend<String> createBackend(
        KeyGroupRange keyGroups, int numberOfKeyGroups, Collection<KeyedStateHandle> handles)
        throws Exception {
      opened = SwitchedBackend.open(timersInStore, keyGroups, numberOfKeyGroups, handles);
      return opened.backend();
    }

    @Override
    public void close() throws Exception {
      if (opened != null) {
        opened.close();
        opened = null;
      }
    }

    @Override
    public String toString() {
      return timersInStore ? "ELOQSTORE" : "ELOQSTORE_HEAP_TIMERS";
    }
  }

  @Parameters(name = "from: {0} to: {1}")
  public static Collection<BackendSwitchSpec[]> pairs() {
    List<BackendSwitchSpec> specs =
        List.of(
            BackendSwitchSpecs.ROCKS,
            BackendSwitchSpecs.ROCKS_HEAP_TIMERS,
            BackendSwitchSpecs.HEAP,
            new Ours(true),
            new Ours(false));
    List<BackendSwitchSpec[]> pairs = new ArrayList<>();
    for (BackendSwitchSpec from : specs) {
      for (BackendSwitchSpec to : specs) {
        pairs.add(new BackendSwitchSpec[] {from, to});
      }
    }
    return pairs;
  }

  StoredBackendSwitchTest(BackendSwitchSpec from, BackendSwitchSpec to) {
    super(from, to);
  }
}
