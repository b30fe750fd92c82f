/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.pagestore.PageSource;
import io.eloqstore.tree.TreeReader;
import io.eloqstore.tree.TreeScan;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds the rows that have expired by the TTL tree, in bounded steps, and knows when the next one
 * will.
 *
 * <p>Worker only, but for {@link #isDue}. A row goes only if the main tree has it with the very
 * expiry that the TTL tree names, so one that was rewritten with a later expiry stays.
 *
 * <p>Invariant: no entry of the TTL tree of the working root expires before {@code first}; so a
 * write costs no look at the tree, also after an open, when the first step corrects it.
 */
final class ExpiryCleaning {
  /** Entries of the TTL tree that one step takes, and bytes of their keys, at most. */
  static final int STEP_ENTRIES = 4096;

  private static final int STEP_KEY_BYTES = 1 << 20;

  /** Nothing expires. */
  private static final long NEVER = Long.MAX_VALUE;

  private volatile long first = NEVER;
  // When the one behind what the last step took expires.
  private long next;

  /**
   * What one step takes out of both trees.
   *
   * @param entries keys of the TTL tree, ascending
   * @param rows keys of the main tree, ascending
   */
  record Due(List<byte[]> entries, List<byte[]> rows) {}

  /** The tree was opened: the first step looks at it. */
  void opened(Root root) {
    first = root.ttlPage() == Root.NO_PAGE ? NEVER : 0;
  }

  /** A flush writes an entry that expires then. */
  void added(long expireTs) {
    if (expireTs < first) {
      first = expireTs;
    }
  }

  /** Whether something in the trees may have expired. Any thread. */
  boolean isDue(long nowMs) {
    return first <= nowMs;
  }

  /** Finds what has expired; the same again until {@link #stepDone}. */
  Due step(PageSource source, Root root, long nowMs) {
    List<byte[]> entries = new ArrayList<>();
    int keyBytes = 0;
    next = NEVER;
    try (TreeScan scan = new TreeScan(source)) {
      scan.open(root.ttlPage(), root.pages());
      for (boolean more = scan.first(); more; more = scan.next()) {
        byte[] entry = Arrays.copyOf(scan.key(), scan.keyLength());
        long expireTs = expireTs(entry);
        if (expireTs > nowMs || entries.size() == STEP_ENTRIES || keyBytes >= STEP_KEY_BYTES) {
          next = expireTs;
          break;
        }
        entries.add(entry);
        keyBytes += entry.length;
      }
    }
    return new Due(entries, rows(source, root, entries));
  }

  private static long expireTs(byte[] entry) {
    if (entry.length <= Long.BYTES) {
      throw new CorruptionException(
          "TTL tree", -1, "bytes of a key", "more than " + Long.BYTES, entry.length);
    }
    return ByteBuffer.wrap(entry).getLong();
  }

  private static List<byte[]> rows(PageSource source, Root root, List<byte[]> entries) {
    TreeReader reader = new TreeReader(source);
    ValueBuffer value = new ValueBuffer();
    List<byte[]> rows = new ArrayList<>();
    for (byte[] entry : entries) {
      byte[] key = Arrays.copyOfRange(entry, Long.BYTES, entry.length);
      if (reader.read(root.treePage(), root.pages(), key, 0, key.length, value)
          && value.expireTs() == expireTs(entry)) {
        rows.add(key);
      }
    }
    rows.sort(Arrays::compareUnsigned);
    return rows;
  }

  /** What the step found is out of the trees. */
  void stepDone() {
    first = next;
  }
}
