/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.shard;

import io.eloqstore.api.StoreClock;
import io.eloqstore.task.ServingLoop;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The one serving thread of a shard: gives its served partitions their turns one after the other,
 * in the order in which they asked, so that no partition starves another. Beside it a thread that
 * publishes.
 *
 * <p>Any thread asks; only this thread runs turns. Neither is ever interrupted, for they do file
 * I/O.
 */
final class ServingThread implements ServingLoop, AutoCloseable {

  /** A turn that comes later: asked for at one time, due at another, milliseconds. */
  private record Due(long askedMs, long dueMs) {
    /** A clock that was set back makes it due, too. */
    boolean isOver(long nowMs) {
      return nowMs >= dueMs || nowMs < askedMs;
    }
  }

  private final StoreClock clock;
  private final Deque<Turn> queue = new ArrayDeque<>();
  private final Set<Turn> queued = new HashSet<>();
  private final Set<Turn> partitions = new HashSet<>();
  private final Map<Turn, Due> later = new HashMap<>();
  private final Thread thread;
  private final ExecutorService publishing;
  private boolean closed;

  /**
   * @param number of the shard, for the threads' names
   */
  ServingThread(int number, StoreClock clock) {
    this.clock = clock;
    publishing =
        Executors.newSingleThreadExecutor(work -> daemon(work, "eloqstore-publishing-" + number));
    thread = daemon(this::loop, "eloqstore-serving-" + number);
    thread.start();
  }

  private static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public synchronized void register(Turn turn) {
    partitions.add(turn);
  }

  @Override
  public synchronized void request(Turn turn) {
    if (partitions.contains(turn)) {
      enqueue(turn);
    }
  }

  private void enqueue(Turn turn) {
    if (queued.add(turn)) {
      queue.add(turn);
      notifyAll();
    }
  }

  @Override
  public synchronized void requestAt(Turn turn, long dueMs) {
    later.put(turn, new Due(clock.nowMs(), dueMs));
    notifyAll();
  }

  @Override
  public void publish(Runnable work) {
    publishing.execute(work);
  }

  @Override
  public synchronized void retire(Turn turn) {
    partitions.remove(turn);
    later.remove(turn);
    if (queued.remove(turn)) {
      queue.remove(turn);
    }
  }

  @Override
  public boolean isServing() {
    return Thread.currentThread() == thread;
  }

  /** Somebody waits for write-buffer memory: served partitions give theirs. Any thread. */
  void relieve() {
    List<Turn> all;
    synchronized (this) {
      all = List.copyOf(partitions);
    }
    for (Turn turn : all) {
      turn.memoryIsShort();
    }
    synchronized (this) {
      for (Turn turn : all) {
        if (partitions.contains(turn)) {
          enqueue(turn);
        }
      }
    }
  }

  private void loop() {
    for (Turn turn; (turn = next()) != null; ) {
      turn.run();
    }
  }

  /** Waits for the next turn; {@code null} at the end. */
  private synchronized Turn next() {
    while (true) {
      long waitMs = enqueueDue();
      if (!queue.isEmpty()) {
        Turn turn = queue.poll();
        queued.remove(turn);
        return turn;
      }
      if (closed) {
        return null;
      }
      try {
        wait(waitMs);
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts the serving thread of a shard", e);
      }
    }
  }

  /**
   * Queues the turns that are due.
   *
   * @return milliseconds until the next one is; 0 when there is none
   */
  private long enqueueDue() {
    if (later.isEmpty()) {
      return 0;
    }
    long nowMs = clock.nowMs();
    long waitMs = Long.MAX_VALUE;
    for (Iterator<Map.Entry<Turn, Due>> all = later.entrySet().iterator(); all.hasNext(); ) {
      Map.Entry<Turn, Due> entry = all.next();
      if (entry.getValue().isOver(nowMs)) {
        all.remove();
        enqueue(entry.getKey());
      } else {
        waitMs = Math.min(waitMs, entry.getValue().dueMs() - nowMs);
      }
    }
    return waitMs == Long.MAX_VALUE ? 0 : waitMs;
  }

  /** Ends both threads when nothing is left to do. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        thread.join();
        publishing.shutdown();
        ended = publishing.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
