/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cache;

/** Fills a frame with the page it is for; called without any lock of the cache held. */
@FunctionalInterface
public interface FrameLoader {

  /**
   * Reads and verifies the page.
   *
   * @param key what the page is cached under
   * @param at arena offset of the frame
   */
  void load(long key, long at);
}
