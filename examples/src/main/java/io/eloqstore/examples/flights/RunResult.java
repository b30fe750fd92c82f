/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.util.List;
import java.util.Optional;

/**
 * How a run of the job went; its rows are in the directory of the settings.
 *
 * @param settings what was run
 * @param durationMs from submission to the end
 * @param checkpoints completed ones, in order
 * @param unfinished checkpoints given up: before all tasks ran, at the failure, at the end, or
 *     failed
 * @param recovery of the failure on purpose; empty if there was none
 */
record RunResult(
    JobSettings settings,
    long durationMs,
    List<Checkpoint> checkpoints,
    long unfinished,
    Optional<Recovery> recovery) {

  /**
   * A failure and the restart.
   *
   * @param line ordinal of the line it failed at
   * @param failedMs milliseconds from the start of the run to the failure
   * @param checkpointId the checkpoint it restarted from
   * @param recoveryMs from the failure until all tasks ran again with their state
   */
  record Recovery(long line, long failedMs, long checkpointId, long recoveryMs) {}
}
