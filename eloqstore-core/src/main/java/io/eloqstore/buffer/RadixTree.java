/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import io.eloqstore.memory.Arena;

/**
 * The tree from keys to their newest records: an adaptive radix tree with whole path prefixes.
 *
 * <p>After Leis, Kemper and Neumann, "The Adaptive Radix Tree" (2013); reading while another thread
 * writes after ROWEX (Leis, Scheibner, Kemper and Neumann, 2016), with a single writer and
 * therefore without any lock. Keys may be prefixes of each other: a key that ends at a node is the
 * node's self record.
 *
 * <p>One writer thread calls {@link #locate} and then {@link #link}; any thread finds. The tree
 * only grows: a node gets one more child in place, or is replaced by a copy through one ordered
 * store into the slot that names it. Replaced nodes stay as they are, so who still reads one sees
 * the tree of a moment ago.
 *
 * <p>On memory that was freed and reused every search ends after as many steps as the key has
 * bytes: with any answer, or an {@link IndexOutOfBoundsException}.
 */
final class RadixTree {
  private static final long ROOT_SLOT = -1;

  private enum Place {
    /** The tree is empty. */
    ROOT,
    /** The key has a record. */
    FOUND,
    /** Another key's record is where the paths part. */
    BESIDE_RECORD,
    /** The paths part inside the prefix of a node. */
    INSIDE_PREFIX,
    /** The key ends at a node. */
    SELF,
    /** A node lacks a child for the next key byte. */
    CHILD
  }

  private final Arena arena;
  private final BufferRecords records;
  private volatile int root;

  // Where the key of the last locate() belongs; for the writer only.
  private Place place = Place.ROOT;
  private long slot;
  private int record;
  private long node;
  private int header;
  private int depth;
  private int common;

  RadixTree(Arena arena, BufferRecords records) {
    this.arena = arena;
    this.records = records;
  }

  /** The topmost child: 0 when the tree is empty. */
  int root() {
    return root;
  }

  /** The newest record of a key, or 0. */
  int find(byte[] key, int offset, int length) {
    int child = root;
    int at = 0;
    while (child > 0) {
      long here = Nodes.at(child);
      int head = Nodes.header(arena, here);
      int prefix = Nodes.prefixLength(head);
      if (prefix != 0) {
        if (prefix > length - at
            || arena.compare(Nodes.prefixAt(here, head), prefix, key, offset + at, prefix) != 0) {
          return 0;
        }
        at += prefix;
      }
      if (at == length) {
        return Nodes.self(arena, here) & ~Nodes.RECORD;
      }
      child = Nodes.child(arena, here, head, key[offset + at] & 0xff);
      at++;
    }
    if (child == 0) {
      return 0;
    }
    int found = child & ~Nodes.RECORD;
    return isKey(found, key, offset, length, at) ? found : 0;
  }

  /** Whether a record has this key, when the first {@code known} bytes are known to be equal. */
  private boolean isKey(int found, byte[] key, int offset, int length, int known) {
    if (records.keyLength(found) != length) {
      return false;
    }
    int rest = length - known;
    return rest <= 0
        || arena.compare(records.keyAt(found) + known, rest, key, offset + known, rest) == 0;
  }

  /** The newest record of the greatest key that is not above a key, or 0. */
  int floor(byte[] key, int offset, int length) {
    int child = root;
    int at = 0;
    // The greatest subtree seen so far in which every key is smaller.
    int below = 0;
    while (child > 0) {
      long here = Nodes.at(child);
      int head = Nodes.header(arena, here);
      int prefix = Nodes.prefixLength(head);
      if (prefix != 0) {
        int order =
            arena.compare(
                Nodes.prefixAt(here, head),
                prefix,
                key,
                offset + at,
                Math.min(prefix, length - at));
        if (order != 0) {
          return greatest(order > 0 ? below : child);
        }
        at += prefix;
      }
      int self = Nodes.self(arena, here);
      if (at == length) {
        return self != 0 ? self & ~Nodes.RECORD : greatest(below);
      }
      if (self != 0) {
        below = self | Nodes.RECORD;
      }
      int next = key[offset + at] & 0xff;
      int lower = Nodes.previousByte(arena, here, head, next - 1);
      if (lower != Nodes.NONE) {
        below = Nodes.child(arena, here, head, lower);
      }
      child = Nodes.child(arena, here, head, next);
      at++;
    }
    int found = child & ~Nodes.RECORD;
    if (child != 0 && records.compareKey(found, key, offset, length) <= 0) {
      return found;
    }
    return greatest(below);
  }

  private int greatest(int child) {
    int current = child;
    for (int steps = 0; current > 0; steps++) {
      if (steps > BufferRecords.KEY_BYTES_MAX) {
        throw new IndexOutOfBoundsException("the buffer's memory was reused");
      }
      long here = Nodes.at(current);
      int head = Nodes.header(arena, here);
      int last = Nodes.previousByte(arena, here, head, 255);
      current =
          last == Nodes.NONE
              ? Nodes.self(arena, here) | Nodes.RECORD
              : Nodes.child(arena, here, head, last);
    }
    return current & ~Nodes.RECORD;
  }

  /**
   * Finds where a key is or belongs. Changes nothing in the tree.
   *
   * @return whether the key has a record: {@link #located}
   */
  boolean locate(byte[] key, int offset, int length) {
    slot = ROOT_SLOT;
    depth = 0;
    int child = root;
    while (child > 0) {
      node = Nodes.at(child);
      header = Nodes.header(arena, node);
      int prefix = Nodes.prefixLength(header);
      if (prefix != 0) {
        common =
            arena.commonPrefix(
                Nodes.prefixAt(node, header), prefix, key, offset + depth, length - depth);
        if (common < prefix) {
          return placed(Place.INSIDE_PREFIX);
        }
        depth += prefix;
      }
      if (depth == length) {
        record = Nodes.self(arena, node);
        if (record == 0) {
          return placed(Place.SELF);
        }
        slot = node + Nodes.SELF;
        return placed(Place.FOUND);
      }
      long next = Nodes.slot(arena, node, header, key[offset + depth] & 0xff);
      if (next == Nodes.NONE) {
        return placed(Place.CHILD);
      }
      slot = next;
      child = arena.getInt(next);
      depth++;
    }
    if (child == 0) {
      return placed(Place.ROOT);
    }
    // The record keeps the sign bit in child slots, so publish() can tell them from self slots.
    record = child;
    int found = child & ~Nodes.RECORD;
    int rest = records.keyLength(found) - depth;
    common =
        arena.commonPrefix(records.keyAt(found) + depth, rest, key, offset + depth, length - depth);
    return placed(common == rest && rest == length - depth ? Place.FOUND : Place.BESIDE_RECORD);
  }

  private boolean placed(Place found) {
    place = found;
    return found == Place.FOUND;
  }

  /** The record that {@link #locate} found. */
  int located() {
    return record & ~Nodes.RECORD;
  }

  /** Bytes of nodes that {@link #link} will take. */
  int linkBytes() {
    int prefix = Nodes.prefixLength(header);
    switch (place) {
      case BESIDE_RECORD:
        return Nodes.bytes(Nodes.NODE4, common);
      case INSIDE_PREFIX:
        return Nodes.bytes(Nodes.NODE4, common)
            + Nodes.bytes(Nodes.type(header), prefix - common - 1);
      case CHILD:
        return Nodes.isFull(header) ? Nodes.bytes(Nodes.type(header) + 1, prefix) : 0;
      default:
        return 0;
    }
  }

  /** Whether {@link #link} will replace a record or a node that a cursor may hold. */
  boolean linkReplaces() {
    return place != Place.SELF && (place != Place.CHILD || Nodes.isFull(header));
  }

  /**
   * Makes a complete record visible at the place that {@link #locate} found for its key.
   *
   * @param added handle of the record
   * @param space has {@link #linkBytes} reserved
   */
  void link(int added, BlockSpace space) {
    switch (place) {
      case ROOT:
        publish(added | Nodes.RECORD);
        break;
      case FOUND:
        publish(added | record & Nodes.RECORD);
        break;
      case SELF:
        arena.putIntOrdered(node + Nodes.SELF, added);
        break;
      case CHILD:
        addChild(added, space);
        break;
      case BESIDE_RECORD:
        {
          int parent = space.take(Nodes.bytes(Nodes.NODE4, common));
          int head = fork(Nodes.at(parent), added);
          head = attach(Nodes.at(parent), head, located());
          attach(Nodes.at(parent), head, added);
          publish(parent);
          break;
        }
      case INSIDE_PREFIX:
        {
          int parent = space.take(Nodes.bytes(Nodes.NODE4, common));
          int left = Nodes.prefixLength(header) - common - 1;
          int lower = space.take(Nodes.bytes(Nodes.type(header), left));
          Nodes.copy(arena, node, header, Nodes.at(lower), Nodes.type(header), common + 1);
          int head = fork(Nodes.at(parent), added);
          int parting = arena.getUnsignedByte(Nodes.prefixAt(node, header) + common);
          head = Nodes.add(arena, Nodes.at(parent), head, parting, lower);
          attach(Nodes.at(parent), head, added);
          publish(parent);
          break;
        }
      default:
        throw new IllegalStateException("no place: " + place);
    }
  }

  /** Makes a node for the bytes that two paths share; returns its header. */
  private int fork(long parent, int added) {
    int head = Nodes.create(arena, parent, Nodes.NODE4, common);
    arena.copy(records.keyAt(added) + depth, Nodes.prefixAt(parent, head), common);
    return head;
  }

  /** Hangs a record under the forking node; returns its header. */
  private int attach(long parent, int head, int leaf) {
    int parting = depth + common;
    if (records.keyLength(leaf) == parting) {
      arena.putInt(parent + Nodes.SELF, leaf);
      return head;
    }
    int keyByte = arena.getUnsignedByte(records.keyAt(leaf) + parting);
    return Nodes.add(arena, parent, head, keyByte, leaf | Nodes.RECORD);
  }

  private void addChild(int added, BlockSpace space) {
    int keyByte = arena.getUnsignedByte(records.keyAt(added) + depth);
    if (!Nodes.isFull(header)) {
      Nodes.add(arena, node, header, keyByte, added | Nodes.RECORD);
      return;
    }
    int type = Nodes.type(header) + 1;
    int larger = space.take(Nodes.bytes(type, Nodes.prefixLength(header)));
    int head = Nodes.copy(arena, node, header, Nodes.at(larger), type, 0);
    Nodes.add(arena, Nodes.at(larger), head, keyByte, added | Nodes.RECORD);
    publish(larger);
  }

  private void publish(int child) {
    if (slot == ROOT_SLOT) {
      root = child;
    } else {
      arena.putIntOrdered(slot, child);
    }
  }
}
