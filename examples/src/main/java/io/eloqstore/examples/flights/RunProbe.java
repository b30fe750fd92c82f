/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What the functions of a run and its runner tell each other; they live in one JVM, but Flink
 * serializes the functions, so they find it by the id of the run.
 *
 * <p>Safe for all threads. It says when to fail and how far the run is; no result depends on it.
 */
final class RunProbe implements AutoCloseable {
  /** The fault must come; a run without checkpoints would wait for it without end. */
  private static final long RELEASE_TIMEOUT_SECONDS = 120;

  private static final Map<String, RunProbe> OPEN = new ConcurrentHashMap<>();

  private final String run;
  private final long faultAt;
  private final CountDownLatch checkpointed = new CountDownLatch(1);
  private volatile long lastLine;
  private volatile long faultMs = -1;
  private volatile long faultLine = -1;

  private RunProbe(String run, long faultAt) {
    this.run = run;
    this.faultAt = faultAt;
  }

  /**
   * Opens the probe of a run; the runner closes it.
   *
   * @param faultAt ordinal of the line to fail at, 0 for never
   */
  static RunProbe open(String run, long faultAt) {
    RunProbe probe = new RunProbe(run, faultAt);
    if (OPEN.putIfAbsent(run, probe) != null) {
      throw new IllegalArgumentException("run " + run + " is already open");
    }
    return probe;
  }

  /** The probe of a run that is open. */
  static RunProbe of(String run) {
    RunProbe probe = OPEN.get(run);
    if (probe == null) {
      throw new IllegalStateException("run " + run + " is not open");
    }
    return probe;
  }

  @Override
  public void close() {
    OPEN.remove(run, this);
  }

  /** A line reached the job; its task calls it. */
  void onLine(long ordinal) {
    lastLine = ordinal;
  }

  /** A checkpoint is complete. */
  void onCheckpoint() {
    checkpointed.countDown();
  }

  /** Whether to fail at this line; says so once only. */
  boolean takeFault(long ordinal) {
    if (faultAt == 0 || faultMs >= 0 || ordinal < faultAt || checkpointed.getCount() > 0) {
      return false;
    }
    faultLine = ordinal;
    faultMs = System.currentTimeMillis();
    return true;
  }

  /** First line that waits for the first checkpoint; 0 when none does. */
  long heldFrom() {
    return faultAt == 0 ? 0 : faultAt + 1;
  }

  /** Waits for the first checkpoint, since without one nothing could be restored. */
  void awaitRelease() throws IOException {
    try {
      if (!checkpointed.await(RELEASE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(
            new TimeoutException("no checkpoint in " + RELEASE_TIMEOUT_SECONDS + " s"));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    }
  }

  /** Ordinal of the last line the job got; goes back at a restart. */
  long lastLine() {
    return lastLine;
  }

  /** Wall clock of the fault in milliseconds, -1 before. */
  long faultMs() {
    return faultMs;
  }

  /** Ordinal of the line it failed at, -1 before. */
  long faultLine() {
    return faultLine;
  }
}
