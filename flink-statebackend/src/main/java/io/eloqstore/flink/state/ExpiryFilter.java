/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.EntryFilter;
import io.eloqstore.flink.key.KeyLayout;
import io.eloqstore.flink.key.ListChunks;
import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.runtime.state.ListDelimitedSerializer;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.runtime.state.ttl.TtlValue;

/**
 * Drops what has outlived its time from one partition.
 *
 * <p>Flink stores the time of the last access in front of each value. A value and an entry of a map
 * go when their time is over; a chunk of a list when that of its last element is.
 *
 * <p>States are registered by the task's thread; the engine's background thread asks.
 */
final class ExpiryFilter implements EntryFilter {
  private final KeyLayout layout;
  private final TtlTimeProvider time;

  // By state id; replaced as a whole. A state that keeps its values has none.
  private volatile Expiry[] byStateId = {};

  // Background thread only.
  private final byte[] timestamp = new byte[Long.BYTES];
  private final DataInputDeserializer in = new DataInputDeserializer();
  private byte[] chunk = new byte[1024];

  ExpiryFilter(KeyLayout layout, TtlTimeProvider time) {
    this.layout = layout;
    this.time = time;
  }

  /** How a state's values are looked at. Its clock belongs to the background thread. */
  static final class Expiry {
    private final long ttlMs;
    private final long entriesPerClock;
    private final int offset;
    private final TypeSerializer<?> elements;
    private long entriesLeft;
    private long now;

    /**
     * @param entriesPerClock entries after which the clock is asked again, at least 1
     * @param offset of the time in a value
     * @param elements of a list; {@code null} for other states; used by this object alone
     */
    Expiry(long ttlMs, long entriesPerClock, int offset, TypeSerializer<?> elements) {
      this.ttlMs = ttlMs;
      this.entriesPerClock = entriesPerClock;
      this.offset = offset;
      this.elements = elements;
    }

    private boolean isOver(long lastAccess, TtlTimeProvider time) {
      // Saturating, as in Flink: a time to live may be as long as a long.
      long last = lastAccess > 0 ? Math.min(lastAccess, Long.MAX_VALUE - ttlMs) : lastAccess;
      return last + ttlMs <= now(time);
    }

    private long now(TtlTimeProvider time) {
      if (entriesLeft-- <= 0) {
        entriesLeft = entriesPerClock;
        now = time.currentTimestamp();
      }
      return now;
    }
  }

  /**
   * @param expiry {@code null} for a state whose values stay
   */
  void register(int stateId, Expiry expiry) {
    Expiry[] next = Arrays.copyOf(byStateId, Math.max(byStateId.length, stateId + 1));
    next[stateId] = expiry;
    byStateId = next;
  }

  /** What was read of the clock before may be long ago. */
  @Override
  public void begin() {
    for (Expiry expiry : byStateId) {
      if (expiry != null) {
        expiry.entriesLeft = 0;
      }
    }
  }

  @Override
  public boolean drops(Entry entry) {
    if (entry.keyLength() <= layout.headerBytes()) {
      return false;
    }
    Expiry[] known = byStateId;
    int stateId = layout.stateId(entry.key(), 0);
    Expiry expiry = stateId < known.length ? known[stateId] : null;
    if (expiry == null) {
      return false;
    }
    return expiry.elements == null ? isValueOver(entry, expiry) : isChunkOver(entry, expiry);
  }

  private boolean isValueOver(Entry entry, Expiry expiry) {
    if (entry.valueLength() < expiry.offset + Long.BYTES) {
      // A null in a map has no time.
      return false;
    }
    entry.copyValue(expiry.offset, timestamp, 0, Long.BYTES);
    return expiry.isOver(bigEndian(timestamp), time);
  }

  private static long bigEndian(byte[] bytes) {
    long value = 0;
    for (byte next : bytes) {
      value = value << Byte.SIZE | next & 0xff;
    }
    return value;
  }

  private boolean isChunkOver(Entry entry, Expiry expiry) {
    int length = entry.valueLength();
    if (chunk.length < length) {
      chunk = new byte[Math.max(length, chunk.length * 2)];
    }
    entry.copyValue(0, chunk, 0, length);
    boolean isHead = ListChunks.number(entry.key(), 0, entry.keyLength()) == 0;
    int from = isHead ? Long.BYTES : 0;
    in.setBuffer(chunk, from, length - from);
    try {
      while (in.available() > 0) {
        if (!expiry.isOver(readTime(expiry.elements), time)) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      throw EngineState.failed("read an element while looking for expired ones of list", e);
    }
  }

  private long readTime(TypeSerializer<?> elements) throws IOException {
    Object element = ListDelimitedSerializer.deserializeNextElement(in, elements);
    return ((TtlValue<?>) element).getLastAccessTimestamp();
  }
}
