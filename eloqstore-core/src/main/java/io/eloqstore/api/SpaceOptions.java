/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * What disk space a store may spend on what is no longer live. Immutable; not recorded, so it may
 * change from open to open.
 *
 * @param fileFactor data files that are written to no more hold at most this many pages for each
 *     live page before compaction rewrites the sparse ones; 0 turns background compaction off, 255
 *     at most
 */
public record SpaceOptions(int fileFactor) {
  public static final int FILE_FACTOR_MAX = 255;

  public SpaceOptions {
    if (fileFactor < 0 || fileFactor > FILE_FACTOR_MAX) {
      throw new IllegalArgumentException("fileFactor must be 0 to 255, found " + fileFactor);
    }
  }

  /** Two pages for each live one. */
  public static SpaceOptions defaults() {
    return new SpaceOptions(2);
  }

  public SpaceOptions withFileFactor(int value) {
    return new SpaceOptions(value);
  }
}
