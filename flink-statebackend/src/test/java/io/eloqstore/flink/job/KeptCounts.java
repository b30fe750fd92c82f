/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.job;

import io.eloqstore.flink.fake.LongSum;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.AggregatingState;
import org.apache.flink.api.common.state.AggregatingStateDescriptor;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * A job that keeps every record of a sequence in several kinds of state and reports at its end by
 * event-time timers. What it must report is computed without Flink.
 */
final class KeptCounts {
  static final int KEYS = 300;
  private static final int BUCKETS = 7;
  private static final int LISTED = 97;

  /** What was reported, by key; a key that is reported twice has both texts. */
  static final Map<Long, String> RESULTS = new ConcurrentHashMap<>();

  /** Records that were processed, those of repeated attempts included. */
  static final AtomicLong PROCESSED = new AtomicLong();

  /** Snapshots whose synchronous part has begun. */
  static final AtomicInteger SNAPSHOTS = new AtomicInteger();

  /** How often the job is still to fail, each time after as many records. */
  static final AtomicInteger FAILURES = new AtomicInteger();

  /** While set, records come slowly: the job does not end under a test's hands. */
  static final AtomicBoolean BRAKE = new AtomicBoolean();

  private static final long BRAKED_NANOS = 1_000_000;

  static final long RECORDS_TO_FAILURE = 20_000;

  private KeptCounts() {}

  static void forget() {
    RESULTS.clear();
    PROCESSED.set(0);
    SNAPSHOTS.set(0);
    FAILURES.set(0);
    BRAKE.set(false);
  }

  static JobGraph job(Configuration config, long records, int parallelism, int maxParallelism) {
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(parallelism, config);
    env.setMaxParallelism(maxParallelism);
    env.fromSequence(0, records - 1)
        .uid("source")
        .map(KeptCounts::brake)
        .uid("brake")
        .keyBy(record -> record % KEYS)
        .process(new Keep())
        .uid("keep");
    return env.getStreamGraph().getJobGraph();
  }

  /** Chained to the source, so nothing piles up behind it and a checkpoint passes at once. */
  private static Long brake(Long record) {
    if (BRAKE.get()) {
      LockSupport.parkNanos(BRAKED_NANOS);
    }
    return record;
  }

  static Map<Long, String> expected(long records) {
    Map<Long, List<Long>> byKey = new TreeMap<>();
    for (long record = 0; record < records; record++) {
      byKey.computeIfAbsent(record % KEYS, any -> new ArrayList<>()).add(record);
    }
    Map<Long, String> expected = new TreeMap<>();
    byKey.forEach(
        (key, own) -> {
          Map<Long, Long> counts = new TreeMap<>();
          List<Long> listed = new ArrayList<>();
          long sum = 0;
          for (long record : own) {
            counts.merge(record % BUCKETS, 1L, Long::sum);
            sum += record;
            if (record % LISTED == 0) {
              listed.add(record);
            }
          }
          expected.put(key, text(sum, sum, counts, listed, 1));
        });
    return expected;
  }

  private static String text(
      long sum, long aggregate, Map<Long, Long> counts, List<Long> listed, long fired) {
    return "sum "
        + sum
        + "/"
        + aggregate
        + ", counts "
        + counts
        + ", listed "
        + listed
        + ", fired "
        + fired;
  }

  /** Keeps records. Registers its states in another order in every other subtask. */
  private static final class Keep extends KeyedProcessFunction<Long, Long, Long>
      implements CheckpointedFunction {
    private static final long serialVersionUID = 1L;

    private transient ValueState<Long> sum;
    private transient MapState<Long, Long> counts;
    private transient ListState<Long> listed;
    private transient AggregatingState<Long, Long> aggregate;
    private transient ValueState<Long> fired;
    private transient long seen;

    @Override
    public void open(OpenContext context) {
      List<Runnable> registrations =
          List.of(
              () ->
                  sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Types.LONG)),
              () ->
                  counts =
                      getRuntimeContext()
                          .getMapState(new MapStateDescriptor<>("counts", Types.LONG, Types.LONG)),
              () ->
                  listed =
                      getRuntimeContext()
                          .getListState(new ListStateDescriptor<>("listed", Types.LONG)),
              () ->
                  aggregate =
                      getRuntimeContext()
                          .getAggregatingState(
                              new AggregatingStateDescriptor<>(
                                  "aggregate", new LongSum(), Types.LONG)),
              () ->
                  fired =
                      getRuntimeContext()
                          .getState(new ValueStateDescriptor<>("fired", Types.LONG)));
      int first = getRuntimeContext().getTaskInfo().getIndexOfThisSubtask();
      for (int i = 0; i < registrations.size(); i++) {
        registrations.get((first + i) % registrations.size()).run();
      }
    }

    @Override
    public void processElement(Long record, Context context, Collector<Long> out) throws Exception {
      Long before = sum.value();
      if (before == null) {
        context.timerService().registerEventTimeTimer(Long.MAX_VALUE);
      }
      sum.update(record + (before == null ? 0 : before));
      aggregate.add(record);
      Long count = counts.get(record % BUCKETS);
      counts.put(record % BUCKETS, count == null ? 1 : count + 1);
      if (record % LISTED == 0) {
        listed.add(record);
      }
      PROCESSED.incrementAndGet();
      if (++seen == RECORDS_TO_FAILURE && FAILURES.getAndDecrement() > 0) {
        throw new IllegalStateException("the job fails on purpose");
      }
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<Long> out)
        throws Exception {
      fired.update(1 + (fired.value() == null ? 0 : fired.value()));
      Map<Long, Long> mapped = new TreeMap<>();
      for (Map.Entry<Long, Long> entry : counts.entries()) {
        mapped.put(entry.getKey(), entry.getValue());
      }
      List<Long> elements = new ArrayList<>();
      listed.get().forEach(elements::add);
      elements.sort(null);
      RESULTS.merge(
          context.getCurrentKey(),
          text(sum.value(), aggregate.get(), mapped, elements, fired.value()),
          (first, second) -> first + " AND AGAIN " + second);
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {
      SNAPSHOTS.incrementAndGet();
    }

    @Override
    public void initializeState(FunctionInitializationContext context) {
      seen = 0;
    }
  }
}
