/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.shard;

import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.cache.PageCache;
import io.eloqstore.io.IoBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.partition.Background;
import io.eloqstore.partition.Partition;
import io.eloqstore.partition.PartitionResources;
import io.eloqstore.task.ServingLoop;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * What the stores of one task slot share: one memory budget, one page cache, one I/O backend, one
 * background thread, and one serving thread once a partition is served. It has no directory; stores
 * in any directory are opened on it.
 *
 * <p>Any thread. Closed after its stores.
 */
public final class Shard implements PartitionResources, AutoCloseable {
  private static final AtomicInteger NUMBERS = new AtomicInteger();

  private final int number = NUMBERS.incrementAndGet();

  /** Share of the write-buffer memory that one partition's buffer may grow to, at most. */
  private static final int BUFFERS_IN_FLIGHT = 2;

  private final MemoryBudget budget;
  private final PageCache cache;
  private final IoBackend io;
  private final StoreClock clock;
  private final BackgroundWorker worker;
  private volatile long bufferBytesMax;
  private ServingThread serving;
  private int partitions;
  private boolean closed;

  /**
   * @param budgetBytes all memory off the heap; {@link MemoryBudget#BUDGET_BYTES_MIN} to {@link
   *     MemoryBudget#BUDGET_BYTES_MAX}
   * @param backend makes the I/O backend over the shard's arena; closed with the shard
   */
  public Shard(long budgetBytes, Function<MemoryBudget, IoBackend> backend, StoreClock clock) {
    this.budget = new MemoryBudget(budgetBytes);
    this.cache = new PageCache(budget);
    this.io = backend.apply(budget);
    this.clock = clock;
    this.worker = new BackgroundWorker("eloqstore-worker-" + number);
    long half = budget.arena().bytes() / 2;
    budget.setLimit(MemoryUse.MAPPING, half);
    budget.setLimit(MemoryUse.WRITE_BUFFER, half);
    shareWriteMemory();
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
    return clock;
  }

  @Override
  public Background background() {
    return worker;
  }

  @Override
  public long bufferBytesMax() {
    return bufferBytesMax;
  }

  @Override
  public void mappingChanged() {
    long left = budget.arena().bytes() - budget.used(MemoryUse.MAPPING);
    budget.setLimit(MemoryUse.WRITE_BUFFER, left / 2);
    shareWriteMemory();
  }

  private void shareWriteMemory() {
    // Two more than there are partitions: while every active buffer is full, two can still be
    // flushed.
    bufferBytesMax =
        budget.limit(MemoryUse.WRITE_BUFFER)
            / (Math.max(1, worker.partitionCount()) + BUFFERS_IN_FLIGHT);
  }

  /** The size asked for, bytes. */
  public long budgetBytes() {
    return budget.budgetBytes();
  }

  /** A look at counters, cheap enough to be taken every second. */
  public ShardStatistics statistics() {
    return new ShardStatistics(
        budget.budgetBytes(),
        budget.used(MemoryUse.WRITE_BUFFER),
        budget.used(MemoryUse.MAPPING),
        budget.used(MemoryUse.FRAME),
        budget.used(MemoryUse.IO),
        cache.hits(),
        cache.misses(),
        cache.evictions());
  }

  /** The thread that serves partitions to others, started when the first is served. */
  public synchronized ServingLoop serving() {
    if (closed) {
      throw new StoreException(StoreErrorCode.CLOSED, "the shard was closed before the call");
    }
    if (serving == null) {
      serving = new ServingThread(number, clock);
      worker.onRelief(serving::relieve);
    }
    return serving;
  }

  /** Whether the calling thread is the one that serves partitions. */
  public synchronized boolean isServing() {
    return serving != null && serving.isServing();
  }

  /** Counts an open partition; it must be {@linkplain #left left} before the shard is closed. */
  public synchronized void joined(Partition partition) {
    if (closed) {
      throw new StoreException(StoreErrorCode.CLOSED, "the shard was closed before the call");
    }
    partitions++;
    worker.register(partition.backgroundStep());
    shareWriteMemory();
  }

  public synchronized void left() {
    partitions--;
    shareWriteMemory();
  }

  /**
   * Ends the worker and gives the memory back.
   *
   * @throws IllegalStateException when a partition is still open, or memory or files leaked
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      if (isServing()) {
        throw new IllegalStateException("the serving thread cannot end itself");
      }
      if (partitions != 0) {
        throw new IllegalStateException(
            partitions + " partitions are still open: close their stores before the shard");
      }
      closed = true;
    }
    if (serving != null) {
      serving.close();
    }
    worker.close();
    int openFiles = io.openFiles();
    io.close();
    cache.removeRange(0, Long.MAX_VALUE);
    budget.close();
    if (openFiles != 0) {
      throw new IllegalStateException(openFiles + " files were not closed");
    }
  }
}
