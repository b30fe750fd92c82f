/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * Point reads by the place that answered them, that there is no such key included.
 *
 * @param buffer the active write buffer
 * @param frozen a write buffer that waits for its flush
 * @param frame the tree, every page of it cached
 * @param disk the tree, at least one page of it read from its file
 */
public record ReadCounts(long buffer, long frozen, long frame, long disk) {
  public static final ReadCounts NONE = new ReadCounts(0, 0, 0, 0);

  public long total() {
    return buffer + frozen + frame + disk;
  }

  public ReadCounts plus(ReadCounts more) {
    return new ReadCounts(
        buffer + more.buffer, frozen + more.frozen, frame + more.frame, disk + more.disk);
  }
}
