/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import io.eloqstore.api.StoreOptions;
import io.eloqstore.shard.ShardStatistics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.util.ResourceGuard;

/**
 * Everything one keyed backend holds: its share of the slot's engine, its working directory, its
 * store with its partitions. Released once, in reverse order of opening, after the last snapshot
 * has let go.
 *
 * <p>Made by the thread that owns the backend. {@link #release} may be called by any thread when
 * the owner does not use the partitions any more.
 */
public final class BackendLease {
  private final Thread owner = Thread.currentThread();
  private final AtomicBoolean releaseAsked = new AtomicBoolean();
  private final ResourceGuard guard = new ResourceGuard();
  private final SlotLease slot;
  private final Path directory;
  private final StateStore store;
  private boolean released;

  private BackendLease(SlotLease slot, Path directory, StateStore store) {
    this.slot = slot;
    this.directory = directory;
    this.store = store;
  }

  /**
   * Opens the store. Slot and directory belong to the lease from now on, also when this fails.
   *
   * @param directory exists already and is empty
   */
  public static BackendLease open(SlotLease slot, Path directory, StoreOptions options)
      throws IOException {
    try {
      return new BackendLease(slot, directory, slot.engine().openStore(directory, options));
    } catch (RuntimeException e) {
      FirstFailure failure = new FirstFailure(e);
      failure.run(() -> WorkingDirectories.delete(directory));
      failure.run(slot::close);
      throw e;
    }
  }

  public StateStore store() {
    return store;
  }

  /** Taken while a snapshot uses the partitions. */
  public ResourceGuard guard() {
    return guard;
  }

  /** Of the slot's engine; {@link ShardStatistics#NONE} from the release on. Any thread. */
  public ShardStatistics statistics() {
    return isClosed() ? ShardStatistics.NONE : slot.engine().statistics();
  }

  /** Whether the release has begun or was asked for. */
  public boolean isClosed() {
    return releaseAsked.get();
  }

  /**
   * Releases as soon as the owner cannot use the partitions any more: at once on the owner's
   * thread, otherwise when that thread has ended or {@link #release} is called. Flink closes a
   * backend from its cancelling thread while the task may still be inside it, and does not dispose
   * all of them.
   */
  public void releaseWhenUnused() throws IOException {
    if (Thread.currentThread() == owner || !owner.isAlive()) {
      release();
    } else if (releaseAsked.compareAndSet(false, true)) {
      Thread waiter = new Thread(this::releaseAfterOwner, "eloqstore-release");
      waiter.setDaemon(true);
      waiter.start();
    }
  }

  private void releaseAfterOwner() {
    boolean ended = false;
    while (!ended) {
      try {
        owner.join();
        ended = true;
      } catch (InterruptedException e) {
        // Nobody but the JVM's end has a reason to stop this daemon; wait on.
        continue;
      }
    }
    try {
      release();
    } catch (IOException e) {
      throw new IllegalStateException("An EloqStore backend was not released cleanly", e);
    }
  }

  /**
   * Waits for running snapshots, then releases everything. Does nothing the second time, but
   * returns only when the first has ended.
   *
   * @throws IOException when something could not be released; the rest is released all the same
   */
  public synchronized void release() throws IOException {
    releaseAsked.set(true);
    if (released) {
      return;
    }
    released = true;
    FirstFailure failure = new FirstFailure(null);
    failure.run(guard::close);
    failure.run(store::close);
    failure.run(() -> WorkingDirectories.delete(directory));
    failure.run(slot::close);
    failure.throwIfAny("Could not release the EloqStore backend in " + directory);
  }
}
