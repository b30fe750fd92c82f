/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/**
 * The delays of one day.
 *
 * @param flights how many
 * @param minutes sum of all delays
 * @param worst greatest delay
 */
public record DayDelays(long flights, long minutes, int worst) {
  /** No flight yet. */
  static final DayDelays NONE = new DayDelays(0, 0, Integer.MIN_VALUE);

  DayDelays plus(int delayMinutes) {
    return new DayDelays(flights + 1, minutes + delayMinutes, Math.max(worst, delayMinutes));
  }

  /** Adds a window's flights one by one. */
  static final class Sum implements AggregateFunction<Flight, DayDelays, DayDelays> {
    private static final long serialVersionUID = 1L;

    @Override
    public DayDelays createAccumulator() {
      return NONE;
    }

    @Override
    public DayDelays add(Flight flight, DayDelays sum) {
      return sum.plus(flight.delayMinutes());
    }

    @Override
    public DayDelays getResult(DayDelays sum) {
      return sum;
    }

    @Override
    public DayDelays merge(DayDelays a, DayDelays b) {
      return new DayDelays(
          a.flights + b.flights, a.minutes + b.minutes, Math.max(a.worst, b.worst));
    }
  }

  /** Writes the row of one window. */
  static final class ToRow extends ProcessWindowFunction<DayDelays, String, String, TimeWindow> {
    private static final long serialVersionUID = 1L;

    private final String kind;

    ToRow(String kind) {
      this.kind = kind;
    }

    @Override
    public void process(
        String key, Context context, Iterable<DayDelays> days, Collector<String> out) {
      for (DayDelays day : days) {
        out.collect(Rows.day(kind, key, context.window().getStart(), day));
      }
    }
  }
}
