/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import io.eloqstore.memory.Arena;
import java.util.Arrays;
import net.openhft.hashing.LongHashFunction;

/**
 * The checksum of a manifest record: XXH3-64 of each chunk of 1 MiB, mixed. One thread.
 *
 * <p>Fed in pieces of any size; the value does not depend on how the bytes were cut.
 */
public final class ManifestChecksum {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final long PHI = 0x9E3779B97F4A7C15L;
  private static final LongHashFunction XXH3 = LongHashFunction.xx3();

  private byte[] chunk = new byte[4096];
  private int filled;
  private long sum;

  public void update(Arena arena, long at, int length) {
    int done = 0;
    while (done < length) {
      int step = Math.min(length - done, CHUNK_BYTES - filled);
      if (filled + step > chunk.length) {
        chunk = Arrays.copyOf(chunk, Math.min(CHUNK_BYTES, Math.max(filled + step, 2 * filled)));
      }
      arena.get(at + done, chunk, filled, step);
      filled += step;
      done += step;
      if (filled == CHUNK_BYTES) {
        sum = mixed();
        filled = 0;
      }
    }
  }

  /** The checksum of all bytes so far; more may follow. */
  public long value() {
    return filled == 0 ? sum : mixed();
  }

  private long mixed() {
    return (Long.rotateLeft(sum, 1) ^ XXH3.hashBytes(chunk, 0, filled)) * PHI;
  }
}
