/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A task that is cancelled, and so interrupted, in the middle of reads and writes gives everything
 * back: the same cluster runs the job again, and in the end no directory and no thread of the
 * engine is left.
 */
class CancelDuringReadsTest {
  private static final int ROUNDS = 5;
  private static final int ENTRIES = 2000;

  /** Entries read by tasks that never stop reading by themselves. */
  private static final AtomicLong READ = new AtomicLong();

  private static final AtomicInteger CLOSED = new AtomicInteger();

  @TempDir Path directory;

  @Test
  void nothingIsLeftAndTheJobRunsAgain() throws Exception {
    TestCluster cluster = new TestCluster(directory).start(1, 4);
    try {
      for (int round = 0; round < ROUNDS; round++) {
        JobID job = cluster.submit(job(cluster.config), null, null);
        long target = READ.get() + 3L * ENTRIES;
        cluster.await(job, () -> READ.get() > target);
        cluster.cluster().cancelJob(job).get();
        cluster.cluster().requestJobResult(job).get();
      }
    } finally {
      cluster.close();
    }
    assertThat(CLOSED.get()).isEqualTo(2 * ROUNDS);
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("eloqstore")) {
        thread.join();
      }
    }
  }

  private static JobGraph job(Configuration config) {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(2, config);
    env.fromSequence(0, 1_000_000).keyBy(record -> record % 16).process(new ReadForever());
    return env.getStreamGraph().getJobGraph();
  }

  /** Fills a map with the first record of a key, then walks and changes it without an end. */
  private static final class ReadForever extends KeyedProcessFunction<Long, Long, Long> {
    private static final long serialVersionUID = 1L;

    private transient MapState<Long, String> map;
    private transient ValueState<Long> value;

    @Override
    public void open(OpenContext context) {
      map =
          getRuntimeContext()
              .getMapState(new MapStateDescriptor<>("map", Types.LONG, Types.STRING));
      value = getRuntimeContext().getState(new ValueStateDescriptor<>("value", Types.LONG));
    }

    @Override
    public void processElement(Long record, Context context, Collector<Long> out) throws Exception {
      for (long i = 0; i < ENTRIES; i++) {
        map.put(i, "entry " + i);
      }
      while (!Thread.currentThread().isInterrupted()) {
        for (Long key : map.keys()) {
          value.update(map.get(key).length() + 0L);
          READ.incrementAndGet();
        }
      }
      // Interrupted: the state goes on answering until the task lets go.
      assertThat(map.get(7L)).isEqualTo("entry 7");
      throw new InterruptedException("cancelled");
    }

    @Override
    public void close() {
      CLOSED.incrementAndGet();
    }
  }
}
