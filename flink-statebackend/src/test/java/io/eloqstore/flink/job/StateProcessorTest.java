/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.EloqStoreStateBackendFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.state.api.OperatorIdentifier;
import org.apache.flink.state.api.OperatorTransformation;
import org.apache.flink.state.api.SavepointReader;
import org.apache.flink.state.api.SavepointWriter;
import org.apache.flink.state.api.functions.KeyedStateBootstrapFunction;
import org.apache.flink.state.api.functions.KeyedStateReaderFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.CloseableIterator;
import org.apache.flink.util.Collector;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The State Processor API reads snapshots of a job on this backend and writes a savepoint that a
 * job goes on from; a batch job keeps its state in this backend.
 */
@SuppressWarnings("try") // Flink's iterators let close throw anything.
class StateProcessorTest {
  private static final long RECORDS = 100_000;
  private static final Map<Long, Long> SUMS = new ConcurrentHashMap<>();

  @TempDir Path directory;

  @BeforeEach
  void forget() {
    KeptCounts.forget();
    SUMS.clear();
  }

  private StateBackend backend(Configuration config) {
    return new EloqStoreStateBackendFactory().createFromConfig(config, getClass().getClassLoader());
  }

  /** Reads what {@link KeptCounts} keeps. */
  private static final class Read extends KeyedStateReaderFunction<Long, String> {
    private static final long serialVersionUID = 1L;

    private transient ValueState<Long> sum;
    private transient MapState<Long, Long> counts;
    private transient ListState<Long> listed;

    @Override
    public void open(OpenContext context) {
      sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Types.LONG));
      counts =
          getRuntimeContext()
              .getMapState(new MapStateDescriptor<>("counts", Types.LONG, Types.LONG));
      listed = getRuntimeContext().getListState(new ListStateDescriptor<>("listed", Types.LONG));
    }

    @Override
    public void readKey(Long key, Context context, Collector<String> out) throws Exception {
      long counted = 0;
      for (Long count : counts.values()) {
        counted += count;
      }
      List<Long> elements = new ArrayList<>();
      listed.get().forEach(elements::add);
      out.collect(
          key
              + " sum "
              + sum.value()
              + " of "
              + counted
              + " listed "
              + elements.size()
              + " timers "
              + context.registeredEventTimeTimers());
    }
  }

  @ParameterizedTest
  @EnumSource(SavepointFormatType.class)
  void savepointIsRead(SavepointFormatType format) throws Exception {
    TestCluster cluster = new TestCluster(directory).start(1, 4);
    String savepoint;
    try {
      JobID job = cluster.submit(KeptCounts.job(cluster.config, 10 * RECORDS, 2, 128), null, null);
      cluster.awaitProgress(job, RECORDS);
      savepoint = cluster.stopWithSavepoint(job, format);
    } finally {
      cluster.close();
    }
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(3, cluster.config);
    List<String> read = new ArrayList<>();
    try (CloseableIterator<String> keys =
        SavepointReader.read(env, savepoint, backend(cluster.config))
            .readKeyedState(OperatorIdentifier.forUid("keep"), new Read())
            .executeAndCollect()) {
      keys.forEachRemaining(read::add);
    }
    assertThat(read).hasSize(KeptCounts.KEYS);
    long records = 0;
    for (String text : read) {
      assertThat(text).contains("timers [9223372036854775807]");
      records += Long.parseLong(text.replaceAll(".* of (\\d+) listed.*", "$1"));
    }
    assertThat(records).isGreaterThanOrEqualTo(RECORDS);
  }

  /** Gives each key a sum to begin with. */
  private static final class Bootstrap extends KeyedStateBootstrapFunction<Long, Long> {
    private static final long serialVersionUID = 1L;

    private transient ValueState<Long> sum;

    @Override
    public void open(OpenContext context) {
      sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Types.LONG));
    }

    @Override
    public void processElement(Long value, Context context) throws Exception {
      sum.update(1000 + value);
    }
  }

  /** Adds to the sums and reports them. */
  private static final class Add extends KeyedProcessFunction<Long, Long, Long> {
    private static final long serialVersionUID = 1L;

    private transient ValueState<Long> sum;

    @Override
    public void open(OpenContext context) {
      sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Types.LONG));
    }

    @Override
    public void processElement(Long value, Context context, Collector<Long> out) throws Exception {
      Long before = sum.value();
      sum.update((before == null ? 0 : before) + value);
      SUMS.put(context.getCurrentKey(), sum.value());
    }
  }

  @Test
  void jobGoesOnFromAWrittenSavepoint() throws Exception {
    TestCluster cluster = new TestCluster(directory);
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(2, cluster.config);
    String savepoint = directory.resolve("written").toUri().toString();
    SavepointWriter.newSavepoint(env, backend(cluster.config), 128)
        .withOperator(
            OperatorIdentifier.forUid("add"),
            OperatorTransformation.bootstrapWith(env.fromSequence(0, 99))
                .keyBy(value -> value)
                .transform(new Bootstrap()))
        .write(savepoint);
    env.execute();

    cluster.start(1, 4);
    try {
      StreamExecutionEnvironment next =
          StreamExecutionEnvironment.createLocalEnvironment(3, cluster.config);
      next.setMaxParallelism(128);
      next.fromSequence(0, 99).keyBy(value -> value).process(new Add()).uid("add");
      JobGraph job = next.getStreamGraph().getJobGraph();
      cluster.awaitSuccess(cluster.submit(job, savepoint, RecoveryClaimMode.NO_CLAIM));
    } finally {
      cluster.close();
    }
    Map<Long, Long> expected = new TreeMap<>();
    for (long key = 0; key < 100; key++) {
      expected.put(key, 1000 + 2 * key);
    }
    assertThat(new TreeMap<>(SUMS)).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource(BatchState.class)
  void batchJob(BatchState state) throws Exception {
    TestCluster cluster = new TestCluster(directory);
    cluster.config.set(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.BATCH);
    cluster.config.set(ExecutionOptions.SORT_INPUTS, state == BatchState.FLINKS_OWN);
    cluster.config.set(ExecutionOptions.USE_BATCH_STATE_BACKEND, state == BatchState.FLINKS_OWN);
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(2, cluster.config);
    env.fromSequence(0, 9999).keyBy(value -> value % 100).process(new Add()).uid("add");
    env.execute();
    Map<Long, Long> expected = new TreeMap<>();
    for (long value = 0; value < 10_000; value++) {
      expected.merge(value % 100, value, Long::sum);
    }
    assertThat(new TreeMap<>(SUMS)).isEqualTo(expected);
  }

  private enum BatchState {
    /** Sorted inputs and a backend of Flink's for one key at a time. */
    FLINKS_OWN,
    /** The configured backend. */
    CONFIGURED
  }
}
