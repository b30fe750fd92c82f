/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.memory.Arena;
import io.eloqstore.page.SegmentChange;
import io.eloqstore.pagestore.PageSource;
import io.eloqstore.tree.TreeScan;

/**
 * The live changes of one segment in key order, both ways.
 *
 * <p>One thread; used again for the next segment. It pins pages while it stands on a change; the
 * caller keeps the root that holds the segment.
 */
final class SegmentCursor implements AutoCloseable {
  private final Arena arena;
  private final TreeScan scan;
  private Segment segment;

  SegmentCursor(PageSource source) {
    this.arena = source.arena();
    this.scan = TreeScan.ofSegment(source);
  }

  /** Takes a segment; stands nowhere until it is positioned. */
  void open(Segment next) {
    segment = next;
    scan.open(next.rootPage(), next.places());
  }

  boolean first() {
    return settleForward(scan.first());
  }

  boolean last() {
    return settleBackward(scan.last());
  }

  boolean seek(byte[] key, int offset, int length) {
    return settleForward(scan.seek(key, offset, length));
  }

  boolean seekFloor(byte[] key, int offset, int length, boolean inclusive) {
    return settleBackward(scan.seekFloor(key, offset, length, inclusive));
  }

  boolean next() {
    return settleForward(scan.next());
  }

  boolean previous() {
    return settleBackward(scan.previous());
  }

  private boolean settleForward(boolean there) {
    boolean found = there;
    while (found) {
      KeyRange range = segment.live().endingBehind(scan.key(), 0, scan.keyLength());
      if (range == null) {
        break;
      }
      if (segment.live().contains(scan.key(), 0, scan.keyLength())) {
        return true;
      }
      found = scan.seek(range.from(), 0, range.from().length);
    }
    scan.close();
    return false;
  }

  private boolean settleBackward(boolean there) {
    boolean found = there;
    while (found) {
      KeyRange range = segment.live().beginningBefore(scan.key(), 0, scan.keyLength());
      if (range == null) {
        break;
      }
      if (range.contains(scan.key(), 0, scan.keyLength())) {
        return true;
      }
      found = scan.seekFloor(range.to(), 0, range.to().length, false);
    }
    scan.close();
    return false;
  }

  byte[] key() {
    return scan.key();
  }

  int keyLength() {
    return scan.keyLength();
  }

  /** Bits of {@link SegmentChange}. */
  int change() {
    return arena.getUnsignedByte(scan.valueAt());
  }

  boolean isDelete() {
    return (change() & SegmentChange.DELETE) != 0;
  }

  /** Number of the first live chunk, of a large head of a list. */
  long firstLive() {
    return arena.getLong(scan.valueAt() + 1);
  }

  /** Compression bits of {@link io.eloqstore.page.LeafPage}. */
  int flags() {
    return scan.flags();
  }

  long valueAt() {
    return scan.valueAt() + SegmentChange.prefixBytes(change());
  }

  int valueLength() {
    return scan.valueLength() - SegmentChange.prefixBytes(change());
  }

  long timestamp() {
    return scan.timestamp();
  }

  long expireTs() {
    return scan.expireTs();
  }

  @Override
  public void close() {
    scan.close();
  }
}
