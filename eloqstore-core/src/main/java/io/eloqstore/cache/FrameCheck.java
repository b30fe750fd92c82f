/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cache;

/**
 * Looks at a page that was just read, before anybody else can see it; called without any lock of
 * the cache held, and never for a page that was cached already. It must not pin.
 */
@FunctionalInterface
public interface FrameCheck {
  /** Takes every page. */
  FrameCheck NONE = at -> {};

  /**
   * Throws when the page is not the wanted one; it is not cached then.
   *
   * @param at arena offset of the frame
   */
  void check(long at);
}
