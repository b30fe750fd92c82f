/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreClock;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.buffer.BufferRecords;
import io.eloqstore.buffer.WriteBuffer;
import io.eloqstore.codec.ValueCompression;
import io.eloqstore.memory.Arena;
import io.eloqstore.metrics.ReadLayer;
import io.eloqstore.page.LeafPage;
import io.eloqstore.page.SegmentChange;
import io.eloqstore.pagestore.PageSource;
import io.eloqstore.tree.OverflowReader;
import io.eloqstore.tree.TreeReader;
import io.eloqstore.tree.TreeScan;
import java.util.function.IntToLongFunction;

/**
 * Reads rows through a {@link View}: the newest version of a key in buffers and tree, large values
 * from their pages, compressed ones as they were put, expired rows not at all.
 *
 * <p>Point reads pin nothing. They are right only if the view is still the current one afterwards,
 * so the caller checks that and reads again otherwise; what they throw counts only then, too. One
 * thread at a time for each reader.
 */
final class RowReader {
  private static final int COMPRESSED = LeafPage.COMPRESSED_DICTIONARY | LeafPage.COMPRESSED_ALONE;

  /** A range delete is newer than whatever an older buffer or the tree holds of the key. */
  private static final int HIDDEN = -2;

  /** Attempts to copy a record that its writer holds: that takes the time of a copy. */
  private static final int ATTEMPTS_MAX = 1 << 20;

  private final PageSource source;
  private final Arena arena;
  private final StoreClock clock;
  private final TreeReader tree;
  private final TreeReader segmentTree;
  private final OverflowReader overflow;
  private final ValueCompression compression;
  private final ValueBuffer unused = new ValueBuffer();
  // Grows with the first compressed value.
  private final ValueBuffer stored = new ValueBuffer();
  private ReadLayer layer = ReadLayer.BUFFER;

  RowReader(PageSource source, StoreClock clock, ValueCompression compression) {
    this.source = source;
    this.arena = source.arena();
    this.clock = clock;
    this.tree = new TreeReader(source);
    this.segmentTree = TreeReader.ofSegment(source);
    this.overflow = new OverflowReader(source);
    this.compression = compression;
  }

  TreeScan newScan() {
    return new TreeScan(source);
  }

  RunCursor newRunCursor() {
    return new RunCursor(source);
  }

  boolean isExpired(long expireTs) {
    return expireTs != 0 && expireTs <= clock.nowMs();
  }

  /**
   * Reads one row.
   *
   * @param target filled when the row is there, otherwise undefined; {@code null} to ask only
   *     whether it is
   * @return whether the row is there
   */
  boolean get(View view, byte[] key, int offset, int length, ValueBuffer target) {
    ValueBuffer into = target == null ? unused : target;
    Generation generation = view.active();
    Generation[] frozen = view.frozen();
    for (int i = 0; ; i++) {
      WriteBuffer buffer = generation.buffer();
      int flags =
          generation.hasCuts()
              ? readUncut(generation, key, offset, length, into)
              : buffer.read(key, offset, length, Long.MAX_VALUE, into);
      if (flags != WriteBuffer.ABSENT) {
        layer = i == 0 ? ReadLayer.BUFFER : ReadLayer.FROZEN;
      }
      if (flags == HIDDEN) {
        return false;
      }
      if (flags != WriteBuffer.ABSENT) {
        return (flags & BufferRecords.DELETE) == 0
            && !isExpired(into.expireTs())
            && resolveRecord(flags, target);
      }
      if (i == frozen.length) {
        return getFromRoot(view.root(), key, offset, length, into, target != null);
      }
      generation = frozen[i];
    }
  }

  /** Where the last {@link #get} found its answer. */
  ReadLayer layer() {
    return layer;
  }

  /**
   * Like a read of the buffer, but {@link #HIDDEN} when a range delete is newer than the record.
   */
  private int readUncut(
      Generation generation, byte[] key, int offset, int length, ValueBuffer into) {
    WriteBuffer buffer = generation.buffer();
    while (true) {
      int record = buffer.find(key, offset, length);
      long sequence = record == 0 ? 0 : buffer.records().sequence(record);
      if (generation.coveringCut(key, offset, length, Long.MAX_VALUE) > sequence) {
        return HIDDEN;
      }
      int flags = buffer.read(key, offset, length, Long.MAX_VALUE, into);
      int now = buffer.find(key, offset, length);
      if ((now == 0 ? 0 : buffer.records().sequence(now)) == sequence) {
        return flags;
      }
    }
  }

  private boolean getFromRoot(
      Root root, byte[] key, int offset, int length, ValueBuffer into, boolean wanted) {
    if (!findInSegments(root, key, offset, length, into)) {
      return getFromTree(root, key, offset, length, into, wanted);
    }
    layer = segmentTree.hasFetched() ? ReadLayer.DISK : ReadLayer.FRAME;
    if ((segmentTree.change() & SegmentChange.DELETE) != 0 || isExpired(into.expireTs())) {
      return false;
    }
    if (wanted) {
      resolve(root, entryFlags(segmentTree.change(), segmentTree.flags()), into);
    }
    return true;
  }

  /** Whether a segment has a change of the key; the newest one was read then. */
  private boolean findInSegments(Root root, byte[] key, int offset, int length, ValueBuffer into) {
    for (SegmentRun run : root.runs()) {
      Segment segment = run.of(key, offset, length);
      if (segment != null
          && segmentTree.read(segment.rootPage(), segment.places(), key, offset, length, into)) {
        return true;
      }
    }
    return false;
  }

  /** The flags that the entry of a change has in a leaf of the tree. */
  private static int entryFlags(int change, int flags) {
    return (change & SegmentChange.LARGE) != 0 ? flags | LeafPage.OVERFLOW : flags;
  }

  private boolean getFromTree(
      Root root, byte[] key, int offset, int length, ValueBuffer into, boolean wanted) {
    boolean found = tree.read(root.treePage(), root.pages(), key, offset, length, into);
    layer = tree.hasFetched() ? ReadLayer.DISK : ReadLayer.FRAME;
    if (!found || isExpired(into.expireTs())) {
      return false;
    }
    if (wanted) {
      resolve(root, tree.flags(), into);
    }
    return true;
  }

  /** Replaces what the leaf holds by the value it stands for. */
  private void resolve(Root root, int flags, ValueBuffer target) {
    if ((flags & (LeafPage.OVERFLOW | COMPRESSED)) != 0) {
      if ((flags & LeafPage.OVERFLOW) != 0) {
        byte[] list = target.toByteArray();
        readPages(root.pages(), list, target);
      }
      if ((flags & COMPRESSED) != 0) {
        decompress(target, 0);
      }
    }
  }

  private void decompress(ValueBuffer target, int offset) {
    int length = target.length() - offset;
    System.arraycopy(target.bytes(), offset, stored.setLength(length), 0, length);
    compression.decompress(stored.bytes(), length, target);
  }

  private boolean resolveRecord(int flags, ValueBuffer target) {
    if (target != null && (flags & BufferRecords.LARGE) != 0) {
      resolveLarge(target);
    }
    return true;
  }

  private void resolveLarge(ValueBuffer target) {
    int flags = LargeDescriptor.flagsOf(target.bytes());
    if ((flags & LeafPage.OVERFLOW) != 0) {
      LargeDescriptor descriptor = LargeDescriptor.decode(target.bytes(), target.length());
      readPages(descriptor::filePage, descriptor.pointerList(), target);
      if ((flags & COMPRESSED) != 0) {
        decompress(target, 0);
      }
    } else {
      decompress(target, LargeDescriptor.COMPRESSED_AT);
    }
  }

  private void readPages(IntToLongFunction pages, byte[] list, ValueBuffer target) {
    long timestamp = target.timestamp();
    long expireTs = target.expireTs();
    overflow.read(pages, list, list.length, target);
    target.setTimes(timestamp, expireTs);
  }

  /**
   * Copies the value and times of a buffered record out; large values from their pages. The caller
   * pins the buffer; the owner may overwrite the record only if no snapshot needs it.
   */
  void readRecord(WriteBuffer buffer, int record, ValueBuffer target) {
    int flags = buffer.records().flags(record);
    for (int attempt = 0; !buffer.records().copyTo(record, target); attempt++) {
      if (attempt == ATTEMPTS_MAX) {
        throw new IllegalStateException(
            "a record is written while it is scanned: only the owner scans a partition");
      }
      Thread.onSpinWait();
      flags = buffer.records().flags(record);
    }
    resolveRecord(flags, target);
  }

  /** Copies value and times of the change a cursor stands on; it is no delete. */
  void readChange(SegmentCursor cursor, Root root, ValueBuffer target) {
    int length = cursor.valueLength();
    arena.get(cursor.valueAt(), target.setLength(length), 0, length);
    target.setTimes(cursor.timestamp(), cursor.expireTs());
    resolve(root, entryFlags(cursor.change(), cursor.flags()), target);
  }

  /** Copies value and times of the row a scan stands on. */
  void readScan(TreeScan scan, Root root, ValueBuffer target) {
    int length = scan.valueLength();
    arena.get(scan.valueAt(), target.setLength(length), 0, length);
    target.setTimes(scan.timestamp(), scan.expireTs());
    resolve(root, scan.flags(), target);
  }

  /**
   * The timestamp stored with the newest version of a row, looked for through buffered writes that
   * carry none. Owner only.
   *
   * @return {@link Long#MIN_VALUE} when the row is absent or has expired
   */
  long storedTimestamp(View view, byte[] key, int offset, int length) {
    boolean present = false;
    for (Generation generation : view.all()) {
      WriteBuffer buffer = generation.buffer();
      int record = buffer.find(key, offset, length);
      long cut = generation.coveringCut(key, offset, length, Long.MAX_VALUE);
      if (record != 0 && buffer.records().sequence(record) > cut) {
        int flags = buffer.records().flags(record);
        if ((flags & BufferRecords.DELETE) != 0) {
          return present ? 0 : Long.MIN_VALUE;
        }
        if ((flags & BufferRecords.HAS_TIMESTAMP) != 0) {
          return isExpired(buffer.records().expireTs(record))
              ? Long.MIN_VALUE
              : buffer.records().timestamp(record);
        }
        present = true;
      }
      if (cut != 0) {
        return present ? 0 : Long.MIN_VALUE;
      }
    }
    Root root = view.root();
    for (SegmentRun run : root.runs()) {
      Segment segment = run.of(key, offset, length);
      if (segment != null
          && segmentTree.read(segment.rootPage(), segment.places(), key, offset, length, unused)) {
        int change = segmentTree.change();
        if ((change & SegmentChange.DELETE) != 0) {
          return present ? 0 : Long.MIN_VALUE;
        }
        if ((change & SegmentChange.NO_TIMESTAMP) == 0) {
          return isExpired(unused.expireTs()) ? Long.MIN_VALUE : unused.timestamp();
        }
        present = true;
      }
    }
    if (tree.read(root.treePage(), root.pages(), key, offset, length, unused)
        && !isExpired(unused.expireTs())) {
      return unused.timestamp();
    }
    return present ? 0 : Long.MIN_VALUE;
  }
}
