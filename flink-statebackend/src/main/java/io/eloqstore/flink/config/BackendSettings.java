/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.config;

import io.eloqstore.api.SegmentOptions;
import java.io.File;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.IllegalConfigurationException;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.ReadableConfig;

/**
 * What a state backend was told, checked. Immutable.
 *
 * @param localDirectories absolute directories, used in turn; empty means the TaskManager's own
 * @param managedMemory whether the budget is the slot's managed memory; ignored when {@code
 *     fixedBytesPerSlot} is set
 * @param fixedBytesPerSlot bytes of the slot's engine; 0 when not set
 * @param directIo whether data files bypass the page cache
 * @param transferThreads threads of one upload or download, at least 1
 * @param incremental whether checkpoints build on earlier ones
 * @param timersInStore whether timers are kept in the store, else on the heap
 * @param timerCacheSize timers a queue keeps in memory for each key group, at least 1
 * @param segmentsWhen what is written as change segments
 * @param segmentRunsMax see {@link SegmentOptions#runsMax}
 * @param metrics whether metrics are registered
 */
public record BackendSettings(
    List<String> localDirectories,
    boolean managedMemory,
    long fixedBytesPerSlot,
    boolean directIo,
    int transferThreads,
    boolean incremental,
    boolean timersInStore,
    int timerCacheSize,
    SegmentOptions.When segmentsWhen,
    int segmentRunsMax,
    boolean metrics)
    implements Serializable {

  /** Smallest budget that holds an empty store. */
  public static final long FIXED_BYTES_MIN = 1L << 20;

  public BackendSettings {
    localDirectories = List.copyOf(localDirectories);
  }

  /** What holds when nothing is configured. */
  public static BackendSettings defaults() {
    return new BackendSettings(
        List.of(),
        EloqStoreOptions.USE_MANAGED_MEMORY.defaultValue(),
        0,
        EloqStoreOptions.DIRECT_IO.defaultValue(),
        EloqStoreOptions.TRANSFER_THREADS.defaultValue(),
        false,
        true,
        EloqStoreOptions.TIMER_CACHE_SIZE.defaultValue(),
        EloqStoreOptions.SEGMENTS.defaultValue(),
        EloqStoreOptions.SEGMENT_RUNS_MAX.defaultValue(),
        EloqStoreOptions.METRICS.defaultValue());
  }

  /** These settings with what {@code config} says laid over them. */
  public BackendSettings merge(ReadableConfig config) {
    BackendSettings merged =
        new BackendSettings(
            value(config, EloqStoreOptions.LOCAL_DIRECTORIES)
                .map(BackendSettings::directories)
                .orElse(localDirectories),
            value(config, EloqStoreOptions.USE_MANAGED_MEMORY).orElse(managedMemory),
            value(config, EloqStoreOptions.FIXED_MEMORY_PER_SLOT)
                .map(MemorySize::getBytes)
                .orElse(fixedBytesPerSlot),
            value(config, EloqStoreOptions.DIRECT_IO).orElse(directIo),
            value(config, EloqStoreOptions.TRANSFER_THREADS).orElse(transferThreads),
            value(config, CheckpointingOptions.INCREMENTAL_CHECKPOINTS).orElse(incremental),
            value(config, EloqStoreOptions.TIMER_SERVICE_FACTORY)
                .map(type -> type == EloqStoreOptions.TimerServiceType.ELOQSTORE)
                .orElse(timersInStore),
            value(config, EloqStoreOptions.TIMER_CACHE_SIZE).orElse(timerCacheSize),
            value(config, EloqStoreOptions.SEGMENTS).orElse(segmentsWhen),
            value(config, EloqStoreOptions.SEGMENT_RUNS_MAX).orElse(segmentRunsMax),
            value(config, EloqStoreOptions.METRICS).orElse(metrics));
    merged.check();
    return merged;
  }

  /** These settings with one option laid over them, as {@link #merge} does. */
  public <T> BackendSettings with(ConfigOption<T> option, T value) {
    Configuration config = new Configuration();
    config.set(option, value);
    return merge(config);
  }

  /** When the engine writes change segments. */
  public SegmentOptions segments() {
    return new SegmentOptions(segmentsWhen, segmentRunsMax);
  }

  private void check() {
    if (transferThreads < 1) {
      throw refused(EloqStoreOptions.TRANSFER_THREADS, "must be at least 1", transferThreads);
    }
    if (timerCacheSize < 1) {
      throw refused(EloqStoreOptions.TIMER_CACHE_SIZE, "must be at least 1", timerCacheSize);
    }
    if (segmentRunsMax < 1 || segmentRunsMax > SegmentOptions.RUNS_MAX) {
      throw refused(
          EloqStoreOptions.SEGMENT_RUNS_MAX,
          "must be 1 to " + SegmentOptions.RUNS_MAX,
          segmentRunsMax);
    }
    if (fixedBytesPerSlot != 0 && fixedBytesPerSlot < FIXED_BYTES_MIN) {
      throw refused(
          EloqStoreOptions.FIXED_MEMORY_PER_SLOT, "must be at least 1 mb", fixedBytesPerSlot);
    }
    if (!managedMemory && fixedBytesPerSlot == 0) {
      throw refused(
          EloqStoreOptions.USE_MANAGED_MEMORY,
          "may be false only with " + EloqStoreOptions.FIXED_MEMORY_PER_SLOT.key() + " set",
          false);
    }
  }

  private static <T> Optional<T> value(ReadableConfig config, ConfigOption<T> option) {
    try {
      return config.getOptional(option);
    } catch (IllegalArgumentException e) {
      throw new IllegalConfigurationException(
          "Option " + option.key() + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static List<String> directories(String text) {
    List<String> directories = new ArrayList<>();
    for (String part : text.split("[," + File.pathSeparator + "]")) {
      String directory = part.trim();
      if (directory.isEmpty()) {
        continue;
      }
      if (!new File(directory).isAbsolute()) {
        throw refused(
            EloqStoreOptions.LOCAL_DIRECTORIES, "must hold absolute local paths", directory);
      }
      directories.add(directory);
    }
    if (directories.isEmpty()) {
      throw refused(EloqStoreOptions.LOCAL_DIRECTORIES, "must name a directory", text);
    }
    return directories;
  }

  private static IllegalConfigurationException refused(
      ConfigOption<?> option, String rule, Object found) {
    return new IllegalConfigurationException(
        "Option " + option.key() + " " + rule + ", found " + found);
  }
}
