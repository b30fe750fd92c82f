/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import java.time.Duration;
import org.apache.flink.api.common.state.StateTtlConfig;

/** What a state's time to live asks of the background. */
final class ExpirySettings {
  private static final StateTtlConfig.IncrementalCleanupStrategy BY_DEFAULT =
      StateTtlConfig.newBuilder(Duration.ofMillis(1))
          .build()
          .getCleanupStrategies()
          .getIncrementalCleanupStrategy();

  private ExpirySettings() {}

  /**
   * Whether the user named incremental cleanup. Flink answers with one constant when cleanup in the
   * background is on and no strategy was named, which leaves the choice to the backend.
   */
  static boolean asksForIncrementalCleanup(StateTtlConfig config) {
    if (!config.isEnabled()) {
      return false;
    }
    StateTtlConfig.IncrementalCleanupStrategy asked =
        config.getCleanupStrategies().getIncrementalCleanupStrategy();
    return asked != null && asked != BY_DEFAULT;
  }
}
