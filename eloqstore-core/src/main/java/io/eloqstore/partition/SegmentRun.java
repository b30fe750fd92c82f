/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The segments that one flush wrote: their keys ascend from one to the next, so a key is in one of
 * them at most. Immutable.
 */
final class SegmentRun {
  static final SegmentRun[] NONE = {};

  private final Segment[] pieces;

  private SegmentRun(Segment[] pieces) {
    this.pieces = pieces;
  }

  /** The runs of a root, newest first, of its segments, newest first. */
  static SegmentRun[] of(Segment[] segments) {
    if (segments.length == 0) {
      return NONE;
    }
    List<SegmentRun> runs = new ArrayList<>();
    int start = 0;
    for (int i = 1; i <= segments.length; i++) {
      if (i == segments.length || segments[i].maxSequence() != segments[start].maxSequence()) {
        runs.add(new SegmentRun(Arrays.copyOfRange(segments, start, i)));
        start = i;
      }
    }
    return runs.toArray(SegmentRun[]::new);
  }

  int count() {
    return pieces.length;
  }

  Segment piece(int index) {
    return pieces[index];
  }

  /** The segment whose live changes may hold a key; {@code null} for none. */
  Segment of(byte[] key, int offset, int length) {
    int index = lastBeginningAtOrBefore(key, offset, length);
    return index >= 0 && pieces[index].live().contains(key, offset, length) ? pieces[index] : null;
  }

  /** Index of the last segment whose first live key is not above a key; -1 when there is none. */
  int lastBeginningAtOrBefore(byte[] key, int offset, int length) {
    int low = -1;
    int high = pieces.length - 1;
    while (low < high) {
      int middle = low + high + 1 >> 1;
      byte[] from = pieces[middle].live().first().from();
      if (from == null
          || Arrays.compareUnsigned(from, 0, from.length, key, offset, offset + length) <= 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
}
