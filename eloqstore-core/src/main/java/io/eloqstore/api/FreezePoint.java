/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.Map;

/**
 * The content of a partition at one moment, on its way to the disk. Made in O(1) by the owner; any
 * thread may go on with it. Points may be committed in any order, and not all need be: what the
 * partition holds when it is opened again is the content of the last commit call that returned, so
 * who wants the newest commits in order.
 */
public interface FreezePoint extends AutoCloseable {

  /**
   * Writes what is not on disk yet and publishes this content. Waits for the background worker;
   * call it off the owner's thread to keep that one free.
   *
   * @param metadata guest's bytes by name, published atomically with the data; replaces the whole
   *     of what an earlier commit carried
   * @return the files that hold exactly this content, pinned until closed; without append mode
   *     there are none, and everything but closing is refused with {@link
   *     StoreErrorCode#INVALID_ARGUMENT}
   * @throws StoreException {@link StoreErrorCode#POISONED} or the failure itself when a write
   *     failed: nothing is published then, and the last commit stays
   */
  PartitionImage commit(Map<String, byte[]> metadata);

  /** Lets go of the content. Does nothing the second time. */
  @Override
  void close();
}
