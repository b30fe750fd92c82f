/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import io.eloqstore.memory.Arena;
import net.openhft.hashing.LongHashFunction;

/** XXH3, 64 bits, default secret, seed 0: the checksum of pages and manifest records. */
public final class Xxh3 {
  private static final LongHashFunction XXH3 = LongHashFunction.xx3();

  private Xxh3() {}

  public static long hash(Arena arena, long at, long length) {
    if (length < 0 || at < 0 || at > arena.bytes() - length) {
      throw new IndexOutOfBoundsException(
          "bytes " + at + " to " + (at + length) + " of an arena of " + arena.bytes());
    }
    return XXH3.hashMemory(arena.address() + at, length);
  }

  public static long hash(byte[] bytes, int offset, int length) {
    return XXH3.hashBytes(bytes, offset, length);
  }
}
