/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.flink.checkpoint.StateTable;
import io.eloqstore.flink.key.KeyedPartition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.StateTtlConfig.RocksdbCompactFilterCleanupStrategy;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.base.ListSerializer;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;

/**
 * Cleans states with a time to live up in the background: expired values go whenever the engine
 * rewrites their pages, and a sweep goes through the rest from time to time.
 *
 * <p>Understands the settings that Flink has for RocksDB's compaction filter: how many entries are
 * looked at between two looks at the clock, and how long a value may lie before it is looked at. If
 * none are given, a sweep follows each period as long as the shortest time to live: so what is
 * swept was written since the last one, and the store is at most about twice as large as what
 * lives.
 *
 * <p>Belongs to the task's thread.
 */
public final class ExpirySweeps {
  /** A sweep reads every leaf, so it does not follow the one before at once. */
  static final long PERIOD_MS_MIN = 60_000;

  private static final int ENTRIES_PER_CLOCK = 1000;
  private static final int TIME_IN_MAP_ENTRY = 1;

  private final List<ExpiryFilter> filters = new ArrayList<>();
  private final StateTable table;
  private final TtlTimeProvider time;
  private final Map<String, Long> periods = new HashMap<>();
  private long lastSweepMs;

  public ExpirySweeps(StateTable table, TtlTimeProvider time) {
    this.table = table;
    this.time = time;
  }

  /** With the first state that needs it: a filter is asked for every entry of a rewritten page. */
  private void setFilters() {
    for (KeyedPartition part : table.partitions().all()) {
      ExpiryFilter filter = new ExpiryFilter(table.layout(), time);
      filters.add(filter);
      part.partition().setEntryFilter(filter);
    }
  }

  /**
   * Takes over the time to live of a state, or that it has none. Its values have the format of the
   * serializer already.
   *
   * @param ids of the state, by partition
   */
  public void register(StateDescriptor<?, ?> descriptor, int[] ids, TypeSerializer<?> serializer) {
    StateTtlConfig config = descriptor.getTtlConfig();
    boolean cleans = config.isEnabled() && config.getCleanupStrategies().inRocksdbCompactFilter();
    if (cleans && filters.isEmpty()) {
      setFilters();
    }
    for (int i = 0; i < filters.size(); i++) {
      filters.get(i).register(ids[i], cleans ? expiry(descriptor, serializer) : null);
    }
    if (!cleans) {
      periods.remove(descriptor.getName());
      return;
    }
    if (periods.isEmpty()) {
      lastSweepMs = time.currentTimestamp();
    }
    RocksdbCompactFilterCleanupStrategy named = named(config);
    periods.put(
        descriptor.getName(),
        named == null
            ? Math.max(config.getTimeToLive().toMillis(), PERIOD_MS_MIN)
            : named.getPeriodicCompactionTime().toMillis());
  }

  /** What the user set; {@code null} when cleanup in the background was left to the backend. */
  private static RocksdbCompactFilterCleanupStrategy named(StateTtlConfig config) {
    return config.getCleanupStrategies().getRocksdbCompactFilterCleanupStrategy();
  }

  private static ExpiryFilter.Expiry expiry(
      StateDescriptor<?, ?> descriptor, TypeSerializer<?> serializer) {
    StateTtlConfig config = descriptor.getTtlConfig();
    RocksdbCompactFilterCleanupStrategy named = named(config);
    TypeSerializer<?> elements =
        serializer instanceof ListSerializer<?> list
                && descriptor.getType() == StateDescriptor.Type.LIST
            ? list.getElementSerializer().duplicate()
            : null;
    return new ExpiryFilter.Expiry(
        config.getTimeToLive().toMillis(),
        named == null ? ENTRIES_PER_CLOCK : Math.max(1, named.getQueryTimeAfterNumEntries()),
        descriptor.getType() == StateDescriptor.Type.MAP ? TIME_IN_MAP_ENTRY : 0,
        elements);
  }

  /**
   * Asks for a sweep if it is time. Called with each checkpoint, so a sweep may be late by the time
   * between two; a period of 0 is none, as in Flink.
   */
  public void sweepIfDue() {
    long period = Long.MAX_VALUE;
    for (long next : periods.values()) {
      period = next > 0 ? Math.min(period, next) : period;
    }
    if (period == Long.MAX_VALUE || time.currentTimestamp() - lastSweepMs < period) {
      return;
    }
    lastSweepMs = time.currentTimestamp();
    table.partitions().all().forEach(part -> part.partition().requestSweep());
  }
}
