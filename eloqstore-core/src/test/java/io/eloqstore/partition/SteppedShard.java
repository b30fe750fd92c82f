/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.cache.PageCache;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.metrics.EngineCounters;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A shard in memory whose background work is done when the test says so, on the test's thread. */
final class SteppedShard implements PartitionResources, Background, AutoCloseable {
  private static final Path STORE = Path.of("/store");

  final FaultPlan plan = FaultPlan.of(1);
  final MemoryBudget budget;
  final MemoryBackend io;
  private final PageCache cache;
  private final EngineCounters counters = new EngineCounters();
  private final Set<Step> requested = new LinkedHashSet<>();
  private final Set<Step> partitions = new LinkedHashSet<>();

  /** Whether a request is done at once, by who asks. */
  boolean runsAtOnce;

  long bufferBytesMax = Long.MAX_VALUE;

  StoreClock clock = () -> 1;

  SteppedShard(long budgetBytes) {
    budget = new MemoryBudget(budgetBytes);
    cache = new PageCache(budget);
    io = MemoryBackend.simulated(budget.arena(), plan);
    io.createDirectories(STORE);
    budget.setLimit(MemoryUse.MAPPING, budget.arena().bytes() / 2);
    budget.setLimit(MemoryUse.WRITE_BUFFER, budget.arena().bytes() / 2);
  }

  Partition open(int number, StoreOptions options) {
    PartitionId id = new PartitionId("t", number);
    Partition partition = Opening.open(this, directory(number), id, options, null, false);
    partitions.add(partition.backgroundStep());
    return partition;
  }

  static Path directory(int number) {
    return STORE.resolve(new PartitionId("t", number).directoryName());
  }

  /** Does all background work that was asked for. */
  void work() {
    while (true) {
      Step next;
      synchronized (requested) {
        if (requested.isEmpty()) {
          return;
        }
        next = requested.iterator().next();
        requested.remove(next);
      }
      next.run();
    }
  }

  @Override
  public void request(Step step) {
    if (runsAtOnce) {
      step.run();
    } else {
      synchronized (requested) {
        requested.add(step);
      }
    }
  }

  @Override
  public void retire(Step step) {
    synchronized (requested) {
      requested.remove(step);
    }
    partitions.remove(step);
  }

  @Override
  public boolean relieve(Step asking) {
    boolean willCome = false;
    for (Step step : List.copyOf(partitions)) {
      if (step != asking) {
        willCome |= step.giveBack();
      }
    }
    return willCome;
  }

  @Override
  public MemoryBudget budget() {
    return budget;
  }

  @Override
  public PageCache cache() {
    return cache;
  }

  @Override
  public IoBackend io() {
    return io;
  }

  @Override
  public StoreClock clock() {
    return () -> clock.nowMs();
  }

  @Override
  public EngineCounters counters() {
    return counters;
  }

  @Override
  public Background background() {
    return this;
  }

  @Override
  public long bufferBytesMax() {
    return bufferBytesMax;
  }

  @Override
  public void mappingChanged() {
    long left = budget.arena().bytes() - budget.used(MemoryUse.MAPPING);
    budget.setLimit(MemoryUse.WRITE_BUFFER, left / 2);
  }

  /** Fails when memory or files leaked. */
  @Override
  public void close() {
    io.close();
    cache.removeRange(0, Long.MAX_VALUE);
    budget.close();
  }
}
