/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import io.eloqstore.api.SegmentOptions;
import io.eloqstore.flink.config.BackendSettings;
import io.eloqstore.flink.config.EloqStoreOptions;
import org.apache.flink.configuration.Configuration;

/**
 * What the tests configure beside what each is about. With {@code -Deloqstore.test.segments=true}
 * every flush is a change segment and merging waits for a hundred of them: the build runs the
 * contract tests a second time like that.
 */
public final class TestSettings {
  private static final boolean SEGMENTS = Boolean.getBoolean("eloqstore.test.segments");
  private static final int RUNS_MAX = 100;

  private TestSettings() {}

  public static BackendSettings defaults() {
    return BackendSettings.defaults().merge(apply(new Configuration()));
  }

  /** Adds to a configuration. */
  public static Configuration apply(Configuration config) {
    if (SEGMENTS) {
      config.set(EloqStoreOptions.SEGMENTS, SegmentOptions.When.ALWAYS);
      config.set(EloqStoreOptions.SEGMENT_RUNS_MAX, RUNS_MAX);
    }
    return config;
  }
}
