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
import java.util.function.Predicate;

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
  private final Predicate<KeyRange> isLeftBehind;
  private byte[] end;
  private int change;
  private boolean started;
  private boolean hasRecord;
  private boolean isDeadRow;
  private boolean isEmptyHead;
  // The value given out is in the chunk join, the key in an array of its own or in the tree.
  private boolean isGathered;
  private boolean isJoined;
  private boolean looksAhead;
  private byte[] chunkKey = new byte[64];
  private int chunkKeyLength;
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
   * @param isLeftBehind whether there may be changes of a range in front, which are not taken
   */
  MergeChanges(
      ChangeSource source,
      Arena arena,
      DeadChunks deadChunks,
      ChunkJoin chunkJoin,
      LeafCompression compression,
      KeyRange range,
      Predicate<KeyRange> isLeftBehind) {
    this.source = source;
    this.arena = arena;
    this.deadChunks = deadChunks;
    this.chunkJoin = chunkJoin;
    this.compression = compression;
    this.range = range;
    this.isLeftBehind = isLeftBehind;
  }

  @Override
  public boolean next() {
    if (started) {
      rememberKey();
    }
    isCompressed = false;
    isGathered = false;
    if (isJoined) {
      isJoined = false;
      chunkJoin.release();
    }
    if (looksAhead) {
      looksAhead = false;
    } else if (!isDeadRow) {
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
      gatherChunks();
    }
    if (compression != null && !isDelete()) {
      isCompressed = compression.compress(valueAt(), valueLength());
    }
  }

  /** Chunks with room behind the one before them, in the tree or here, become a part of that. */
  private void gatherChunks() {
    // A head that is left behind may kill the older of two chunks.
    boolean isWhole = isWholeList();
    isJoined = isWhole && joinsOlder();
    if (isJoined) {
      chunkJoin.join(source.valueAt(), source.valueLength());
    } else {
      chunkJoin.begin(source.valueAt(), source.valueLength());
    }
    chunkKeyLength = source.keyLength();
    if (chunkKey.length < chunkKeyLength) {
      chunkKey = new byte[Math.max(chunkKeyLength, 2 * chunkKey.length)];
    }
    System.arraycopy(source.key(), 0, chunkKey, 0, chunkKeyLength);
    isGathered = true;
    looksAhead = true;
    moveRecord();
    while (isWhole && hasRecord && isNextChunk()) {
      source.take();
      chunkJoin.append(source.valueAt(), source.valueLength());
      moveRecord();
    }
  }

  private boolean joinsOlder() {
    if (!chunkJoin.find(source.key(), source.keyLength(), source.valueLength())) {
      return false;
    }
    byte[] older = chunkJoin.key();
    int length = chunkJoin.keyLength();
    boolean joins =
        Arrays.compareUnsigned(older, 0, length, lastKey, 0, lastKeyLength) > 0
            && !deadChunks.isDead(older, length)
            && !source.isCut(older, length);
    if (!joins) {
      chunkJoin.release();
    }
    return joins;
  }

  /** Whether the source stands on a small chunk of the same list, with no row of it in between. */
  private boolean isNextChunk() {
    int listKeyLength = chunkKeyLength - Long.BYTES;
    return source.isSmallChunk()
        && source.keyLength() == chunkKeyLength
        && Arrays.equals(source.key(), 0, listKeyLength, chunkKey, 0, listKeyLength)
        && !deadChunks.isDead(source.key(), source.keyLength())
        && chunkJoin.hasRoom(chunkKeyLength, source.valueLength())
        && !chunkJoin.hasRowBetween(chunkKey, chunkKeyLength, source.key(), source.keyLength());
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
    if (order > 0) {
      return true;
    }
    // Behind the list's key the head has eight zero bytes.
    byte[] head = Arrays.copyOf(source.key(), source.keyLength());
    Arrays.fill(head, listKeyLength, head.length, (byte) 0);
    return Arrays.compareUnsigned(head, from) >= 0 || !isLeftBehind.test(new KeyRange(head, from));
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
    if (isGathered) {
      return chunkKey;
    }
    return isDeadRow ? deadChunks.key() : source.key();
  }

  @Override
  public int keyLength() {
    if (isJoined) {
      return chunkJoin.keyLength();
    }
    if (isGathered) {
      return chunkKeyLength;
    }
    return isDeadRow ? deadChunks.keyLength() : source.keyLength();
  }

  @Override
  public boolean isDelete() {
    return isDeadRow || isEmptyHead || (change & SegmentChange.DELETE) != 0;
  }

  @Override
  public int flags() {
    if (isGathered) {
      return isCompressed ? LeafPage.COMPRESSED_DICTIONARY : 0;
    }
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
    return isGathered ? chunkJoin.valueAt() : source.valueAt();
  }

  @Override
  public int valueLength() {
    if (isCompressed) {
      return compression.valueLength();
    }
    return isGathered ? chunkJoin.valueLength() : source.valueLength();
  }

  @Override
  public boolean hasTimestamp() {
    return (change & SegmentChange.NO_TIMESTAMP) == 0;
  }

  @Override
  public long timestamp() {
    return isGathered ? 0 : source.timestamp();
  }

  @Override
  public long expireTs() {
    return isGathered ? 0 : source.expireTs();
  }
}
