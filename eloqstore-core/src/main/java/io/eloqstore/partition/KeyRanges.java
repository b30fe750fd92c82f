/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A set of keys as ranges. Immutable.
 *
 * <p>Invariants: no range is empty; they ascend, and a key lies between two of them.
 */
final class KeyRanges {
  static final KeyRanges NONE = new KeyRanges(new KeyRange[0]);

  private final KeyRange[] ranges;

  private KeyRanges(KeyRange[] ranges) {
    this.ranges = ranges;
  }

  static KeyRanges of(KeyRange range) {
    return range.isEmpty() ? NONE : new KeyRanges(new KeyRange[] {range});
  }

  /** Takes ranges that ascend and lie apart. */
  static KeyRanges of(List<KeyRange> ranges) {
    return new KeyRanges(ranges.toArray(KeyRange[]::new));
  }

  /** The range of exactly the keys from {@code first} to {@code last}, both included. */
  static KeyRange closed(byte[] first, byte[] last) {
    // The key and one zero byte: the smallest key above it.
    return new KeyRange(first, Arrays.copyOf(last, last.length + 1));
  }

  List<KeyRange> ranges() {
    return List.of(ranges);
  }

  /** Of a set that is not empty. */
  KeyRange first() {
    return ranges[0];
  }

  /** Of a set that is not empty. */
  KeyRange last() {
    return ranges[ranges.length - 1];
  }

  int count() {
    return ranges.length;
  }

  boolean isEmpty() {
    return ranges.length == 0;
  }

  boolean contains(byte[] key, int offset, int length) {
    KeyRange range = endingBehind(key, offset, length);
    return range != null && !isBelow(key, offset, length, range.from());
  }

  /** The first range that ends behind a key, it may hold it; {@code null} when there is none. */
  KeyRange endingBehind(byte[] key, int offset, int length) {
    int low = 0;
    int high = ranges.length;
    while (low < high) {
      int middle = low + high >>> 1;
      byte[] to = ranges[middle].to();
      if (to == null || isBelow(key, offset, length, to)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low == ranges.length ? null : ranges[low];
  }

  /** The last range that begins at or before a key; {@code null} when there is none. */
  KeyRange beginningBefore(byte[] key, int offset, int length) {
    int low = 0;
    int high = ranges.length;
    while (low < high) {
      int middle = low + high >>> 1;
      if (isBelow(key, offset, length, ranges[middle].from())) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low == 0 ? null : ranges[low - 1];
  }

  /** Whether a key may lie both here and in a range. */
  boolean overlaps(KeyRange other) {
    if (isEmpty() || other.isEmpty()) {
      return false;
    }
    KeyRange range =
        other.from() == null ? first() : endingBehind(other.from(), 0, other.from().length);
    return range != null
        && (other.to() == null
            || range.from() == null
            || isBelow(range.from(), 0, range.from().length, other.to()));
  }

  private static boolean isBelow(byte[] key, int offset, int length, byte[] bound) {
    return bound != null
        && Arrays.compareUnsigned(key, offset, offset + length, bound, 0, bound.length) < 0;
  }

  /** Without the keys of a range. */
  KeyRanges minus(KeyRange cut) {
    List<KeyRange> left = new ArrayList<>();
    for (KeyRange range : ranges) {
      if (cut.from() != null) {
        addPart(left, range.from(), lower(range.to(), cut.from()));
      }
      if (cut.to() != null) {
        addPart(left, higher(range.from(), cut.to()), range.to());
      }
    }
    return new KeyRanges(left.toArray(KeyRange[]::new));
  }

  /** Only the keys of a range. */
  KeyRanges within(KeyRange kept) {
    List<KeyRange> left = new ArrayList<>();
    for (KeyRange range : ranges) {
      byte[] from = kept.from() == null ? range.from() : higher(range.from(), kept.from());
      byte[] to = kept.to() == null ? range.to() : lower(range.to(), kept.to());
      addPart(left, from, to);
    }
    return new KeyRanges(left.toArray(KeyRange[]::new));
  }

  private static void addPart(List<KeyRange> parts, byte[] from, byte[] to) {
    KeyRange part = new KeyRange(from, to);
    if (!part.isEmpty()) {
      parts.add(part);
    }
  }

  private static byte[] lower(byte[] end, byte[] other) {
    return end == null || Arrays.compareUnsigned(other, end) < 0 ? other : end;
  }

  private static byte[] higher(byte[] start, byte[] other) {
    return start == null || Arrays.compareUnsigned(other, start) > 0 ? other : start;
  }
}
