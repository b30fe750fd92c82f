/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * The requests of one partition that wait for their turn. Any thread puts in; the serving thread
 * takes out.
 *
 * <p>Invariant: whatever was put in is taken out, for a turn is asked for under the lock that
 * closing takes, too.
 */
final class RequestQueue {
  private final PartitionId id;
  private final ServingLoop loop;
  private final ServingLoop.Turn turn;
  private final Deque<Task<?>> waiting = new ArrayDeque<>();
  private Task<Void> closing;

  RequestQueue(PartitionId id, ServingLoop loop, ServingLoop.Turn turn) {
    this.id = id;
    this.loop = loop;
    this.turn = turn;
  }

  /** Queues a request; its future fails at once when it cannot be. */
  <T> CompletableFuture<T> put(Task<T> task) {
    StoreException refusal = null;
    synchronized (this) {
      if (closing != null) {
        refusal = closed();
      } else if (isFull()) {
        refusal =
            new StoreException(
                StoreErrorCode.BUSY,
                "partition "
                    + id
                    + ": "
                    + ServedPartition.QUEUED_MAX
                    + " requests wait already, no more are queued");
      } else {
        add(task);
      }
    }
    if (refusal != null) {
      task.fail(refusal);
    }
    return task.future();
  }

  /** Queues what gives something back, even if the queue is full; nothing once it is closed. */
  synchronized void putAnyway(Task<?> task) {
    if (closing == null) {
      add(task);
    }
  }

  /** Waits for room, queues a request and waits for the answer. */
  <T> T await(Task<T> task) {
    checkNotServing();
    try {
      synchronized (this) {
        while (closing == null && isFull()) {
          wait();
        }
        if (closing != null) {
          throw closed();
        }
        add(task);
      }
    } catch (InterruptedException e) {
      throw interrupted("room for a request", e);
    }
    return answer(task.future());
  }

  /**
   * Queues the last request and takes no more; the second time it gives the future of the first.
   */
  CompletableFuture<Void> close(Task<Void> last) {
    synchronized (this) {
      if (closing == null) {
        closing = last;
        add(last);
        // Who waits for room is refused.
        notifyAll();
      }
      // A copy: whoever cancels it cancels the waiting, not the closing.
      return closing.future().copy();
    }
  }

  /** Waits for an answer. */
  <T> T answer(CompletableFuture<T> future) {
    checkNotServing();
    try {
      return future.get();
    } catch (InterruptedException e) {
      throw interrupted("the answer to a request", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw new IllegalStateException(e);
    }
  }

  private void checkNotServing() {
    if (loop.isServing()) {
      throw new IllegalStateException(
          "a request that waits, made on the serving thread of partition "
              + id
              + ", would wait for itself");
    }
  }

  private StoreException interrupted(String what, InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new StoreException(
        StoreErrorCode.BUSY, "partition " + id + ": interrupted while waiting for " + what, cause);
  }

  private StoreException closed() {
    return new StoreException(
        StoreErrorCode.CLOSED, "partition " + id + " was closed before the request");
  }

  private boolean isFull() {
    return waiting.size() >= ServedPartition.QUEUED_MAX;
  }

  private void add(Task<?> task) {
    waiting.add(task);
    loop.request(turn);
  }

  synchronized int size() {
    return waiting.size();
  }

  /** Takes the oldest request out; there must be one. */
  synchronized Task<?> poll() {
    notifyAll();
    return waiting.remove();
  }
}
