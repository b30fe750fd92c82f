/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.memory.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * A growing run of bytes on the heap; what was never written is zero. Not safe for threads: its
 * file's lock is held.
 */
final class MemoryBytes {
  private static final int CHUNK_BYTES = 1 << 16;

  private final List<byte[]> chunks = new ArrayList<>();
  private long length;

  long length() {
    return length;
  }

  MemoryBytes copy() {
    MemoryBytes copy = new MemoryBytes();
    for (byte[] chunk : chunks) {
      copy.chunks.add(chunk.clone());
    }
    copy.length = length;
    return copy;
  }

  /** Bytes copied: what there is from {@code position} to the end, at most {@code wanted}. */
  int read(long position, Arena arena, long at, int wanted) {
    int count = (int) Math.max(0, Math.min(wanted, length - position));
    for (int done = 0; done < count; ) {
      int offset = (int) ((position + done) % CHUNK_BYTES);
      int part = Math.min(count - done, CHUNK_BYTES - offset);
      arena.buffer(at + done, part).put(chunk(position + done), offset, part);
      done += part;
    }
    return count;
  }

  void write(long position, Arena arena, long at, int count) {
    grow(position + count);
    for (int done = 0; done < count; ) {
      int offset = (int) ((position + done) % CHUNK_BYTES);
      int part = Math.min(count - done, CHUNK_BYTES - offset);
      arena.get(at + done, chunk(position + done), offset, part);
      done += part;
    }
  }

  void write(long position, byte[] source, int from, int count) {
    grow(position + count);
    for (int done = 0; done < count; ) {
      int offset = (int) ((position + done) % CHUNK_BYTES);
      int part = Math.min(count - done, CHUNK_BYTES - offset);
      System.arraycopy(source, from + done, chunk(position + done), offset, part);
      done += part;
    }
  }

  /** Inverts one bit; false if the file ends before it. */
  boolean flip(long bit) {
    long position = bit >>> 3;
    if (position >= length) {
      return false;
    }
    chunk(position)[(int) (position % CHUNK_BYTES)] ^= (byte) (1 << (bit & 7));
    return true;
  }

  private byte[] chunk(long position) {
    return chunks.get((int) (position / CHUNK_BYTES));
  }

  private void grow(long end) {
    while ((long) chunks.size() * CHUNK_BYTES < end) {
      chunks.add(new byte[CHUNK_BYTES]);
    }
    length = Math.max(length, end);
  }
}
