/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

/**
 * Gives the served partitions of a shard their turns on its one serving thread, and has one
 * publishing thread wait for the disk.
 */
public interface ServingLoop {

  /** A partition gets turns, and is told when memory is short, until it is retired. Any thread. */
  void register(Turn turn);

  /**
   * Asks for a turn; asking twice before it comes is asking once. Does nothing for one that was
   * retired. Any thread.
   */
  void request(Turn turn);

  /**
   * Asks for a turn at a time of the shard's clock, in place of the time asked for before. If the
   * clock is set back meanwhile, the turn comes at once.
   *
   * @param dueMs milliseconds since the epoch
   */
  void requestAt(Turn turn, long dueMs);

  /**
   * Has work done on the publishing thread of the shard, in the order in which it is asked for.
   *
   * @param work never throws
   */
  void publish(Runnable work);

  /** Gives no more turns. Serving thread only. */
  void retire(Turn turn);

  /** Whether the calling thread is the serving one. */
  boolean isServing();

  /** What one partition does when it is its turn. */
  interface Turn {
    /** Does what is queued; never throws. Serving thread only. */
    void run();

    /** Somebody on the shard waits for write-buffer memory; a turn follows. Any thread. */
    void memoryIsShort();
  }
}
