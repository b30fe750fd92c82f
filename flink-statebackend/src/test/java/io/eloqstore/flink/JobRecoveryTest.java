/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A job in a cluster of its own fails after a checkpoint and goes on from there: every record
 * counts once, in every kind of state. The last checkpoint of a bounded job comes before its end,
 * so the failure comes in any case.
 */
class JobRecoveryTest {
  private static final long RECORDS = 20_000;
  private static final int KEYS = 50;

  private static final AtomicBoolean FAILED = new AtomicBoolean();
  private static final Map<Long, String> RESULTS = new ConcurrentHashMap<>();

  @TempDir Path directory;

  @BeforeEach
  void forget() {
    FAILED.set(false);
    RESULTS.clear();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyRecordCountsOnceThroughAFailure(boolean incremental) throws Exception {
    Path local = Files.createDirectory(directory.resolve("local"));
    Configuration config = new Configuration();
    config.set(StateBackendOptions.STATE_BACKEND, ContractBackendFactory.class.getName());
    config.setString("state.backend.eloqstore.localdir", local.toString());
    config.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, incremental);
    config.set(RestOptions.BIND_PORT, "0");
    config.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    config.set(
        CheckpointingOptions.CHECKPOINTS_DIRECTORY, directory.resolve("cp").toUri().toString());
    config.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(20));
    config.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    config.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 3);
    config.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
    config.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(64));

    MiniCluster cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(config)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(2)
                .build());
    try {
      cluster.start();
      cluster.executeJobBlocking(job(config));
    } finally {
      cluster.close();
    }
    assertThat(FAILED).isTrue();
    assertThat(new TreeMap<>(RESULTS)).isEqualTo(expected());
    try (Stream<Path> left = Files.list(local)) {
      assertThat(left).isEmpty();
    }
  }

  private static JobGraph job(Configuration config) {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(2, config);
    env.fromSequence(0, RECORDS - 1).keyBy(record -> record % KEYS).process(new Count());
    return env.getStreamGraph().getJobGraph();
  }

  private static Map<Long, String> expected() {
    Map<Long, String> expected = new TreeMap<>();
    long perKey = RECORDS / KEYS;
    for (long key = 0; key < KEYS; key++) {
      long sum = perKey * key + KEYS * (perKey * (perKey - 1) / 2);
      expected.put(key, "sum " + sum + ", listed " + perKey + ", mapped " + perKey + ", fired 1");
    }
    return expected;
  }

  /** Keeps the same records in three kinds of state; a timer reports them at the end. */
  private static final class Count extends KeyedProcessFunction<Long, Long, Long>
      implements CheckpointListener {
    private static final long serialVersionUID = 1L;

    private transient ValueState<Long> sum;
    private transient ListState<Long> list;
    private transient MapState<Long, Long> map;
    private transient ValueState<Integer> fired;

    @Override
    public void open(OpenContext context) {
      sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Long.class));
      list = getRuntimeContext().getListState(new ListStateDescriptor<>("list", Long.class));
      map =
          getRuntimeContext().getMapState(new MapStateDescriptor<>("map", Long.class, Long.class));
      fired = getRuntimeContext().getState(new ValueStateDescriptor<>("fired", Integer.class));
    }

    @Override
    public void processElement(Long record, Context context, Collector<Long> out) throws Exception {
      if (sum.value() == null) {
        context.timerService().registerEventTimeTimer(Long.MAX_VALUE);
      }
      sum.update(record + (sum.value() == null ? 0 : sum.value()));
      list.add(record);
      map.put(record, record);
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<Long> out)
        throws Exception {
      fired.update(1 + (fired.value() == null ? 0 : fired.value()));
      long listed = 0;
      for (Long record : list.get()) {
        assertThat(map.contains(record)).isTrue();
        listed++;
      }
      long mapped = 0;
      for (Long ignored : map.keys()) {
        mapped++;
      }
      RESULTS.put(
          context.getCurrentKey(),
          "sum "
              + sum.value()
              + ", listed "
              + listed
              + ", mapped "
              + mapped
              + ", fired "
              + fired.value());
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) {
      if (FAILED.compareAndSet(false, true)) {
        throw new IllegalStateException("the job fails once, after checkpoint " + checkpointId);
      }
    }
  }
}
