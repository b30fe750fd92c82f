/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.time.Duration;
import java.util.List;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/**
 * Turns lines into flights, each pass over the file later by the days of the file; malformed lines
 * leave by the side output {@link #MALFORMED}.
 *
 * <p>A flight earlier than one before it by more than {@link #DISORDER} is malformed too. So no
 * flight is ever behind the watermark, whose progress is not part of a checkpoint, and a run with a
 * restart drops the same flights as one without.
 */
final class ParseFlights extends ProcessFunction<FlightLine, Flight>
    implements CheckpointedFunction {
  private static final long serialVersionUID = 1L;

  /** Rows about malformed lines. */
  static final OutputTag<String> MALFORMED =
      new OutputTag<>("malformed") {
        private static final long serialVersionUID = 1L;
      };

  /** How much earlier than the latest flight a flight may be. */
  static final Duration DISORDER = Duration.ofHours(1);

  private final long daysPerPass;
  private transient ListState<Long> latestState;
  private transient long latestMs;

  ParseFlights(long daysPerPass) {
    this.daysPerPass = daysPerPass;
  }

  @Override
  public void processElement(FlightLine line, Context context, Collector<Flight> out) {
    if (FlightParser.isHeader(line.number(), line.text())) {
      return;
    }
    try {
      Flight flight = FlightParser.parse(line.text()).shiftedBy(line.pass() * daysPerPass);
      if (flight.timeMs() < latestMs - DISORDER.toMillis()) {
        throw new MalformedLineException(
            "more than " + DISORDER.toHours() + " h before an earlier flight");
      }
      latestMs = Math.max(latestMs, flight.timeMs());
      out.collect(flight);
    } catch (MalformedLineException e) {
      context.output(MALFORMED, Rows.malformed(line, e.getMessage()));
    }
  }

  @Override
  public void initializeState(FunctionInitializationContext context) throws Exception {
    latestState =
        context
            .getOperatorStateStore()
            .getListState(new ListStateDescriptor<>("latest", Long.class));
    for (long restored : latestState.get()) {
      latestMs = Math.max(latestMs, restored);
    }
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) throws Exception {
    latestState.update(List.of(latestMs));
  }
}
