/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.memory.Arena;
import io.eloqstore.page.LeafPage;
import io.eloqstore.page.SegmentChange;
import io.eloqstore.tree.ChangeCursor;
import java.util.Arrays;

/**
 * Changes as the merge wants them: with the deletes of the list chunks that a head killed in the
 * tree, without the chunks that it killed among the changes, new chunks joined with the one before,
 * small values compressed if they are to be.
 *
 * <p>Worker only.
 */
final class MergeChanges implements ChangeCursor {
  private final ChangeSource source;
  private final Arena arena;
  private final DeadChunks deadChunks;
  private final ChunkJoin chunkJoin;
  private final LeafCompression compression;
  private final KeyRange range;
  private byte[] end;
  private int change;
  private boolean started;
  private boolean hasRecord;
  private boolean isDeadRow;
  private boolean isEmptyHead;
  private boolean isJoined;
  private boolean isCompressed;
  // Key of the change given out before: a joined chunk must not go behind it.
  private byte[] lastKey = new byte[64];
  private int lastKeyLength;

  /**
   * @param source closed by the caller
   * @param deadChunks finds what the heads of lists killed in the tree; closed by the caller
   * @param chunkJoin finds the chunk that a new one is joined with; closed by the caller
   * @param compression compresses small values; {@code null} to keep them raw; closed by the caller
   * @param range keys to take; the source begins with the first one, and what a head in the range
   *     killed behind it is taken too
   */
  MergeChanges(
      ChangeSource source,
      Arena arena,
      DeadChunks deadChunks,
      ChunkJoin chunkJoin,
      LeafCompression compression,
      KeyRange range) {
    this.source = source;
    this.arena = arena;
    this.deadChunks = deadChunks;
    this.chunkJoin = chunkJoin;
    this.compression = compression;
    this.range = range;
  }

  @Override
  public boolean next() {
    if (started) {
      rememberKey();
    }
    isCompressed = false;
    if (isJoined) {
      isJoined = false;
      chunkJoin.release();
    }
    if (!isDeadRow) {
      moveRecord();
    }
    while (true) {
      isDeadRow =
          deadChunks.hasRow()
              && (!hasRecord || deadChunks.isNotBehind(source.key(), source.keyLength()));
      if (isDeadRow) {
        deadChunks.take();
        return true;
      }
      if (!hasRecord) {
        return false;
      }
      if (!deadChunks.covers(source.key(), source.keyLength())) {
        takeRecord();
        return true;
      }
      source.skip();
      moveRecord();
    }
  }

  private void rememberKey() {
    lastKeyLength = keyLength();
    if (lastKey.length < lastKeyLength) {
      lastKey = new byte[Math.max(lastKeyLength, 2 * lastKey.length)];
    }
    System.arraycopy(key(), 0, lastKey, 0, lastKeyLength);
  }

  private void moveRecord() {
    started = true;
    hasRecord = source.next();
    if (hasRecord && isBeyond()) {
      hasRecord = false;
      end = Arrays.copyOf(source.key(), source.keyLength());
    }
  }

  /**
   * Whether the present key is left alone: behind the end and no part of a list with a dead row.
   */
  private boolean isBeyond() {
    byte[] to = range.to();
    return to != null
        && Arrays.compareUnsigned(source.key(), 0, source.keyLength(), to, 0, to.length) >= 0
        && !deadChunks.isInside(source.key(), source.keyLength());
  }

  /**
   * The first key that was left alone, when all changes were taken; {@code null} when there is
   * none.
   */
  byte[] end() {
    return end;
  }

  private void takeRecord() {
    source.take();
    change = source.change();
    isEmptyHead = false;
    if ((change & SegmentChange.LIST_HEAD) != 0) {
      takeHead();
    }
    if ((change & SegmentChange.LARGE) != 0 || source.flags() != 0) {
      // On pages, or compressed already.
      return;
    }
    if ((change & SegmentChange.LIST_CHUNK) != 0) {
      joinChunk();
    }
    if (compression != null && !isDelete()) {
      isCompressed = compression.compress(valueAt(), valueLength());
    }
  }

  /** A chunk with room behind the one before it in the tree becomes a part of that. */
  private void joinChunk() {
    int bytes = source.valueLength();
    if (!isWholeList() || !chunkJoin.find(source.key(), source.keyLength(), bytes)) {
      return;
    }
    byte[] older = chunkJoin.key();
    int length = chunkJoin.keyLength();
    isJoined =
        Arrays.compareUnsigned(older, 0, length, lastKey, 0, lastKeyLength) > 0
            && !deadChunks.isDead(older, length)
            && !source.isCut(older, length);
    if (isJoined) {
      chunkJoin.join(source.valueAt(), bytes);
    } else {
      chunkJoin.release();
    }
  }

  /**
   * Whether no change of the list lies before the range: a head there may kill the chunk before,
   * and a chunk there would come between the two.
   */
  private boolean isWholeList() {
    byte[] from = range.from();
    if (from == null) {
      return true;
    }
    int listKeyLength = source.keyLength() - Long.BYTES;
    int shared = Math.min(listKeyLength, from.length);
    int order = Arrays.compareUnsigned(source.key(), 0, shared, from, 0, shared);
    if (order != 0) {
      return order > 0;
    }
    // Behind the list's key the head has eight zero bytes.
    for (int i = listKeyLength; i < from.length; i++) {
      if (i >= source.keyLength() || from[i] != 0) {
        return false;
      }
    }
    return true;
  }

  /** Every chunk below the head goes, and the head itself if it has nothing to say but that. */
  private void takeHead() {
    boolean isApart = (change & SegmentChange.FIRST_LIVE) != 0;
    long firstLive = isApart ? source.firstLive() : arena.getLongBigEndian(source.valueAt());
    isEmptyHead = !isApart && source.valueLength() == Long.BYTES;
    deadChunks.begin(source.key(), source.keyLength(), firstLive);
  }

  @Override
  public byte[] key() {
    if (isJoined) {
      return chunkJoin.key();
    }
    return isDeadRow ? deadChunks.key() : source.key();
  }

  @Override
  public int keyLength() {
    if (isJoined) {
      return chunkJoin.keyLength();
    }
    return isDeadRow ? deadChunks.keyLength() : source.keyLength();
  }

  @Override
  public boolean isDelete() {
    return isDeadRow || isEmptyHead || (change & SegmentChange.DELETE) != 0;
  }

  @Override
  public int flags() {
    return source.flags()
        | (isCompressed ? LeafPage.COMPRESSED_DICTIONARY : 0)
        | ((change & SegmentChange.LARGE) != 0 ? LeafPage.OVERFLOW : 0)
        | (source.expireTs() != 0 ? LeafPage.EXPIRE : 0);
  }

  @Override
  public long valueAt() {
    if (isCompressed) {
      return compression.valueAt();
    }
    return isJoined ? chunkJoin.valueAt() : source.valueAt();
  }

  @Override
  public int valueLength() {
    if (isCompressed) {
      return compression.valueLength();
    }
    return isJoined ? chunkJoin.valueLength() : source.valueLength();
  }

  @Override
  public boolean hasTimestamp() {
    return (change & SegmentChange.NO_TIMESTAMP) == 0;
  }

  @Override
  public long timestamp() {
    return source.timestamp();
  }

  @Override
  public long expireTs() {
    return source.expireTs();
  }
}
