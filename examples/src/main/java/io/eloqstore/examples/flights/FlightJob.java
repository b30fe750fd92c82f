/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.nio.file.Paths;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.SimpleStringEncoder;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.file.sink.FileSink;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.enumerate.NonSplittingRecursiveEnumerator;
import org.apache.flink.core.fs.Path;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.BasePathBucketAssigner;
import org.apache.flink.streaming.api.functions.sink.filesystem.rollingpolicies.OnCheckpointRollingPolicy;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;

/**
 * The job: delays of flights by route and by airport.
 *
 * <pre>
 * file source -> planned fault -> parse -> watermarks     parallelism 1
 *   -> by route   -> statistics, days, alerts             parallelism 2
 *   -> by airport -> statistics, days, alerts             parallelism 2
 *   -> rows (file sink, exactly once)                     parallelism 2
 * </pre>
 *
 * <p>Its rows depend on nothing but the input. Up to {@code keyBy} there is one task, so the
 * flights of a key arrive in the order of the file (means and last delays depend on it); watermarks
 * follow the flights and not the clock; no flight is late (see {@link ParseFlights}).
 */
final class FlightJob {
  /** Tasks of each keyed operator. */
  static final int PARALLELISM = 2;

  private static final Duration RESTART_DELAY = Duration.ofMillis(100);

  private FlightJob() {}

  /** The graph of the job, ready to be submitted. */
  static JobGraph graph(JobSettings settings) {
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration(settings));
    environment.setParallelism(PARALLELISM);
    SingleOutputStreamOperator<Flight> parsed = parsed(environment, settings);
    DataStream<Flight> flights =
        parsed
            .assignTimestampsAndWatermarks(
                WatermarkStrategy.<Flight>forGenerator(context -> new FlightWatermarks())
                    .withTimestampAssigner((flight, before) -> flight.timeMs()))
            .setParallelism(1)
            .name("watermarks");
    rows(Rows.ROUTE, flights.keyBy(Flight::route, Types.STRING))
        .union(
            rows(Rows.AIRPORT, flights.keyBy(Flight::origin, Types.STRING)),
            parsed.getSideOutput(ParseFlights.MALFORMED))
        .sinkTo(sink(settings))
        .name("rows");
    return environment.getStreamGraph().getJobGraph();
  }

  private static Configuration configuration(JobSettings settings) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.NAME, "flight delays on " + settings.name());
    // Without Kryo a type that Flink cannot serialize by itself shows at once.
    configuration.set(PipelineOptions.GENERIC_TYPES, false);
    configuration.set(StateBackendOptions.STATE_BACKEND, settings.stateBackend());
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, settings.checkpointInterval());
    configuration.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
    configuration.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    configuration.set(
        CheckpointingOptions.CHECKPOINTS_DIRECTORY,
        settings.checkpointsDirectory().toUri().toString());
    boolean fails = settings.faultAt() > 0;
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, fails ? "fixed-delay" : "disable");
    if (fails) {
      configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 1);
      configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, RESTART_DELAY);
    }
    return configuration;
  }

  private static SingleOutputStreamOperator<Flight> parsed(
      StreamExecutionEnvironment environment, JobSettings settings) {
    String run = settings.directory().toString();
    FlightLines format =
        new FlightLines(settings.file(), settings.passes(), settings.linesPerSecond(), run);
    FileSource<FlightLine> source =
        FileSource.forBulkFileFormat(format, new Path(Paths.get(settings.file().path()).toUri()))
            // Flink's default passes over names that begin with a dot or underscore.
            .setFileEnumerator(() -> new NonSplittingRecursiveEnumerator(path -> true))
            .build();
    return environment
        .fromSource(source, WatermarkStrategy.noWatermarks(), "flight lines")
        .setParallelism(1)
        .map(new PlannedFault(run))
        .setParallelism(1)
        .name("planned fault")
        .process(new ParseFlights(settings.file().days()))
        .setParallelism(1)
        .name("parse");
  }

  private static DataStream<String> rows(String kind, KeyedStream<Flight, String> flights) {
    return flights
        .process(new DelayStatistics(kind))
        .name(kind + " statistics")
        .union(
            flights
                .window(TumblingEventTimeWindows.of(Duration.ofDays(1)))
                .aggregate(new DayDelays.Sum(), new DayDelays.ToRow(kind))
                .name(kind + " days"),
            flights.process(new SilenceAlert(kind)).name(kind + " alerts"));
  }

  private static FileSink<String> sink(JobSettings settings) {
    // Files become visible with the checkpoint they belong to; that makes the rows exactly-once.
    return FileSink.forRowFormat(
            new Path(settings.rowsDirectory().toUri()), new SimpleStringEncoder<String>())
        .withBucketAssigner(new BasePathBucketAssigner<>())
        .withRollingPolicy(OnCheckpointRollingPolicy.build())
        .build();
  }

  /** Event time follows the latest flight, one disorder behind. */
  private static final class FlightWatermarks implements WatermarkGenerator<Flight> {
    private long latestMs = Long.MIN_VALUE;

    @Override
    public void onEvent(Flight flight, long timeMs, WatermarkOutput output) {
      if (timeMs > latestMs) {
        latestMs = timeMs;
        output.emitWatermark(new Watermark(timeMs - ParseFlights.DISORDER.toMillis() - 1));
      }
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {
      // The clock moves no event time: results must not depend on it.
    }
  }
}
