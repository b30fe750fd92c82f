/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ScanPager;
import io.eloqstore.api.ServeDurability;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does the requests of one partition, a turn at a time: everything that is queued, in order; then,
 * if each commit is to be durable, one publication for all writes of the turn, and only then their
 * futures.
 *
 * <p>It owns the partition. All but {@link #queue()} and {@link #memoryIsShort} is the serving
 * thread's.
 */
final class PartitionServer implements ServingLoop.Turn {
  private static final Logger LOG = LoggerFactory.getLogger(PartitionServer.class);

  private final OwnedPartition partition;
  private final ServeDurability durability;
  private final ServingLoop loop;
  private final StoreClock clock;
  private final RequestQueue queue;
  private final Set<ScanPager> scans = new LinkedHashSet<>();
  private final List<Task<?>> unpublished = new ArrayList<>();
  private volatile boolean memoryIsShort;
  // Whether writes were done since the last publication.
  private boolean changed;
  // The publication to come of an interval.
  private boolean scheduled;
  private long scheduledMs;
  private long dueMs;

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
    List<Task<?>> group = queue.takeAll();
    try {
      for (Task<?> task : group) {
        // What was cancelled is not done; nobody closes but this.
        if (!task.isSettled() || task.kind() == Task.Kind.CLOSE) {
          serve(task);
        }
      }
      publishIfDue();
      giveBackIfAsked();
    } catch (RuntimeException | Error e) {
      LOG.warn("a turn of partition {} failed", partition.id(), e);
      unpublished.clear();
      group.forEach(task -> task.fail(e));
    }
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

  private void serve(Task<?> task) {
    switch (task.kind()) {
      case WRITE -> {
        boolean done = task.run(partition);
        changed |= done;
        if (done && durability.when() == ServeDurability.When.EACH_COMMIT) {
          unpublished.add(task);
        } else {
          task.finish();
        }
      }
      case PUBLISH -> publish(task);
      case CLOSE -> close(task);
      default -> {
        task.run(partition);
        task.finish();
      }
    }
  }

  // ---- publishing -------------------------------------------------------------------------------

  private void publishIfDue() {
    if (!unpublished.isEmpty()) {
      publish();
    } else if (changed && durability.when() == ServeDurability.When.INTERVAL) {
      publishAtInterval();
    }
  }

  private void publishAtInterval() {
    long nowMs = clock.nowMs();
    if (scheduled && (nowMs >= dueMs || nowMs < scheduledMs)) {
      scheduled = false;
      Throwable failure = publish();
      if (failure != null) {
        LOG.warn("partition {}: what was written is not published", partition.id(), failure);
      }
    } else if (!scheduled) {
      scheduled = true;
      scheduledMs = nowMs;
      dueMs = nowMs + durability.intervalMs();
      loop.requestAt(this, dueMs);
    }
  }

  /** A publication that somebody asked for. Should it fail, writes wait for that of the turn. */
  private void publish(Task<?> publication) {
    if (publication.run(partition)) {
      published();
    }
    publication.finish();
  }

  /** A publication of the server's own: those who wait for it are told how it went. */
  private Throwable publish() {
    Task<Void> publication = Requests.publish();
    if (publication.run(partition)) {
      published();
    } else {
      List<Task<?>> waited = List.copyOf(unpublished);
      unpublished.clear();
      waited.forEach(task -> task.fail(publication.failure()));
    }
    return publication.failure();
  }

  private void published() {
    changed = false;
    scheduled = false;
    List<Task<?>> waited = List.copyOf(unpublished);
    unpublished.clear();
    waited.forEach(Task::finish);
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

  private void close(Task<?> closing) {
    Throwable first = null;
    if (!unpublished.isEmpty() || changed && isPublishedByClosing()) {
      Throwable failure = publish();
      // Those who wait for each publication are told by their own futures.
      first = isPublishedByClosing() ? failure : null;
    }
    // Closed with the partition.
    scans.clear();
    changed = false;
    loop.retire(this);
    if (!closing.run(partition)) {
      first = joined(first, closing.failure());
    }
    if (first == null) {
      closing.finish();
    } else {
      closing.fail(first);
    }
  }

  private boolean isPublishedByClosing() {
    return durability.when() == ServeDurability.When.INTERVAL
        || durability.when() == ServeDurability.When.ON_CLOSE;
  }

  private static Throwable joined(Throwable first, Throwable later) {
    if (first == null) {
      return later;
    }
    if (first != later) {
      first.addSuppressed(later);
    }
    return first;
  }
}
