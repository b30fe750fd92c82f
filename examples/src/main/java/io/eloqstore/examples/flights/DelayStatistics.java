/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Statistics of one route or airport over the whole input: mean and variance (value state), classes
 * of delay by hour of the day (map state), the last delays (list state).
 *
 * <p>One row for each key, when the input ends: a timer at the end of event time brings it.
 */
final class DelayStatistics extends KeyedProcessFunction<String, Flight, String> {
  private static final long serialVersionUID = 1L;

  /** How many of the last delays are kept. */
  static final int LAST_DELAYS = 20;

  private final String kind;
  private transient ValueState<RunningDelay> running;
  private transient MapState<Integer, HourDelays> hours;
  private transient ListState<Integer> last;

  /**
   * @param kind first field of the rows
   */
  DelayStatistics(String kind) {
    this.kind = kind;
  }

  @Override
  public void open(OpenContext context) {
    running =
        getRuntimeContext().getState(new ValueStateDescriptor<>("running", RunningDelay.class));
    hours =
        getRuntimeContext()
            .getMapState(new MapStateDescriptor<>("hours", Integer.class, HourDelays.class));
    last = getRuntimeContext().getListState(new ListStateDescriptor<>("last", Integer.class));
  }

  @Override
  public void processElement(Flight flight, Context context, Collector<String> out)
      throws Exception {
    RunningDelay before = running.value();
    if (before == null) {
      before = RunningDelay.NONE;
      context.timerService().registerEventTimeTimer(Long.MAX_VALUE);
    }
    running.update(before.plus(flight.delayMinutes()));

    HourDelays hour = hours.get(flight.hour());
    hours.put(flight.hour(), (hour == null ? HourDelays.NONE : hour).plus(flight.delayMinutes()));

    if (before.flights() < LAST_DELAYS) {
      last.add(flight.delayMinutes());
    } else {
      List<Integer> delays = lastDelays();
      delays.remove(0);
      delays.add(flight.delayMinutes());
      last.update(delays);
    }
  }

  @Override
  public void onTimer(long timestamp, OnTimerContext context, Collector<String> out)
      throws Exception {
    Map<Integer, HourDelays> byHour = new TreeMap<>();
    for (Map.Entry<Integer, HourDelays> entry : hours.entries()) {
      byHour.put(entry.getKey(), entry.getValue());
    }
    out.collect(
        Rows.statistics(kind, context.getCurrentKey(), running.value(), byHour, lastDelays()));
  }

  private List<Integer> lastDelays() throws Exception {
    List<Integer> delays = new ArrayList<>(LAST_DELAYS);
    last.get().forEach(delays::add);
    return delays;
  }
}
