/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.shard;

import io.eloqstore.api.StoreClock;
import io.eloqstore.partition.Background;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The one background thread of a shard: runs the steps of its partitions one after the other, in
 * the order they were asked for, so that no partition starves another.
 *
 * <p>Any thread asks; only this thread runs. It is never interrupted, for it does file I/O.
 */
final class BackgroundWorker implements Background, AutoCloseable {
  private static final long NANOS_PER_MS = 1_000_000;
  private static final long TICK_NANOS = 1_000 * NANOS_PER_MS;

  private final Deque<Step> queue = new ArrayDeque<>();
  private final Set<Step> queued = new HashSet<>();
  private final Set<Step> partitions = new LinkedHashSet<>();
  private final Thread thread;
  private Step running;
  private StoreClock clock;
  private long nextTick;
  private boolean closed;
  private volatile Runnable relief = () -> {};

  BackgroundWorker(String name) {
    thread = new Thread(this::loop, name);
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public synchronized void request(Step step) {
    if (closed) {
      throw new IllegalStateException("the shard is closed");
    }
    if (queued.add(step)) {
      queue.add(step);
      notifyAll();
    }
  }

  /** A partition takes part in {@link #relieve} from now on. */
  synchronized void register(Step step) {
    partitions.add(step);
  }

  /** Called, on any thread, when somebody on the shard waits for write-buffer memory. */
  void onRelief(Runnable action) {
    relief = action;
  }

  /** From now on asks about every second what time has made due. */
  synchronized void startTicking(StoreClock newClock) {
    clock = newClock;
    nextTick = System.nanoTime() + TICK_NANOS;
    notifyAll();
  }

  /** Asks for a call of every partition that time has made work for. Any thread. */
  synchronized void tick(long nowMs) {
    for (Step step : partitions) {
      if (!closed && step.isDue(nowMs)) {
        request(step);
      }
    }
  }

  @Override
  public synchronized boolean hasWork() {
    return running != null || !queue.isEmpty();
  }

  @Override
  public boolean freezeLarger(Step asking, long bytes) {
    Step largest = null;
    synchronized (this) {
      long most = bytes;
      for (Step other : partitions) {
        long freezable = other == asking ? 0 : other.freezableBytes();
        if (freezable > most) {
          most = freezable;
          largest = other;
        }
      }
    }
    return largest != null && largest.giveBack();
  }

  @Override
  public boolean relieve(Step asking) {
    List<Step> others;
    synchronized (this) {
      others = List.copyOf(partitions);
    }
    boolean willCome = false;
    for (Step other : others) {
      if (other != asking) {
        willCome |= other.giveBack();
      }
    }
    relief.run();
    return willCome;
  }

  @Override
  public void retire(Step step) {
    boolean interrupted = false;
    synchronized (this) {
      partitions.remove(step);
      if (queued.remove(step)) {
        queue.remove(step);
      }
      while (running == step) {
        try {
          wait();
        } catch (InterruptedException e) {
          // The step does file I/O and ends by itself; the caller keeps its interrupt.
          interrupted = true;
        }
        if (queued.remove(step)) {
          queue.remove(step);
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void loop() {
    while (true) {
      Step step;
      synchronized (this) {
        running = null;
        notifyAll();
        tickIfTime();
        while (queue.isEmpty() && !closed) {
          try {
            awaitRequest();
          } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the worker of a shard", e);
          }
        }
        if (queue.isEmpty()) {
          return;
        }
        step = queue.poll();
        queued.remove(step);
        running = step;
      }
      step.run();
    }
  }

  private void awaitRequest() throws InterruptedException {
    if (clock == null) {
      wait();
      return;
    }
    long left = nextTick - System.nanoTime();
    if (left > 0) {
      wait(left / NANOS_PER_MS + 1);
    }
    tickIfTime();
  }

  private void tickIfTime() {
    if (clock != null && System.nanoTime() - nextTick >= 0) {
      nextTick = System.nanoTime() + TICK_NANOS;
      tick(clock.nowMs());
    }
  }

  /** Ends the thread when its queue is empty. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
