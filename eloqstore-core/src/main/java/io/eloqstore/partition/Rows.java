/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToLongFunction;

/**
 * The rows of a partition as pages hold them: keys up to half a page, any value. Long keys and
 * lists are built on top.
 *
 * <p>The owner writes and freezes; the worker flushes; everybody reads through {@link #view()}.
 * What they share: the view (compare-and-set), and under {@code lock} the freeze points and open
 * iterators. The owner takes the lock to freeze or open an iterator, never for a get or put; nobody
 * holds it while doing I/O.
 *
 * <p>Invariants: generations are flushed in the order of their numbers; a freeze point gets the
 * root of exactly the generations frozen before it; after a failed write nothing is written or
 * deleted any more.
 */
final class Rows implements Background.Step {
  private static final VarHandle VIEW;

  /** Frozen generations that range deletes pile up at most. */
  static final int FROZEN_MAX = 16;

  static {
    try {
      VIEW = MethodHandles.lookup().findVarHandle(Rows.class, "view", View.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final PartitionContext context;
  private final RowReader reader;
  private final ThreadLocal<RowReader> guestReaders;
  private final BackgroundWork work;
  private final RowWriter writer;
  private final MergedCursor scanCursor;
  private final ValueBuffer scanValue = new ValueBuffer();
  private final Object lock = new Object();
  private final Deque<RowsPoint> points = new ArrayDeque<>();
  private final OpenIterators iterators = new OpenIterators();
  private volatile View view;
  private volatile StoreException poison;
  private volatile boolean closed;
  private volatile boolean giveBackAsked;
  private final AtomicInteger scans = new AtomicInteger();
  private Thread owner;
  private boolean busy;
  private boolean scanning;
  private long sequence;
  private long generationNumber;
  private volatile long flushedNumber;
  private final WriteMemory memory;

  /**
   * @param root what the last commit holds; taken over
   * @param sequence operation sequence number of that commit
   */
  Rows(PartitionContext context, Root root, long sequence) {
    this.context = context;
    this.sequence = sequence;
    this.reader = context.newReader();
    this.guestReaders = ThreadLocal.withInitial(context::newReader);
    this.scanCursor = new MergedCursor(reader);
    this.memory = new WriteMemory(context);
    this.work = new BackgroundWork(context, this, iterators, memory);
    this.writer = new RowWriter(context, this, reader);
    this.view = new View(newGeneration(), View.NONE, root);
    context.onFailure(this::poison);
    context.adjustLimits();
  }

  private Generation newGeneration() {
    return new Generation(context, ++generationNumber);
  }

  // ---- reading ----------------------------------------------------------------------------------

  View view() {
    return view;
  }

  /** Reads one row; any thread, each with its own target. */
  boolean get(byte[] key, int offset, int length, ValueBuffer target) {
    boolean own = Thread.currentThread() == owner;
    RowReader mine = own ? reader : guestReaders.get();
    while (true) {
      View seen = view;
      checkOpen();
      try {
        boolean found = mine.get(seen, key, offset, length, target);
        if (isCurrent(seen)) {
          context.reads().count(mine.layer(), own);
          return found;
        }
      } catch (RuntimeException e) {
        // What was read may have been reused under us; it counts only if the view still stands.
        if (isCurrent(seen)) {
          throw e;
        }
      }
    }
  }

  /** A read of the owner that pins nothing, repeated until its view was current throughout. */
  long readStable(ToLongFunction<View> read) {
    while (true) {
      View seen = view;
      checkOpen();
      try {
        long result = read.applyAsLong(seen);
        if (isCurrent(seen)) {
          return result;
        }
      } catch (RuntimeException e) {
        if (isCurrent(seen)) {
          throw e;
        }
      }
    }
  }

  private boolean isCurrent(View seen) {
    VarHandle.loadLoadFence();
    // After close the memory may be another partition's.
    return view == seen && !closed;
  }

  /**
   * Gives rows of a range to the consumer, from the newest view; pins nothing afterwards. Owner; on
   * another thread only while nobody writes.
   *
   * @return whether the range may hold more
   */
  boolean scan(KeyRange range, boolean reverse, RowConsumer consumer) {
    checkOpen();
    // The owner's cursor is used again and again; a scan inside a scan and other threads get their
    // own.
    boolean own = !scanning && Thread.currentThread() == owner;
    MergedCursor cursor = own ? scanCursor : new MergedCursor(context.newReader());
    ValueBuffer value = own ? scanValue : new ValueBuffer();
    if (own) {
      scanning = true;
    }
    View pinned = pinView();
    scans.incrementAndGet();
    Generation[] generations = pinned.all();
    try {
      cursor.open(generations, pinned.root(), range, reverse, Long.MAX_VALUE);
      while (cursor.next()) {
        cursor.readValue(value);
        if (!consumer.accept(cursor.key(), cursor.keyLength(), value)) {
          return true;
        }
      }
      return false;
    } finally {
      cursor.close();
      View.unpin(generations, pinned.root());
      scans.decrementAndGet();
      if (own) {
        scanning = false;
      }
    }
  }

  /** Opens an iterator that sees what is written now and nothing later. */
  RowIterator iterator(KeyRange range, boolean reverse) {
    checkOpen();
    if (!context.hasGuestIterators() || owner == null) {
      becomeOwner();
    }
    return iterators.open(context, this, range, reverse);
  }

  /** What changes of several rows are made under, see {@link OpenIterators}. */
  Object gate() {
    return iterators.gate();
  }

  private void becomeOwner() {
    if (owner != null && Thread.currentThread() != owner && busy) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT,
          "only the owner of partition "
              + context.id()
              + " may open a snapshot iterator: "
              + owner.getName()
              + " is writing, "
              + Thread.currentThread().getName()
              + " asked");
    }
    owner = Thread.currentThread();
  }

  void forget(RowIterator iterator) {
    iterators.remove(iterator);
    context.pins().remove(iterator);
  }

  /** Retains every part of one view; a part that went away meanwhile means that the view is old. */
  View pinView() {
    while (true) {
      checkOpen();
      View seen = view;
      if (seen.tryPin()) {
        return seen;
      }
    }
  }

  // ---- writing: owner only ----------------------------------------------------------------------

  /** What the owner writes with. */
  RowWriter writer() {
    return writer;
  }

  /** Number of the last operation. */
  long sequence() {
    return sequence;
  }

  long nextSequence() {
    return ++sequence;
  }

  /** Whether another thread asked the owner to freeze its buffer. */
  boolean isGiveBackAsked() {
    return giveBackAsked;
  }

  void deleteRange(KeyRange range) {
    enter();
    try {
      if (!range.isEmpty()) {
        synchronized (gate()) {
          view.active().addCut(new Cut(range, ++sequence));
        }
        if (view.active().hasManyCuts()) {
          freezeActive();
          awaitFewerFrozen();
        }
      }
    } finally {
      leave();
    }
  }

  /** Range deletes take no memory that they could wait for, but every read looks at all of them. */
  private void awaitFewerFrozen() {
    synchronized (lock) {
      try {
        while (view.frozen().length > FROZEN_MAX && poison == null && !closed) {
          lock.wait();
        }
      } catch (InterruptedException e) {
        // The range is deleted; the next one waits.
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Entry of every write: one owner at a time, not after close, not after a failed write. */
  void enter() {
    checkOpen();
    StoreException failed = poison;
    if (failed != null) {
      throw new StoreException(
          StoreErrorCode.POISONED,
          "partition "
              + context.id()
              + " takes no writes after a failed one: "
              + failed.getMessage(),
          failed);
    }
    if (busy) {
      throw new IllegalStateException(
          "partition "
              + context.id()
              + " is written by two threads: "
              + Thread.currentThread().getName()
              + " and "
              + (owner == null ? "another" : owner.getName()));
    }
    busy = true;
    owner = Thread.currentThread();
  }

  /** End of every write. */
  void leave() {
    busy = false;
  }

  void checkOpen() {
    if (closed) {
      throw closedBefore("call");
    }
  }

  StoreException closedBefore(String what) {
    return new StoreException(
        StoreErrorCode.CLOSED, "partition " + context.id() + " was closed before the " + what);
  }

  // ---- freezing and memory ----------------------------------------------------------------------

  /** Fixes the present content: O(1). Owner only. */
  RowsPoint freeze() {
    enter();
    try {
      if (!view.active().isEmpty()) {
        freezeActive();
      }
      RowsPoint point = new RowsPoint(this, sequence, generationNumber - 1);
      synchronized (lock) {
        if (poison != null) {
          point.fail(poison);
        } else if (flushedNumber >= point.generation()) {
          point.resolve(retainedWorkingRoot());
        } else {
          points.add(point);
        }
      }
      return point;
    } finally {
      leave();
    }
  }

  private Root retainedWorkingRoot() {
    while (true) {
      Root root = view.root();
      if (root.retain()) {
        return root;
      }
    }
  }

  private static Root retained(Root root) {
    if (!root.retain()) {
      throw new IllegalStateException("the working root was let go while the view names it");
    }
    return root;
  }

  /** Starts the flush of what is in the active buffer. Owner only. */
  void flush() {
    enter();
    try {
      if (!view.active().isEmpty()) {
        freezeActive();
      }
    } finally {
      leave();
    }
  }

  /** From now on iterators of other threads see whole writes. Owner only. */
  void allowGuestIterators() {
    enter();
    try {
      context.allowGuestIterators();
      // The next buffer is made for them.
      freezeActive();
    } finally {
      leave();
    }
  }

  void freezeActive() {
    giveBackAsked = false;
    writer.releaseNative();
    view.active().freeze();
    Generation next = newGeneration();
    View seen;
    do {
      seen = view;
    } while (!VIEW.compareAndSet(this, seen, seen.freeze(next)));
    context.background().request(this);
  }

  /**
   * The budget is exhausted: get memory back and wait for it.
   *
   * @param seen count of freed blocks, read before an attempt that failed and found no more after
   *     it
   * @param waits how often this write has waited before
   */
  void makeRoom(long seen, int waits) {
    writer.releaseNative();
    if (!memory.cameBack(seen, waits)) {
      if (!view.active().isEmpty()) {
        freezeActive();
      }
      memory.await(this, this::willGiveBack, seen);
    }
    leave();
    enter();
  }

  /** Whether a flush or a re-seat gives memory back; never so after a failed write. */
  private boolean willGiveBack() {
    if (closed || poison != null) {
      return false;
    }
    // Asked before the view is: the worker replaces the view first and gives back afterwards.
    boolean workerWill = work.isWorking() || scans.get() > 0;
    View seen = view;
    if (workerWill || seen.frozen().length > 0 || !seen.active().isEmpty()) {
      return true;
    }
    return iterators.pinFlushed(flushedNumber);
  }

  @Override
  public long freezableBytes() {
    boolean can = Thread.currentThread() == owner && !busy && !closed && poison == null;
    return can ? view.active().buffer().usedBytes() : 0;
  }

  @Override
  public boolean giveBack() {
    if (Thread.currentThread() == owner && !busy) {
      if (!closed && poison == null && !view.active().isEmpty()) {
        freezeActive();
      }
    } else {
      giveBackAsked = true;
    }
    if (!closed && poison == null) {
      // What iterators hold comes back without the owner.
      context.background().request(this);
    }
    return willGiveBack();
  }

  // ---- the worker's part ------------------------------------------------------------------------

  /** One piece of background work. */
  @Override
  public void run() {
    if (!closed && poison == null) {
      work.run();
    }
  }

  void resumeBackgroundWork() {
    Root root = view.root();
    if (root.pendingCuts().length > 0 || work.segments().wantsMerge(root)) {
      context.background().request(this);
    }
  }

  /** Number of the newest generation that is part of the working root. */
  long flushedNumber() {
    return flushedNumber;
  }

  /** A generation is part of the working root now: who waited for that gets the root. */
  void flushed(long number, Root root) {
    synchronized (lock) {
      flushedNumber = number;
      while (!points.isEmpty() && points.peek().generation() <= flushedNumber) {
        points.poll().resolve(retained(root));
      }
      lock.notifyAll();
    }
  }

  /**
   * The next working root; the caller gets the view's hold on its base. Worker only.
   *
   * @param flushed whether the oldest frozen generation is part of the new root
   */
  void replaceRoot(Root base, Root next, boolean flushed) {
    while (true) {
      View seen = view;
      if (seen.root() != base) {
        throw new IllegalStateException("only the worker may replace the working root");
      }
      View replacement = flushed ? seen.flushed(next) : seen.withRoot(next);
      if (VIEW.compareAndSet(this, seen, replacement)) {
        return;
      }
    }
  }

  /** Who waits for the working root to have no segments looks again. */
  void wakeWaiting() {
    synchronized (lock) {
      lock.notifyAll();
    }
  }

  /**
   * Waits until nothing of what was frozen before is in a buffer or a change segment. Owner only.
   *
   * @throws StoreException {@code POISONED} when the merge failed, {@code BUSY} when interrupted
   */
  void mergeAll() {
    flush();
    work.segments().askToSeal(true);
    try {
      context.background().request(this);
      synchronized (lock) {
        while (poison == null
            && !closed
            && (view.frozen().length > 0 || view.root().segments().length > 0)) {
          lock.wait();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException(
          StoreErrorCode.BUSY,
          "interrupted while the change segments of partition " + context.id() + " are merged",
          e);
    } finally {
      work.segments().askToSeal(false);
    }
    enter();
    leave();
  }

  /** The first failed write decides: nothing is written or deleted from now on. */
  StoreException poison(StoreException failure) {
    synchronized (lock) {
      if (poison == null) {
        poison = failure;
        context.keepFiles();
      }
      for (RowsPoint point; (point = points.poll()) != null; ) {
        point.fail(failure);
      }
      lock.notifyAll();
    }
    return failure;
  }

  /** What is done when no flush waits. */
  Maintenance maintenance() {
    return work.maintenance();
  }

  @Override
  public boolean isDue(long nowMs) {
    return !closed && poison == null && work.maintenance().isDue(nowMs);
  }

  StoreException poisonOrNull() {
    return poison;
  }

  void drop(RowsPoint point) {
    synchronized (lock) {
      points.remove(point);
    }
    // Its root may have been the last that needed them.
    context.deleteUnreferencedFiles();
  }

  // ---- closing ----------------------------------------------------------------------------------

  /** Ends reads, writes and background work and gives everything back. Publishes nothing. */
  void close() {
    if (closed) {
      return;
    }
    closed = true;
    context.background().retire(this);
    StoreException gone = closedBefore("commit");
    synchronized (lock) {
      for (RowsPoint point; (point = points.poll()) != null; ) {
        point.fail(gone);
      }
      // Nothing is merged any more: who waits for that is told by its next call.
      lock.notifyAll();
    }
    iterators.close();
    scanCursor.close();
    View last = view;
    View.unpin(last.all(), last.root());
    work.close();
    writer.close();
  }
}
