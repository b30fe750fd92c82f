/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Event-time windows of every kind, and maps with null values, through failures: each window fires
 * with each of its records once.
 */
class WindowJobTest {
  private static final long RECORDS = 120_000;
  private static final int KEYS = 40;

  private static final AtomicInteger FAILURES = new AtomicInteger();

  /** Count and sum by key and window; a window that fires again after a failure says the same. */
  private static final Map<String, String> FIRED = new ConcurrentHashMap<>();

  @TempDir Path directory;

  @BeforeEach
  void forget() {
    FIRED.clear();
    FAILURES.set(2);
  }

  private enum Kind {
    TUMBLING {
      @Override
      WindowAssigner<Object, TimeWindow> assigner() {
        return TumblingEventTimeWindows.of(Duration.ofMillis(5000));
      }
    },
    SLIDING {
      @Override
      WindowAssigner<Object, TimeWindow> assigner() {
        return SlidingEventTimeWindows.of(Duration.ofMillis(5000), Duration.ofMillis(1000));
      }
    },
    SESSION {
      @Override
      WindowAssigner<Object, TimeWindow> assigner() {
        return EventTimeSessionWindows.withGap(Duration.ofMillis(300));
      }
    };

    abstract WindowAssigner<Object, TimeWindow> assigner();
  }

  /** Fails after a checkpoint, as often as is asked for. */
  private static final class Fail implements MapFunction<Long, Long>, CheckpointListener {
    private static final long serialVersionUID = 1L;

    @Override
    public Long map(Long value) {
      return value;
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) {
      if (FAILURES.getAndDecrement() > 0) {
        throw new IllegalStateException("the job fails after checkpoint " + checkpointId);
      }
    }
  }

  /** Time of a record: gaps end sessions now and then. */
  private static long time(long record) {
    return record + record / 7000 * 1000;
  }

  private static final class Report extends ProcessWindowFunction<Long, Long, Long, TimeWindow> {
    private static final long serialVersionUID = 1L;

    @Override
    public void process(Long key, Context context, Iterable<Long> records, Collector<Long> out) {
      long count = 0;
      long sum = 0;
      for (long record : records) {
        count++;
        sum += record;
      }
      FIRED.merge(
          key + " " + context.window().getStart() + "-" + context.window().getEnd(),
          count + " records, sum " + sum,
          (before, now) -> before.equals(now) ? before : before + " THEN " + now);
    }
  }

  private static KeyedStream<Long, Long> keyed(StreamExecutionEnvironment env) {
    return env.fromSequence(0, RECORDS - 1)
        .setParallelism(1)
        .map(new Fail())
        .setParallelism(1)
        .assignTimestampsAndWatermarks(
            WatermarkStrategy.<Long>forMonotonousTimestamps()
                .withTimestampAssigner((record, before) -> time(record)))
        .setParallelism(1)
        .keyBy(record -> record % KEYS);
  }

  @ParameterizedTest
  @EnumSource
  void windowsFireWithEachRecordOnce(Kind kind) throws Exception {
    TestCluster cluster = new TestCluster(directory).start(1, 4);
    try {
      StreamExecutionEnvironment env =
          StreamExecutionEnvironment.createLocalEnvironment(3, cluster.config);
      keyed(env).window(kind.assigner()).process(new Report());
      cluster.awaitSuccess(cluster.submit(env.getStreamGraph().getJobGraph(), null, null));
    } finally {
      cluster.close();
    }
    assertThat(FAILURES.get()).isLessThanOrEqualTo(0);
    assertThat(new TreeMap<>(FIRED)).isEqualTo(expected(kind));
  }

  private static Map<String, String> expected(Kind kind) {
    Map<String, long[]> windows = new TreeMap<>();
    if (kind == Kind.SESSION) {
      addSessions(windows);
    } else {
      long slide = kind == Kind.TUMBLING ? 5000 : 1000;
      for (long record = 0; record < RECORDS; record++) {
        long last = time(record) - time(record) % slide;
        for (long start = last; start > time(record) - 5000; start -= slide) {
          add(windows, record % KEYS + " " + start + "-" + (start + 5000), record);
        }
      }
    }
    Map<String, String> expected = new TreeMap<>();
    windows.forEach((key, sum) -> expected.put(key, sum[0] + " records, sum " + sum[1]));
    return expected;
  }

  private static void addSessions(Map<String, long[]> windows) {
    for (long key = 0; key < KEYS; key++) {
      long record = key;
      while (record < RECORDS) {
        long first = record;
        while (record + KEYS < RECORDS && time(record + KEYS) - time(record) <= 300) {
          record += KEYS;
        }
        String name = key + " " + time(first) + "-" + (time(record) + 300);
        for (long member = first; member <= record; member += KEYS) {
          add(windows, name, member);
        }
        record += KEYS;
      }
    }
  }

  private static void add(Map<String, long[]> windows, String window, long record) {
    long[] sum = windows.computeIfAbsent(window, any -> new long[2]);
    sum[0]++;
    sum[1] += record;
  }

  /** Keeps keys without values, and says in the end which of them have one. */
  private static final class Nulls extends KeyedProcessFunction<Long, Long, Long> {
    private static final long serialVersionUID = 1L;

    private transient MapState<Long, String> map;

    @Override
    public void open(OpenContext context) {
      map =
          getRuntimeContext()
              .getMapState(new MapStateDescriptor<>("map", Types.LONG, Types.STRING));
    }

    @Override
    public void processElement(Long record, Context context, Collector<Long> out) throws Exception {
      map.put(record / KEYS % 100, record / KEYS % 3 == 0 ? null : "some");
      context.timerService().registerEventTimeTimer(Long.MAX_VALUE);
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<Long> out)
        throws Exception {
      int nulls = 0;
      int others = 0;
      for (Map.Entry<Long, String> entry : map.entries()) {
        assertThat(map.contains(entry.getKey())).isTrue();
        nulls += entry.getValue() == null ? 1 : 0;
        others += entry.getValue() == null ? 0 : 1;
      }
      FIRED.put("key " + context.getCurrentKey(), nulls + " nulls, " + others + " others");
    }
  }

  @Test
  void mapsKeepNullsThroughFailures() throws Exception {
    TestCluster cluster = new TestCluster(directory).start(1, 4);
    try {
      StreamExecutionEnvironment env =
          StreamExecutionEnvironment.createLocalEnvironment(3, cluster.config);
      keyed(env).process(new Nulls());
      cluster.awaitSuccess(cluster.submit(env.getStreamGraph().getJobGraph(), null, null));
    } finally {
      cluster.close();
    }
    Map<String, String> expected = new TreeMap<>();
    for (long key = 0; key < KEYS; key++) {
      Map<Long, Boolean> isNull = new TreeMap<>();
      for (long record = key; record < RECORDS; record += KEYS) {
        isNull.put(record / KEYS % 100, record / KEYS % 3 == 0);
      }
      long nulls = isNull.values().stream().filter(value -> value).count();
      expected.put("key " + key, nulls + " nulls, " + (isNull.size() - nulls) + " others");
    }
    assertThat(new TreeMap<>(FIRED)).isEqualTo(expected);
  }
}
