/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * How long the deeds of an engine took.
 *
 * @param freeze fixing the content of a partition for a commit, on its owner's thread
 * @param flush merging one frozen write buffer into the tree
 * @param commit forcing and publishing a root; not the flushes before it
 * @param fetch reading one page from its file and checking it
 */
public record Durations(
    DurationHistogram freeze,
    DurationHistogram flush,
    DurationHistogram commit,
    DurationHistogram fetch) {
  public static final Durations NONE =
      new Durations(
          DurationHistogram.EMPTY,
          DurationHistogram.EMPTY,
          DurationHistogram.EMPTY,
          DurationHistogram.EMPTY);
}
