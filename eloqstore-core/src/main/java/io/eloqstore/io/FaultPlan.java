/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;

/**
 * What goes wrong in a {@link MemoryBackend}, and when.
 *
 * <p>The backend asks the plan before each operation that is a {@link Kind}. A rule counts the
 * operations of its kinds from the moment it is added, so a test can run a scenario once to learn
 * {@link #operations()} and then fail, or stop, at each of them. The same seed and the same order
 * of operations give the same faults, bytes included.
 *
 * <p>Any thread; rules may be added while the backend is in use. With several threads the order of
 * operations, and so what is hit, is theirs.
 */
public final class FaultPlan {
  /** The operations that count. A step that moves several pieces counts for each piece. */
  public enum Kind {
    READ,
    WRITE,
    FORCE,
    CREATE,
    RENAME,
    DELETE,
    LINK,
    FORCE_DIRECTORY;

    /** All of them. */
    public static final Set<Kind> ANY = Set.of(values());

    /** Those that change what is on the disk. */
    public static final Set<Kind> CHANGES = Set.copyOf(EnumSet.complementOf(EnumSet.of(READ)));
  }

  /** An operation that hangs until it is released; interrupts do not help, as with a hung disk. */
  public static final class Hold {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    private Hold() {}

    /** Returns when the operation hangs. */
    public void awaitReached() throws InterruptedException {
      reached.await();
    }

    /** Whether the operation hangs or has hung. */
    public boolean isReached() {
      return reached.getCount() == 0;
    }

    /** Lets it go on; also if it is not reached yet. */
    public void release() {
      released.countDown();
    }

    private void hang() {
      reached.countDown();
      boolean interrupted = false;
      while (true) {
        try {
          released.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** One thing that goes wrong at the operation that finds {@code left} at 0. */
  private static final class Rule {
    private final Set<Kind> kinds;
    private final StoreErrorCode code;
    private final boolean repeats;
    private final Hold hold;
    private long left;

    Rule(Set<Kind> kinds, long left, StoreErrorCode code, boolean repeats, Hold hold) {
      if (left < 0) {
        throw new IllegalArgumentException("operations before the fault: " + left);
      }
      this.kinds = Set.copyOf(kinds);
      this.left = left;
      this.code = code;
      this.repeats = repeats;
      this.hold = hold;
    }
  }

  private static final int PIECES_MAX = 4;

  private final long seed;
  private final Random random;
  private final List<Rule> rules = new ArrayList<>();
  private boolean splits;
  private long operations;
  private long crashAt = Long.MAX_VALUE;
  private boolean crashed;

  private FaultPlan(long seed) {
    this.seed = seed;
    this.random = generator(seed, 0);
  }

  /** Mixed first: neighbouring seeds would give the same first numbers. */
  static Random generator(long seed, int purpose) {
    return new Random(new SplittableRandom(seed * 31 + purpose).nextLong());
  }

  /** Nothing goes wrong yet. */
  public static FaultPlan of(long seed) {
    return new FaultPlan(seed);
  }

  public long seed() {
    return seed;
  }

  /**
   * Fails one operation. A write that fails has written a part of its bytes, chosen by the seed in
   * units of {@value MemoryBackend#SECTOR_BYTES}; bytes whose force failed are lost at the next
   * crash that loses anything, even if a later force succeeds.
   *
   * @param kinds which operations count
   * @param before operations of these kinds that go well first; 0 fails the next one
   * @param code what the caller sees: {@code IO_FAILED}, {@code OUT_OF_SPACE} ...
   */
  public synchronized FaultPlan fail(Set<Kind> kinds, long before, StoreErrorCode code) {
    rules.add(new Rule(kinds, before, code, false, null));
    return this;
  }

  /** As {@link #fail}, but every later operation of these kinds fails as well. */
  public synchronized FaultPlan failFrom(Set<Kind> kinds, long before, StoreErrorCode code) {
    rules.add(new Rule(kinds, before, code, true, null));
    return this;
  }

  /**
   * Stops the machine: after that many further operations every one fails, reads too. A write it
   * hits may be on the disk as a whole, in part or not at all; see {@link MemoryBackend#crash}.
   */
  public synchronized FaultPlan crashAfter(long before) {
    crashAt = Math.addExact(operations, before);
    return this;
  }

  /** Moves bytes in several pieces of sizes chosen by the seed, so that a fault may hit between. */
  public synchronized FaultPlan splitTransfers() {
    splits = true;
    return this;
  }

  /**
   * Makes one operation hang.
   *
   * @param before operations of these kinds that go through first
   */
  public synchronized Hold hold(Set<Kind> kinds, long before) {
    Hold hold = new Hold();
    rules.add(new Rule(kinds, before, null, false, hold));
    return hold;
  }

  /** Operations asked for so far, those that failed included. */
  public synchronized long operations() {
    return operations;
  }

  /** Whether the machine has stopped. */
  synchronized boolean isCrashed() {
    return crashed;
  }

  synchronized void crash() {
    crashed = true;
  }

  /** Throws if the machine has stopped; for what does not count. */
  void checkRunning(String deed, Path path) {
    if (isCrashed()) {
      throw stopped(deed, path);
    }
  }

  private static StoreException stopped(String deed, Path path) {
    return new StoreException(
        StoreErrorCode.IO_FAILED, deed + " " + path + ": the simulated machine has stopped");
  }

  /**
   * Counts an operation and hangs if the plan says so. Must be called without locks held.
   *
   * @return what to throw, or {@code null}
   */
  StoreException admit(Kind kind, Path path) {
    Hold hold = null;
    StoreErrorCode code = null;
    synchronized (this) {
      if (crashed || operations >= crashAt) {
        operations++;
        crashed = true;
        return stopped(kind.name(), path);
      }
      operations++;
      for (int i = 0; i < rules.size(); i++) {
        Rule rule = rules.get(i);
        if (!rule.kinds.contains(kind) || rule.left-- > 0) {
          continue;
        }
        rule.left = 0;
        hold = rule.hold == null ? hold : rule.hold;
        code = rule.code == null ? code : rule.code;
        if (!rule.repeats) {
          rules.remove(i--);
        }
      }
    }
    if (hold != null) {
      hold.hang();
      if (isCrashed()) {
        return stopped(kind.name(), path);
      }
    }
    return code == null ? null : new StoreException(code, kind + " " + path + ": injected fault");
  }

  /** How many of the sectors of a failed write were written. */
  synchronized int writtenPart(int length) {
    int sectors = length / MemoryBackend.SECTOR_BYTES;
    return random.nextInt(sectors + 1) * MemoryBackend.SECTOR_BYTES;
  }

  /** Length of the next piece of a transfer, at least 1. */
  synchronized int piece(int left) {
    return splits && random.nextInt(PIECES_MAX) != 0 ? 1 + random.nextInt(left) : left;
  }
}
