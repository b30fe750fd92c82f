/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.time.Duration;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.util.Collector;

/** A row when a route or airport had no flight for {@link #SILENCE} of event time. */
final class SilenceAlert extends KeyedProcessFunction<String, Flight, String> {
  private static final long serialVersionUID = 1L;

  /** How long without a flight is too long. */
  static final Duration SILENCE = Duration.ofHours(48);

  private final String kind;
  private transient ValueState<Long> latest;

  /**
   * @param kind first field of the rows
   */
  SilenceAlert(String kind) {
    this.kind = kind;
  }

  @Override
  public void open(OpenContext context) {
    latest = getRuntimeContext().getState(new ValueStateDescriptor<>("latest", Long.class));
  }

  @Override
  public void processElement(Flight flight, Context context, Collector<String> out)
      throws Exception {
    Long before = latest.value();
    if (before != null && before >= flight.timeMs()) {
      return;
    }
    if (before != null) {
      context.timerService().deleteEventTimeTimer(before + SILENCE.toMillis());
    }
    latest.update(flight.timeMs());
    context.timerService().registerEventTimeTimer(flight.timeMs() + SILENCE.toMillis());
  }

  @Override
  public void onTimer(long timestamp, OnTimerContext context, Collector<String> out)
      throws Exception {
    // The end of the input fires all timers; that is no silence.
    if (context.timerService().currentWatermark() < Watermark.MAX_WATERMARK.getTimestamp()) {
      out.collect(Rows.alert(kind, context.getCurrentKey(), latest.value()));
    }
  }
}
