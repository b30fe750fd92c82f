/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.memory.Arena;
import java.util.Arrays;
import java.util.HexFormat;

/** Bytes of pages, from hex to arena and back. */
final class PageBytes {
  private PageBytes() {}

  /** Spaces are only for the eye. */
  static byte[] hex(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  /** Puts content into the arena, with zeros up to the end of the page. */
  static void put(Arena arena, long at, int pageBytes, String hex) {
    arena.put(at, Arrays.copyOf(hex(hex), pageBytes), 0, pageBytes);
  }

  static byte[] get(Arena arena, long at, int length) {
    byte[] bytes = new byte[length];
    arena.get(at, bytes, 0, length);
    return bytes;
  }

  static String hex(Arena arena, long at, int length) {
    return HexFormat.of().formatHex(get(arena, at, length));
  }
}
