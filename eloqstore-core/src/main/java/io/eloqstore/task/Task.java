/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.ServedScan;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * One request on its way: first queued, then {@linkplain #run run}, then {@linkplain #finish
 * finished}, between which a write may wait to be published.
 *
 * <p>Made by any thread; after it was queued it is the serving thread's.
 */
final class Task<T> {

  /** What the server has to do about it. */
  enum Kind {
    /** Changes nothing that would have to be published. */
    READ,
    WRITE,
    /** Has what was done before published; its work is to check its arguments. */
    PUBLISH,
    /** Ends the server. */
    CLOSE
  }

  private final Kind kind;
  private final Work<T> work;
  private final Map<String, byte[]> metadata;
  private final CompletableFuture<T> future = new CompletableFuture<>();
  private T result;
  private Throwable failure;

  Task(Kind kind, Work<T> work) {
    this(kind, work, null);
  }

  /**
   * @param metadata what a publication carries
   */
  Task(Kind kind, Work<T> work, Map<String, byte[]> metadata) {
    this.kind = kind;
    this.work = work;
    this.metadata = metadata;
  }

  Kind kind() {
    return kind;
  }

  Map<String, byte[]> metadata() {
    return metadata;
  }

  CompletableFuture<T> future() {
    return future;
  }

  /** Whether somebody completed or cancelled the future: then nobody waits for the request. */
  boolean isSettled() {
    return future.isDone();
  }

  /**
   * Does the work and keeps what came of it.
   *
   * @return whether it succeeded
   */
  boolean run(OwnedPartition partition) {
    // What depends on a future runs on this thread, too, and may have interrupted it: file I/O and
    // waiting for the worker must not see that.
    Thread.interrupted();
    try {
      result = work.run(partition);
      return true;
    } catch (RuntimeException | Error e) {
      // Whoever asked is told; the serving thread has others to serve.
      failure = e;
      return false;
    }
  }

  /** Why the work failed; {@code null} if it did not. */
  Throwable failure() {
    return failure;
  }

  /** Tells whoever asked. */
  void finish() {
    if (failure != null) {
      future.completeExceptionally(failure);
    } else if (!future.complete(result) && result instanceof ServedScan scan) {
      // Cancelled while it was opened: nobody else would close it.
      scan.close();
    }
  }

  void fail(Throwable cause) {
    future.completeExceptionally(cause);
  }
}
