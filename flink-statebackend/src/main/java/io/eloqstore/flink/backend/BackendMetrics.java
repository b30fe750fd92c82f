/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.backend;

import io.eloqstore.api.StoreException;
import io.eloqstore.flink.checkpoint.TransferCounts;
import io.eloqstore.flink.key.KeyedPartition;
import io.eloqstore.flink.key.KeyedPartitions;
import io.eloqstore.flink.resource.BackendLease;
import io.eloqstore.shard.ShardStatistics;
import java.util.function.ToLongFunction;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

/**
 * The metrics of a keyed backend, in the group {@code eloqstore} of its operator. Memory and cache
 * are those of the slot: the operators in it report the same.
 *
 * <p>Read by the threads of the reporters.
 */
record BackendMetrics(BackendLease lease, KeyedPartitions partitions, TransferCounts transfers) {
  static final String GROUP = "eloqstore";

  void register(MetricGroup operator) {
    MetricGroup group = operator.addGroup(GROUP);
    gauge(group, "memory-budget-bytes", ShardStatistics::budgetBytes);
    gauge(group, "memory-write-buffer-bytes", ShardStatistics::writeBufferBytes);
    gauge(group, "memory-mapping-bytes", ShardStatistics::mappingBytes);
    gauge(group, "memory-page-cache-bytes", ShardStatistics::frameBytes);
    gauge(group, "memory-io-bytes", ShardStatistics::ioBytes);
    gauge(group, "page-cache-hits", ShardStatistics::pageHits);
    gauge(group, "page-cache-misses", ShardStatistics::pageMisses);
    gauge(group, "page-cache-evictions", ShardStatistics::pageEvictions);
    group.gauge("partitions", (Gauge<Integer>) () -> partitions.all().size());
    group.gauge("estimate-num-keys", (Gauge<Long>) this::entries);
    group.gauge("restore-fetched-bytes", (Gauge<Long>) transfers::fetchedBytes);
    group.gauge("restore-fetched-files", (Gauge<Long>) transfers::fetchedFiles);
    group.gauge("checkpoint-uploaded-bytes", (Gauge<Long>) transfers::uploadedBytes);
    group.gauge("checkpoint-reused-bytes", (Gauge<Long>) transfers::reusedBytes);
  }

  private void gauge(MetricGroup group, String name, ToLongFunction<ShardStatistics> value) {
    group.gauge(name, (Gauge<Long>) () -> value.applyAsLong(lease.statistics()));
  }

  private long entries() {
    long entries = 0;
    for (KeyedPartition part : partitions.all()) {
      try {
        entries += lease.isClosed() ? 0 : part.partition().approximateEntryCount();
      } catch (StoreException e) {
        // Closed between the question and the answer: there is nothing to count any more.
        return 0;
      }
    }
    return entries;
  }
}
