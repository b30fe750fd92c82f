/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.shard;

import io.eloqstore.api.PartitionStatistics;
import io.eloqstore.api.ReadCounts;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.cache.PageCache;
import io.eloqstore.file.OpenFileCache;
import io.eloqstore.io.IoBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.metrics.EngineCounters;
import io.eloqstore.partition.Background;
import io.eloqstore.partition.Partition;
import io.eloqstore.partition.PartitionResources;
import io.eloqstore.task.ServingLoop;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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
  private final MemoryBudget budget;
  private final PageCache cache;
  private final OpenFileCache io;
  private final IoBackend unforcedIo;
  private final StoreClock clock;
  private final BackgroundWorker worker;
  private ServingThread serving;
  // Of the write buffers that are not frozen.
  private final AtomicLong activeBytes = new AtomicLong();
  private volatile long activeBytesMax;
  private final EngineCounters counters = new EngineCounters();
  private final Set<Partition> partitions = new LinkedHashSet<>();
  private ReadCounts readsOfClosed = ReadCounts.NONE;
  private boolean closed;

  /**
   * @param budgetBytes all memory off the heap; {@link MemoryBudget#BUDGET_BYTES_MIN} to {@link
   *     MemoryBudget#BUDGET_BYTES_MAX}
   * @param backend makes the I/O backend over the shard's arena; closed with the shard
   */
  public Shard(long budgetBytes, Function<MemoryBudget, IoBackend> backend, StoreClock clock) {
    this(budgetBytes, backend, clock, ShardOptions.OPEN_FILES_MAX_DEFAULT);
  }

  /**
   * As above.
   *
   * @param openFilesMax see {@link ShardOptions}
   */
  public Shard(
      long budgetBytes,
      Function<MemoryBudget, IoBackend> backend,
      StoreClock clock,
      int openFilesMax) {
    this.budget = new MemoryBudget(budgetBytes);
    this.cache = new PageCache(budget);
    this.io = new OpenFileCache(backend.apply(budget), openFilesMax);
    this.unforcedIo = io.unforced();
    this.clock = clock;
    this.worker = new BackgroundWorker("eloqstore-worker-" + number);
    long half = budget.arena().bytes() / 2;
    budget.setLimit(MemoryUse.MAPPING, half);
    budget.setLimit(MemoryUse.WRITE_BUFFER, half);
    limitActiveBuffers();
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
  public OpenFileCache io() {
    return io;
  }

  @Override
  public IoBackend io(StoreOptions.Durability durability) {
    return durability == StoreOptions.Durability.NEVER ? unforcedIo : io;
  }

  @Override
  public StoreClock clock() {
    return clock;
  }

  @Override
  public Background background() {
    return worker;
  }

  /**
   * What active buffers may still take. So a third of the memory stays for buffers that are being
   * flushed; buffers that grow together get equal shares of the rest; one that lies idle, whose
   * owner alone could freeze it, leaves room for every later one; and an empty one takes no share.
   */
  @Override
  public long bufferBytesMax() {
    return Math.max(1, activeBytesMax - activeBytes.get());
  }

  @Override
  public void bufferGrew(long bytes) {
    activeBytes.addAndGet(bytes);
  }

  @Override
  public void mappingChanged() {
    long left = budget.arena().bytes() - budget.used(MemoryUse.MAPPING);
    budget.setLimit(MemoryUse.WRITE_BUFFER, left / 2);
    limitActiveBuffers();
  }

  private void limitActiveBuffers() {
    activeBytesMax = budget.limit(MemoryUse.WRITE_BUFFER) / 3 * 2;
  }

  /** From now on time alone makes the worker look for work, about every second. */
  public void startTimer() {
    worker.startTicking(clock);
  }

  /** Has the worker do what time has made due by the shard's clock: what the timer does. */
  public void tick() {
    worker.tick(clock.nowMs());
  }

  /** The size asked for, bytes. */
  public long budgetBytes() {
    return budget.budgetBytes();
  }

  @Override
  public EngineCounters counters() {
    return counters;
  }

  /** A look at counters, cheap enough to be taken every second. */
  public ShardStatistics statistics() {
    List<Partition> open;
    ReadCounts reads;
    synchronized (this) {
      open = List.copyOf(partitions);
      reads = readsOfClosed;
    }
    long live = 0;
    long garbage = 0;
    long oldestPinMs = 0;
    for (Partition partition : open) {
      PartitionStatistics one = partition.statistics();
      reads = reads.plus(one.reads());
      live += one.liveBytes();
      garbage += one.garbageBytes();
      oldestPinMs = Math.max(oldestPinMs, one.oldestPinMs());
    }
    return new ShardStatistics(
        budget.budgetBytes(),
        budget.used(MemoryUse.WRITE_BUFFER),
        budget.used(MemoryUse.MAPPING),
        budget.used(MemoryUse.FRAME),
        budget.used(MemoryUse.IO),
        cache.hits(),
        cache.misses(),
        cache.evictions(),
        reads,
        counters.pagesRead(),
        counters.written(),
        counters.durations(),
        new ShardStatistics.Partitions(open.size(), live, garbage, oldestPinMs),
        new ShardStatistics.Files(io.openHandles(), io.opened(), io.evicted()));
  }

  /** A look at each open partition, in the order they were opened. */
  public List<PartitionStatistics> partitionStatistics() {
    List<Partition> open;
    synchronized (this) {
      open = List.copyOf(partitions);
    }
    return open.stream().map(Partition::statistics).toList();
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
    partitions.add(partition);
    worker.register(partition.backgroundStep());
  }

  /** A partition is closed. */
  public synchronized void left(Partition partition) {
    if (partitions.remove(partition)) {
      readsOfClosed = readsOfClosed.plus(partition.statistics().reads());
    }
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
      if (!partitions.isEmpty()) {
        throw new IllegalStateException(
            partitions.size() + " partitions are still open: close their stores before the shard");
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
