/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

/** Runs the slow parts of a partition on the worker thread of its shard. */
public interface Background {

  /**
   * Asks for a call of {@link Step#run}, as soon as the worker comes to it; asking twice before it
   * runs is asking once. Any thread.
   */
  void request(Step step);

  /**
   * Waits until the step is neither running nor requested, and will not run again.
   *
   * <p>Never called on the worker.
   */
  void retire(Step step);

  /**
   * Asks the other partitions of the shard to give write-buffer memory back. Any thread.
   *
   * @return whether one of them holds any that it will give back
   */
  boolean relieve(Step asking);

  /**
   * Whether the worker has something to do now, of whatever partition: flushes give write-buffer
   * memory back. Any thread.
   */
  default boolean hasWork() {
    return false;
  }

  /**
   * Has the write buffer frozen that holds most of those that the calling thread owns, if it holds
   * more than that of who asks: what lies idle goes before what is being written.
   *
   * @param bytes in the buffer of who asks
   * @return whether there was a larger one
   */
  default boolean freezeLarger(Step asking, long bytes) {
    return false;
  }

  /** A bounded piece of background work of one partition. */
  interface Step {
    /** Bytes in the write buffer if the calling thread could freeze it now; 0 for none. */
    default long freezableBytes() {
      return 0;
    }

    /** Does a piece of work; never throws: failures poison the partition. */
    void run();

    /**
     * Somebody on this thread waits for write-buffer memory: freeze what this thread owns; ask the
     * owner to freeze otherwise.
     *
     * @return whether it holds memory that will come back
     */
    boolean giveBack();

    /** Whether time alone has made work for it since it ran. Any thread. */
    boolean isDue(long nowMs);
  }
}
