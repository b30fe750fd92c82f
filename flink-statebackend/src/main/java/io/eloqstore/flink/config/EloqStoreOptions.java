/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.config;

import io.eloqstore.api.SegmentOptions;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.MemorySize;

/** The configuration keys {@code state.backend.eloqstore.*}. */
public final class EloqStoreOptions {

  /** Directories for working files, one instance to each in turn. */
  public static final ConfigOption<String> LOCAL_DIRECTORIES =
      ConfigOptions.key("state.backend.eloqstore.localdir")
          .stringType()
          .noDefaultValue()
          .withDescription(
              "Local directories for working files, separated by ',' or by the path separator of"
                  + " the machine. Each operator instance takes the next one. The default is the"
                  + " working directory of the TaskManager.");

  /** Whether memory comes from Flink's managed memory. */
  public static final ConfigOption<Boolean> USE_MANAGED_MEMORY =
      ConfigOptions.key("state.backend.eloqstore.memory.managed")
          .booleanType()
          .defaultValue(true)
          .withDescription(
              "Whether the engine of a slot takes its memory from the slot's managed memory. If"
                  + " false, 'state.backend.eloqstore.memory.fixed-per-slot' must be set.");

  /** Memory of a slot's engine outside of managed memory. */
  public static final ConfigOption<MemorySize> FIXED_MEMORY_PER_SLOT =
      ConfigOptions.key("state.backend.eloqstore.memory.fixed-per-slot")
          .memoryType()
          .noDefaultValue()
          .withDescription(
              "Fixed memory of the engine of a slot, whatever the number of operators in it."
                  + " Overrides managed memory when set; plan for it in the off-heap memory.");

  /** Whether data files bypass the page cache of the operating system. */
  public static final ConfigOption<Boolean> DIRECT_IO =
      ConfigOptions.key("state.backend.eloqstore.direct-io")
          .booleanType()
          .defaultValue(false)
          .withDescription(
              "Whether data files are read and written past the page cache of the operating"
                  + " system.");

  /** Threads that move files of one checkpoint or restore. */
  public static final ConfigOption<Integer> TRANSFER_THREADS =
      ConfigOptions.key("state.backend.eloqstore.checkpoint.transfer.thread.num")
          .intType()
          .defaultValue(4)
          .withDescription(
              "Threads of an operator instance that upload or download the files of a checkpoint"
                  + " at the same time.");

  /** Where timers are kept. */
  public enum TimerServiceType {
    /** In the store, with the state: their number is limited by the disk. */
    ELOQSTORE,
    /** On the heap: fastest, limited by it, and written whole in every checkpoint. */
    HEAP
  }

  /** Where timers are kept. */
  public static final ConfigOption<TimerServiceType> TIMER_SERVICE_FACTORY =
      ConfigOptions.key("state.backend.eloqstore.timer-service.factory")
          .enumType(TimerServiceType.class)
          .defaultValue(TimerServiceType.ELOQSTORE)
          .withDescription(
              "Where timers are kept: 'ELOQSTORE', in the store with the state, or 'HEAP'."
                  + " May be changed between a snapshot and the restore from it.");

  /** Timers kept in memory for each key group. */
  public static final ConfigOption<Integer> TIMER_CACHE_SIZE =
      ConfigOptions.key("state.backend.eloqstore.timer-service.cache-size")
          .intType()
          .defaultValue(128)
          .withDescription(
              "Timers that each queue keeps in memory for each key group, the earliest ones. Used"
                  + " when timers are kept in the store.");

  /** What checkpoints write as change segments. */
  public static final ConfigOption<SegmentOptions.When> SEGMENTS =
      ConfigOptions.key("state.backend.eloqstore.segments")
          .enumType(SegmentOptions.When.class)
          .defaultValue(SegmentOptions.When.SPARSE)
          .withDescription(
              "What a checkpoint writes as change segments, to be merged into the tree later:"
                  + " 'SPARSE', changes whose merge would rewrite many times their own bytes;"
                  + " 'NEVER', nothing, which keeps every checkpoint readable for engines that do"
                  + " not know segments; 'ALWAYS', everything, a choice for tests. May be changed"
                  + " between a checkpoint and the restore from it.");

  /** Segments over the same keys before they are merged. */
  public static final ConfigOption<Integer> SEGMENT_RUNS_MAX =
      ConfigOptions.key("state.backend.eloqstore.segments.runs-max")
          .intType()
          .defaultValue(SegmentOptions.SPARSE.runsMax())
          .withDescription(
              "Flushes that may lie in change segments over the same keys before they are merged"
                  + " in the background. A read of a key that is not in memory may look into each"
                  + " of them.");

  /** Whether the metrics of the backend are registered. */
  public static final ConfigOption<Boolean> METRICS =
      ConfigOptions.key("state.backend.eloqstore.metrics")
          .booleanType()
          .defaultValue(true)
          .withDescription(
              "Whether the backend registers its metrics in the metric group of the operator. They"
                  + " are read from counters that are kept anyway.");

  /** All options; the three that matter come first. */
  public static List<ConfigOption<?>> all() {
    return List.of(
        LOCAL_DIRECTORIES,
        FIXED_MEMORY_PER_SLOT,
        TIMER_SERVICE_FACTORY,
        USE_MANAGED_MEMORY,
        TIMER_CACHE_SIZE,
        TRANSFER_THREADS,
        SEGMENTS,
        SEGMENT_RUNS_MAX,
        DIRECT_IO,
        METRICS);
  }

  private EloqStoreOptions() {}
}
