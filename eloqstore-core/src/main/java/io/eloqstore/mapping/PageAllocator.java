/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

/** Says where the pages of one writer go. One thread. */
public interface PageAllocator {

  /**
   * The next file page.
   *
   * @throws io.eloqstore.api.StoreException {@code OUT_OF_SPACE} when there are no more
   */
  long allocate();

  /** Whether the next page does not lie behind the one before in the same file. */
  boolean atRunEnd();

  /** Whether another page may have been at a place before. */
  boolean reusesPlaces();

  /** Pages that come next and should lie in few runs; no promise. */
  default void expect(int pages) {}

  /** Every page given out so far has its owner now. */
  default void settle() {}
}
