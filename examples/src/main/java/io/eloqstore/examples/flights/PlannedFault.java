/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.CheckpointListener;

/** Passes lines on and fails once, where the {@link RunProbe} of the run says so. */
final class PlannedFault extends RichMapFunction<FlightLine, FlightLine>
    implements CheckpointListener {
  private static final long serialVersionUID = 1L;

  /** The message of the failure. */
  static final String MESSAGE = "failure on purpose";

  private final String run;

  PlannedFault(String run) {
    this.run = run;
  }

  @Override
  public FlightLine map(FlightLine line) {
    RunProbe probe = RunProbe.of(run);
    if (probe.takeFault(line.ordinal())) {
      throw new IllegalStateException(MESSAGE + " at line " + line.ordinal());
    }
    probe.onLine(line.ordinal());
    return line;
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) {
    RunProbe.of(run).onCheckpoint();
  }
}
