/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.page.LeafPage;
import io.eloqstore.page.SegmentChange;
import io.eloqstore.pagestore.PageSource;
import java.util.Arrays;

/**
 * The live changes of several runs of segments as one: of each key the newest. One that has no
 * timestamp of its own gets that of the newest older change that has one.
 *
 * <p>Worker only. It pins pages of one segment of each run while it stands on a change.
 */
final class SegmentSource implements ChangeSource {
  /** Told the page ids of a large value that nobody will see. */
  interface Superseded {
    void accept(long pointersAt, int length);
  }

  private final RunCursor[] cursors;
  private final boolean[] live;
  private final byte[] from;
  private final Superseded superseded;
  private int winner = -1;
  private boolean started;
  private boolean timed;
  private long timestamp;

  /**
   * @param runs newest first
   * @param from first key, {@code null} for every key
   */
  SegmentSource(PageSource source, SegmentRun[] runs, byte[] from, Superseded superseded) {
    this.from = from;
    this.superseded = superseded;
    this.live = new boolean[runs.length];
    this.cursors = new RunCursor[runs.length];
    for (int i = 0; i < runs.length; i++) {
      cursors[i] = new RunCursor(source);
      cursors[i].open(runs[i]);
    }
  }

  @Override
  public boolean next() {
    if (!started) {
      for (int i = 0; i < cursors.length; i++) {
        live[i] = from == null ? cursors[i].first() : cursors[i].seek(from, 0, from.length);
      }
      started = true;
    } else {
      leaveKey();
    }
    winner = -1;
    for (int i = 0; i < cursors.length; i++) {
      if (live[i] && (winner < 0 || compare(i, winner) < 0)) {
        winner = i;
      }
    }
    if (winner >= 0) {
      resolveTimestamp();
    }
    return winner >= 0;
  }

  private int compare(int one, int other) {
    return Arrays.compareUnsigned(
        cursors[one].key(),
        0,
        cursors[one].keyLength(),
        cursors[other].key(),
        0,
        cursors[other].keyLength());
  }

  /** The older ones first: their keys are compared with the winner's. */
  private void leaveKey() {
    for (int i = cursors.length - 1; i >= winner; i--) {
      if (live[i] && compare(i, winner) == 0) {
        live[i] = cursors[i].next();
      }
    }
  }

  /** Looks for a timestamp through older changes if the newest one has none. */
  private void resolveTimestamp() {
    SegmentCursor newest = cursors[winner].change();
    timed = (newest.change() & SegmentChange.NO_TIMESTAMP) == 0;
    timestamp = newest.timestamp();
    for (int i = winner + 1; !timed && i < cursors.length; i++) {
      if (live[i] && compare(i, winner) == 0) {
        int change = cursors[i].change().change();
        // After a delete it is a new key: its timestamp is 0, whatever the tree has.
        timed = (change & SegmentChange.DELETE) != 0 || (change & SegmentChange.NO_TIMESTAMP) == 0;
        timestamp = (change & SegmentChange.DELETE) != 0 ? 0 : cursors[i].change().timestamp();
      }
    }
  }

  @Override
  public void take() {
    letGo(winner + 1);
  }

  @Override
  public void skip() {
    letGo(winner);
  }

  /** Lets the large values of the present key go, from this source on. */
  private void letGo(int first) {
    for (int i = first; i < cursors.length; i++) {
      if (live[i]
          && (cursors[i].change().change() & SegmentChange.LARGE) != 0
          && compare(i, winner) == 0) {
        superseded.accept(cursors[i].change().valueAt(), cursors[i].change().valueLength());
      }
    }
  }

  private SegmentCursor newest() {
    return cursors[winner].change();
  }

  @Override
  public byte[] key() {
    return cursors[winner].key();
  }

  @Override
  public int keyLength() {
    return cursors[winner].keyLength();
  }

  @Override
  public int change() {
    int change = newest().change();
    return timed ? change & ~SegmentChange.NO_TIMESTAMP : change;
  }

  @Override
  public boolean isSmallChunk() {
    int change = newest().change();
    int wanted = SegmentChange.LIST_CHUNK | SegmentChange.LARGE | SegmentChange.DELETE;
    return (change & wanted) == SegmentChange.LIST_CHUNK && flags() == 0;
  }

  @Override
  public long firstLive() {
    return newest().firstLive();
  }

  @Override
  public int flags() {
    return newest().flags() & ~LeafPage.EXPIRE;
  }

  @Override
  public long valueAt() {
    return newest().valueAt();
  }

  @Override
  public int valueLength() {
    return newest().valueLength();
  }

  @Override
  public long timestamp() {
    return timestamp;
  }

  @Override
  public long expireTs() {
    return newest().expireTs();
  }

  /** The range deletes before a segment were applied to it, those behind it took its ranges. */
  @Override
  public boolean isCut(byte[] key, int keyLength) {
    return false;
  }

  @Override
  public void close() {
    for (RunCursor cursor : cursors) {
      cursor.close();
    }
  }
}
