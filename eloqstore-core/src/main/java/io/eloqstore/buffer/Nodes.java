/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import io.eloqstore.memory.Arena;

/**
 * Byte layout of the nodes of the tree, and what can be done with one node.
 *
 * <p>Little-endian, 8-aligned:
 *
 * <pre>
 * offset width field
 *      0     4 header: bits 0-1 type, bits 2-8 child count (types 4, 16 and 48), bits 9-23 prefix length
 *      4     4 self: the record whose key ends at this node, 0 = none
 *      8       type 4:   4 key bytes,   4 children of 4 bytes, prefix bytes
 *      8       type 16:  16 key bytes, 16 children, prefix bytes
 *      8       type 48:  256 index bytes (0 = none, else slot + 1), 48 children, prefix bytes
 *      8       type 256: 256 children (0 = none), prefix bytes
 * </pre>
 *
 * <p>A child is a handle (offset in the arena / 8); the sign bit tells a record from a node.
 *
 * <p>One writer, any number of readers. Invariants: type and prefix of a node never change once it
 * is published; keys and children below the count of a header that was read are complete; a child
 * slot never becomes empty again; every published node has a self record or a child.
 */
final class Nodes {
  static final int NODE4 = 0;
  static final int NODE16 = 1;
  static final int NODE48 = 2;
  static final int NODE256 = 3;

  /** The bit of a child that tells a record. */
  static final int RECORD = 1 << 31;

  /** Nothing was found. */
  static final int NONE = -1;

  static final int SELF = 4;
  private static final int KEYS = 8;
  private static final int CHILDREN_4 = 12;
  private static final int CHILDREN_16 = 24;
  private static final int CHILDREN_48 = 264;
  private static final int CHILDREN_256 = 8;

  private static final int TYPE_MASK = 3;
  private static final int COUNT_SHIFT = 2;
  private static final int COUNT_MASK = 0x7f;
  private static final int COUNT_ONE = 1 << COUNT_SHIFT;
  private static final int PREFIX_SHIFT = 9;
  private static final int PREFIX_MASK = 0x7fff;

  private Nodes() {}

  static long at(int handle) {
    return (handle & 0x7fff_ffffL) << 3;
  }

  static int handle(long at) {
    return (int) (at >>> 3);
  }

  static int header(Arena arena, long node) {
    return arena.getIntVolatile(node);
  }

  static int type(int header) {
    return header & TYPE_MASK;
  }

  private static int count(int header) {
    return header >>> COUNT_SHIFT & COUNT_MASK;
  }

  static int prefixLength(int header) {
    return header >>> PREFIX_SHIFT & PREFIX_MASK;
  }

  static long prefixAt(long node, int header) {
    return node + fixedBytes(type(header));
  }

  private static int fixedBytes(int type) {
    switch (type) {
      case NODE4:
        return CHILDREN_4 + 4 * Integer.BYTES;
      case NODE16:
        return CHILDREN_16 + 16 * Integer.BYTES;
      case NODE48:
        return CHILDREN_48 + 48 * Integer.BYTES;
      default:
        return CHILDREN_256 + 256 * Integer.BYTES;
    }
  }

  /** Bytes a node takes, a multiple of 8. */
  static int bytes(int type, int prefixLength) {
    return fixedBytes(type) + prefixLength + 7 & -8;
  }

  static int self(Arena arena, long node) {
    return arena.getIntVolatile(node + SELF);
  }

  /** Where the child for a key byte is stored; {@link #NONE} if there is none. */
  static long slot(Arena arena, long node, int header, int keyByte) {
    switch (type(header)) {
      case NODE4:
        {
          int index = matchIndex(arena.getInt(node + KEYS), keyByte);
          return index < count(header) ? node + CHILDREN_4 + index * 4L : NONE;
        }
      case NODE16:
        {
          int index = matchIndex(arena.getLong(node + KEYS), keyByte);
          if (index == 8) {
            index += matchIndex(arena.getLong(node + KEYS + 8), keyByte);
          }
          return index < count(header) ? node + CHILDREN_16 + index * 4L : NONE;
        }
      case NODE48:
        {
          int index = arena.getUnsignedByte(node + KEYS + keyByte);
          // An index byte may be newer than the header that was read.
          return index != 0 && index <= count(header)
              ? node + CHILDREN_48 + (index - 1) * 4L
              : NONE;
        }
      default:
        {
          long slot = node + CHILDREN_256 + keyByte * 4L;
          return arena.getInt(slot) != 0 ? slot : NONE;
        }
    }
  }

  // The lowest hit of the zero-byte trick is exact; only hits above it may be false.
  private static int matchIndex(int keys, int keyByte) {
    int word = keys ^ keyByte * 0x0101_0101;
    int hits = word - 0x0101_0101 & ~word & 0x8080_8080;
    return Integer.numberOfTrailingZeros(hits) >>> 3;
  }

  private static int matchIndex(long keys, int keyByte) {
    long word = keys ^ keyByte * 0x0101_0101_0101_0101L;
    long hits = word - 0x0101_0101_0101_0101L & ~word & 0x8080_8080_8080_8080L;
    return Long.numberOfTrailingZeros(hits) >>> 3;
  }

  /** The child for a key byte, 0 if there is none. */
  static int child(Arena arena, long node, int header, int keyByte) {
    long slot = slot(arena, node, header, keyByte);
    return slot == NONE ? 0 : arena.getIntVolatile(slot);
  }

  /** Smallest key byte from {@code from} (0 to 256) on that has a child, or {@link #NONE}. */
  static int nextByte(Arena arena, long node, int header, int from) {
    switch (type(header)) {
      case NODE4:
      case NODE16:
        {
          int best = 256;
          for (int i = 0, count = count(header); i < count; i++) {
            int key = arena.getUnsignedByte(node + KEYS + i);
            if (key >= from && key < best) {
              best = key;
            }
          }
          return best < 256 ? best : NONE;
        }
      default:
        for (int b = from; b < 256; b++) {
          if (slot(arena, node, header, b) != NONE) {
            return b;
          }
        }
        return NONE;
    }
  }

  /** Greatest key byte down from {@code from} (-1 to 255) that has a child, or {@link #NONE}. */
  static int previousByte(Arena arena, long node, int header, int from) {
    switch (type(header)) {
      case NODE4:
      case NODE16:
        {
          int best = NONE;
          for (int i = 0, count = count(header); i < count; i++) {
            int key = arena.getUnsignedByte(node + KEYS + i);
            if (key <= from && key > best) {
              best = key;
            }
          }
          return best;
        }
      default:
        for (int b = from; b >= 0; b--) {
          if (slot(arena, node, header, b) != NONE) {
            return b;
          }
        }
        return NONE;
    }
  }

  /** Whether no child can be added in place. */
  static boolean isFull(int header) {
    switch (type(header)) {
      case NODE4:
        return count(header) == 4;
      case NODE16:
        return count(header) == 16;
      case NODE48:
        return count(header) == 48;
      default:
        return false;
    }
  }

  /** Makes an empty node in fresh memory; the caller copies the prefix. Returns its header. */
  static int create(Arena arena, long node, int type, int prefixLength) {
    if (type == NODE48) {
      arena.zero(node + KEYS, 256);
    } else if (type == NODE256) {
      arena.zero(node + CHILDREN_256, 256 * Integer.BYTES);
    }
    int header = type | prefixLength << PREFIX_SHIFT;
    arena.putInt(node + SELF, 0);
    arena.putInt(node, header);
    return header;
  }

  /** Adds a child for a byte that has none to a node that is not full; returns the new header. */
  static int add(Arena arena, long node, int header, int keyByte, int child) {
    int count = count(header);
    switch (type(header)) {
      case NODE4:
        arena.putByte(node + KEYS + count, (byte) keyByte);
        arena.putInt(node + CHILDREN_4 + count * 4L, child);
        break;
      case NODE16:
        arena.putByte(node + KEYS + count, (byte) keyByte);
        arena.putInt(node + CHILDREN_16 + count * 4L, child);
        break;
      case NODE48:
        arena.putInt(node + CHILDREN_48 + count * 4L, child);
        arena.putByte(node + KEYS + keyByte, (byte) (count + 1));
        break;
      default:
        arena.putIntOrdered(node + CHILDREN_256 + keyByte * 4L, child);
        return header;
    }
    // Readers take the count first, so they see nothing of the child before this store.
    arena.putIntOrdered(node, header + COUNT_ONE);
    return header + COUNT_ONE;
  }

  /**
   * Copies self, children and the end of the prefix into a new node of the same or a larger type.
   *
   * @param prefixSkip bytes of the prefix to leave out
   */
  static int copy(Arena arena, long from, int fromHeader, long to, int type, int prefixSkip) {
    int prefixLength = prefixLength(fromHeader) - prefixSkip;
    int header = create(arena, to, type, prefixLength);
    arena.copy(prefixAt(from, fromHeader) + prefixSkip, prefixAt(to, header), prefixLength);
    arena.putInt(to + SELF, arena.getInt(from + SELF));
    int next = nextByte(arena, from, fromHeader, 0);
    while (next != NONE) {
      header = add(arena, to, header, next, child(arena, from, fromHeader, next));
      next = nextByte(arena, from, fromHeader, next + 1);
    }
    return header;
  }
}
