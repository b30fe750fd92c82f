/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.pagestore.PageSource;
import io.eloqstore.tree.TreeScan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The rows that the head of a list killed: chunks of that list in the tree with a number below the
 * first live one. The flush that brings the head deletes them.
 *
 * <p>Worker only. Stands on the next dead row of one list at a time.
 */
final class DeadChunks implements AutoCloseable {
  private final PageSource source;
  private final Root base;
  // Lists whose chunks the merge may still meet. Their keys begin with one another, for chunks of a
  // list may lie on both sides of another list that begins with its key; mostly there is one.
  private final List<DeadList> open = new ArrayList<>();
  private DeadList nearest;
  private byte[] taken = new byte[64];
  private int takenLength;

  /**
   * @param base tree before the merge; it is not changed by it
   */
  DeadChunks(PageSource source, Root base) {
    this.source = source;
    this.base = base;
  }

  /**
   * Takes up the dead rows of a list.
   *
   * @param headKey the list's key and eight zero bytes; above that of every list before
   */
  void begin(byte[] headKey, int headKeyLength, long firstLiveNumber) {
    DeadList list = new DeadList(headKey, headKeyLength - Long.BYTES, firstLiveNumber);
    open.add(list);
    list.seek();
  }

  /** Whether there is another dead row. */
  boolean hasRow() {
    nearest = null;
    for (int i = 0; i < open.size(); i++) {
      DeadList list = open.get(i);
      if (list.hasRow && (nearest == null || list.compareRow(nearest) < 0)) {
        nearest = list;
      }
    }
    return nearest != null;
  }

  /** Whether that row comes before a key or is it. */
  boolean isNotBehind(byte[] key, int keyLength) {
    TreeScan scan = nearest.scan;
    return Arrays.compareUnsigned(scan.key(), 0, scan.keyLength(), key, 0, keyLength) <= 0;
  }

  /** Takes the row and goes to the next one. */
  void take() {
    TreeScan scan = nearest.scan;
    takenLength = scan.keyLength();
    if (taken.length < takenLength) {
      taken = new byte[Math.max(takenLength, 2 * taken.length)];
    }
    System.arraycopy(scan.key(), 0, taken, 0, takenLength);
    nearest.next();
  }

  /** Key of the row taken last. */
  byte[] key() {
    return taken;
  }

  int keyLength() {
    return takenLength;
  }

  /**
   * Whether a key is that of a dead chunk.
   *
   * @param key above every key asked for before; all dead rows below it were taken
   */
  boolean covers(byte[] key, int keyLength) {
    while (!open.isEmpty() && !open.get(open.size() - 1).isAround(key, keyLength)) {
      open.remove(open.size() - 1);
    }
    for (int i = 0; i < open.size(); i++) {
      if (open.get(i).covers(key, keyLength)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a key begins with that of a list under way; any key. */
  boolean isInside(byte[] key, int keyLength) {
    for (int i = 0; i < open.size(); i++) {
      if (open.get(i).isAround(key, keyLength)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a key is that of a dead chunk of the lists under way; any key. */
  boolean isDead(byte[] key, int keyLength) {
    for (int i = 0; i < open.size(); i++) {
      if (open.get(i).covers(key, keyLength)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    open.forEach(list -> list.scan.close());
    open.clear();
  }

  /** One list with dead chunks, and where its next dead row is. */
  private final class DeadList {
    private final byte[] listKey;
    private final long firstLive;
    private final TreeScan scan = new TreeScan(source);
    private boolean hasRow;

    DeadList(byte[] headKey, int listKeyLength, long firstLive) {
      this.listKey = Arrays.copyOf(headKey, listKeyLength);
      this.firstLive = firstLive;
    }

    void seek() {
      scan.open(base.treePage(), base.pages());
      hasRow = scan.seek(listKey, 0, listKey.length);
      skipToDeadRow();
    }

    void next() {
      hasRow = scan.next();
      skipToDeadRow();
    }

    private void skipToDeadRow() {
      while (hasRow && !covers(scan.key(), scan.keyLength())) {
        hasRow = isAround(scan.key(), scan.keyLength()) && !isLive() && scan.next();
      }
      if (!hasRow) {
        scan.close();
      }
    }

    /** Whether the scan stands on a live chunk, behind which there is no dead one. */
    private boolean isLive() {
      return scan.keyLength() == listKey.length + Long.BYTES
          && ListChunks.getLong(scan.key(), listKey.length) >= firstLive;
    }

    /** Whether a key begins with the list's. */
    boolean isAround(byte[] key, int keyLength) {
      return keyLength >= listKey.length
          && Arrays.equals(key, 0, listKey.length, listKey, 0, listKey.length);
    }

    boolean covers(byte[] key, int keyLength) {
      if (keyLength != listKey.length + Long.BYTES || !isAround(key, keyLength)) {
        return false;
      }
      long number = ListChunks.getLong(key, listKey.length);
      return number != 0 && number < firstLive;
    }

    int compareRow(DeadList other) {
      return Arrays.compareUnsigned(
          scan.key(), 0, scan.keyLength(), other.scan.key(), 0, other.scan.keyLength());
    }
  }
}
