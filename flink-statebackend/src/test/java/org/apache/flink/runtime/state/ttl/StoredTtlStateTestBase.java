/*
 * Licensed under the Apache License, Version 2.0.
 */
package org.apache.flink.runtime.state.ttl;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.TestTemplate;

/**
 * Flink's contract of state with a time to live, for a backend that is not on the heap. One of its
 * tests looks into the tables of the heap backend to see whether incremental cleanup reached every
 * key; here it says the same of the state behind the wrapper. It stands in Flink's package because
 * that test is visible only there.
 */
public abstract class StoredTtlStateTestBase extends TtlStateTestBase {
  private static final int KEYS = 970;

  @Override
  protected boolean incrementalCleanupSupported() {
    return true;
  }

  @Override
  @TestTemplate
  void testIncrementalCleanupWholeState() throws Exception {
    initTest(getConfBuilder(TTL).cleanupIncrementally(5, true).build());
    timeProvider.time = 0;
    for (int key = 0; key < KEYS; key++) {
      sbetc.setCurrentKey(Integer.toString(key));
      ctx().update(ctx().updateEmpty);
      assertThat(ctx().isOriginalEmptyValue()).as("key " + key + " was written").isFalse();
    }
    timeProvider.time = 120;
    // A cleanup of a few entries at each; no state is accessed.
    for (int key = 0; key < KEYS; key++) {
      sbetc.setCurrentKey(Integer.toString(key));
    }
    for (int key = 0; key < KEYS; key++) {
      sbetc.setCurrentKey(Integer.toString(key));
      assertThat(ctx().isOriginalEmptyValue()).as("key " + key + " was cleaned up").isTrue();
    }
  }
}
