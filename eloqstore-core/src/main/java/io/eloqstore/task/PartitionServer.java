/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ScanPager;
import io.eloqstore.api.ServeDurability;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does the requests of one partition, a turn at a time: everything that is queued, in order.
 *
 * <p>Publishing is the publishing thread's, so requests go on meanwhile; writes that are to be
 * durable gather until it is done and are then published together. Only then their futures
 * complete.
 *
 * <p>It owns the partition. All but {@link #queue()} and {@link #memoryIsShort} is the serving
 * thread's.
 *
 * <p>Invariants: publications are of one order, in which they were frozen; of those that writes
 * gather for only one is under way; what waits here is at most what the queue may hold.
 */
final class PartitionServer implements ServingLoop.Turn {
  private static final Logger LOG = LoggerFactory.getLogger(PartitionServer.class);

  /** Publications that are under way at most: each commit that is asked for is one. */
  private static final int PUBLICATIONS_MAX = 16;

  private final OwnedPartition partition;
  private final ServeDurability durability;
  private final ServingLoop loop;
  private final StoreClock clock;
  private final RequestQueue queue;
  private final Set<ScanPager> scans = new LinkedHashSet<>();
  private final List<Task<?>> unpublished = new ArrayList<>();
  private final Deque<Publication> publications = new ArrayDeque<>();
  private volatile boolean memoryIsShort;
  // Whether writes were done since the last freeze point.
  private boolean changed;
  // The publication to come of an interval.
  private boolean scheduled;
  private long scheduledMs;
  private long dueMs;
  // Why a publication failed that nobody waited for.
  private Throwable unpublishable;
  private Task<?> closing;

  PartitionServer(
      OwnedPartition partition, ServeDurability durability, ServingLoop loop, StoreClock clock) {
    this.partition = partition;
    this.durability = durability;
    this.loop = loop;
    this.clock = clock;
    this.queue = new RequestQueue(partition.id(), loop, this);
  }

  RequestQueue queue() {
    return queue;
  }

  @Override
  public void memoryIsShort() {
    memoryIsShort = true;
  }

  @Override
  public void run() {
    try {
      settle();
      // Those that come meanwhile ask for a turn of their own. A full server is given one when the
      // publication under way is done.
      for (int left = queue.size(); left > 0 && !isFull(); left--) {
        serve(queue.poll());
      }
      publishIfDue();
      giveBackIfAsked();
      if (closing != null) {
        goOnClosing();
      }
    } catch (RuntimeException | Error e) {
      // The serving thread has others to serve, and nobody may wait for ever.
      LOG.error("a turn of partition {} failed", partition.id(), e);
      unpublished.forEach(task -> task.fail(e));
      unpublished.clear();
      if (closing != null) {
        closing.fail(e);
      }
    }
  }

  private boolean isFull() {
    return unpublished.size() >= ServedPartition.QUEUED_MAX
        || publications.size() >= PUBLICATIONS_MAX;
  }

  private void serve(Task<?> task) {
    if (task.kind() == Task.Kind.CLOSE) {
      closing = task;
    } else if (!task.isSettled()) {
      switch (task.kind()) {
        case WRITE -> write(task);
        case PUBLISH -> publish(task);
        default -> {
          task.run(partition);
          task.finish();
        }
      }
    }
  }

  private void write(Task<?> task) {
    boolean done = task.run(partition);
    changed |= done;
    if (done && durability.when() == ServeDurability.When.EACH_COMMIT) {
      unpublished.add(task);
      return;
    }
    if (changed && durability.when() == ServeDurability.When.INTERVAL && !scheduled) {
      // Before anybody knows of the write: the interval begins with the first.
      scheduled = true;
      scheduledMs = clock.nowMs();
      dueMs = scheduledMs + durability.intervalMs();
      loop.requestAt(this, dueMs);
    }
    task.finish();
  }

  private void giveBackIfAsked() {
    if (memoryIsShort) {
      memoryIsShort = false;
      if (changed) {
        // It fails only if the partition is poisoned, which every later write is told.
        Requests.flush().run(partition);
      }
    }
  }

  // ---- publishing -------------------------------------------------------------------------------

  /** A publication that is asked for is of exactly what was done before. */
  private void publish(Task<?> asked) {
    if (asked.run(partition)) {
      unpublished.add(asked);
      startPublication(asked.metadata());
    } else {
      asked.finish();
    }
  }

  private void publishIfDue() {
    if (!unpublished.isEmpty()) {
      if (publications.isEmpty()) {
        startPublication(null);
      }
    } else if (scheduled && isIntervalOver()) {
      startPublication(null);
    }
  }

  private boolean isIntervalOver() {
    long nowMs = clock.nowMs();
    return nowMs >= dueMs || nowMs < scheduledMs;
  }

  /**
   * Fixes what was done so far, for the publishing thread.
   *
   * @param metadata {@code null} for those that were published last
   */
  private void startPublication(Map<String, byte[]> metadata) {
    List<Task<?>> waiting = List.copyOf(unpublished);
    unpublished.clear();
    changed = false;
    scheduled = false;
    FreezePoint point;
    try {
      point = partition.freeze();
    } catch (RuntimeException | Error e) {
      waiting.forEach(task -> task.fail(e));
      if (waiting.isEmpty()) {
        failedUnattended(e);
      }
      return;
    }
    Publication publication = new Publication(point, metadata, waiting);
    publications.add(publication);
    loop.publish(
        () -> {
          publication.run(partition);
          loop.request(this);
        });
  }

  /** Tells those whose publications are done. */
  private void settle() {
    while (!publications.isEmpty() && publications.peek().isDone()) {
      Publication done = publications.poll();
      Throwable failure = done.settle();
      if (failure != null && done.isUnattended()) {
        failedUnattended(failure);
      }
    }
  }

  private void failedUnattended(Throwable failure) {
    LOG.warn("partition {}: what was written is not published", partition.id(), failure);
    if (unpublishable == null) {
      unpublishable = failure;
    }
  }

  // ---- scans ------------------------------------------------------------------------------------

  /** Keeps a scan until it is {@linkplain #ended ended}. */
  void opened(ScanPager scan) {
    scans.add(scan);
  }

  void checkScanAllowed() {
    if (scans.size() >= ServedPartition.SCANS_MAX) {
      throw new StoreException(
          StoreErrorCode.BUSY,
          "partition "
              + partition.id()
              + ": "
              + ServedPartition.SCANS_MAX
              + " scans are open, no more are opened");
    }
  }

  boolean isOpen(ScanPager scan) {
    return scans.contains(scan);
  }

  void ended(ScanPager scan) {
    if (scans.remove(scan)) {
      scan.close();
    }
  }

  // ---- closing ----------------------------------------------------------------------------------

  /** Publishes the last writes; closes when all publications are done. */
  private void goOnClosing() {
    if (!unpublished.isEmpty() || changed && isPublishedByClosing()) {
      startPublication(null);
    }
    if (!publications.isEmpty()) {
      return;
    }
    // Closed with the partition.
    scans.clear();
    loop.retire(this);
    boolean closed = closing.run(partition);
    if (unpublishable == null) {
      closing.finish();
    } else {
      if (!closed) {
        unpublishable.addSuppressed(closing.failure());
      }
      closing.fail(unpublishable);
    }
  }

  private boolean isPublishedByClosing() {
    return durability.when() == ServeDurability.When.INTERVAL
        || durability.when() == ServeDurability.When.ON_CLOSE;
  }
}
