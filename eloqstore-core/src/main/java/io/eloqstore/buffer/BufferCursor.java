/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import io.eloqstore.memory.Arena;
import java.util.Arrays;

/**
 * Walks the keys of a write buffer in unsigned byte order, both ways; tombstones are entries too.
 *
 * <p>Belongs to one thread and is used again and again. Every key that was there when the cursor
 * was positioned is met; one that is added meanwhile may be.
 *
 * <ul>
 *   <li>With {@link #setMaxSequence} it shows the state at that sequence, which must be an open
 *       snapshot of the buffer, and skips keys without a version by then. It may run on any thread
 *       while the owner writes, and its records do not change.
 *   <li>Without, it shows the newest records, on the owner's thread or once the buffer is frozen. A
 *       write of the owner makes {@link #record} stale; the cursor can still be moved.
 * </ul>
 *
 * <p>A move that finds nothing answers false and leaves the cursor standing nowhere.
 */
public final class BufferCursor {
  private static final int STACK_INITIAL = 16;
  // Position of a frame that stands on its node's own record; key bytes are 0 to 255.
  private static final int SELF = -1;

  private final WriteBuffer buffer;
  private final RadixTree tree;
  private final BufferRecords records;
  private final Arena arena;
  private long maxSequence = Long.MAX_VALUE;
  private long changesSeen;

  private int[] nodes = new int[STACK_INITIAL];
  private int[] positions = new int[STACK_INITIAL];
  private int depth;

  // The newest record where the cursor stands, and the version it shows.
  private int newest;
  private int record;
  private byte[] key = new byte[64];
  private int keyLength;

  BufferCursor(WriteBuffer buffer, RadixTree tree) {
    this.buffer = buffer;
    this.tree = tree;
    this.records = buffer.records();
    this.arena = records.arena();
  }

  /**
   * Shows the state at a sequence; the cursor then stands nowhere.
   *
   * @param maxSequence of an open snapshot, or {@link Long#MAX_VALUE}
   */
  public void setMaxSequence(long maxSequence) {
    this.maxSequence = maxSequence;
    reset();
  }

  /** Goes to the smallest key. */
  public boolean first() {
    reset();
    return arriveForward(descendFirst(tree.root()));
  }

  /** Goes to the greatest key. */
  public boolean last() {
    reset();
    return arriveBackward(descendLast(tree.root()));
  }

  /** Goes to the smallest key that is not below a key. */
  public boolean seek(byte[] target, int offset, int length) {
    reset();
    return arriveForward(seekForward(target, offset, length));
  }

  /**
   * Goes to the greatest key that is not above a key.
   *
   * @param inclusive whether the key itself counts
   */
  public boolean seekFloor(byte[] target, int offset, int length, boolean inclusive) {
    reset();
    return arriveBackward(seekBackward(target, offset, length, inclusive));
  }

  /** Goes to the next greater key. */
  public boolean next() {
    if (newest == 0) {
      return false;
    }
    if (isOutdated()) {
      int length = keyLength;
      reset();
      int found = seekForward(key, 0, length);
      if (found == 0 || records.compareKey(found, key, 0, length) != 0) {
        return arriveForward(found);
      }
    }
    return arriveForward(stepForward());
  }

  /** Goes to the next smaller key. */
  public boolean previous() {
    if (newest == 0) {
      return false;
    }
    if (isOutdated()) {
      int length = keyLength;
      reset();
      return arriveBackward(seekBackward(key, 0, length, false));
    }
    return arriveBackward(stepBackward());
  }

  /** The record the cursor stands on; 0 when it stands nowhere. */
  public int record() {
    return record;
  }

  /** An array that begins with the key the cursor stands on; it changes with the next move. */
  public byte[] key() {
    return key;
  }

  /** Length of the key, bytes. */
  public int keyLength() {
    return keyLength;
  }

  private void reset() {
    depth = 0;
    newest = 0;
    record = 0;
    changesSeen = buffer.changes();
  }

  // Under a snapshot replaced nodes and records stay what they were, so the stack stays good.
  private boolean isOutdated() {
    return maxSequence == Long.MAX_VALUE && changesSeen != buffer.changes();
  }

  private boolean arriveForward(int found) {
    int current = found;
    while (current != 0 && !show(current)) {
      current = stepForward();
    }
    return arrived(current);
  }

  private boolean arriveBackward(int found) {
    int current = found;
    while (current != 0 && !show(current)) {
      current = stepBackward();
    }
    return arrived(current);
  }

  private boolean arrived(int found) {
    newest = found;
    if (found == 0) {
      record = 0;
    }
    return found != 0;
  }

  private boolean show(int found) {
    record = maxSequence == Long.MAX_VALUE ? found : buffer.visible(found, maxSequence);
    if (record == 0) {
      return false;
    }
    int length = records.keyLength(record);
    if (length > key.length) {
      key = new byte[length * 2];
    }
    records.copyKey(record, key, 0);
    keyLength = length;
    return true;
  }

  private void push(int node, int position) {
    if (depth == nodes.length) {
      if (depth > BufferRecords.KEY_BYTES_MAX) {
        throw new IndexOutOfBoundsException("the buffer's memory was reused");
      }
      nodes = Arrays.copyOf(nodes, depth * 2);
      positions = Arrays.copyOf(positions, depth * 2);
    }
    nodes[depth] = node;
    positions[depth] = position;
    depth++;
  }

  /** First record at or below a child; frames are pushed for the nodes on the way. */
  private int descendFirst(int child) {
    int current = child;
    while (current > 0) {
      long node = Nodes.at(current);
      int self = Nodes.self(arena, node);
      if (self != 0) {
        push(current, SELF);
        return self & ~Nodes.RECORD;
      }
      int header = Nodes.header(arena, node);
      int next = Nodes.nextByte(arena, node, header, 0);
      current = enter(current, node, header, next);
    }
    return current & ~Nodes.RECORD;
  }

  /** Last record at or below a child; frames are pushed for the nodes on the way. */
  private int descendLast(int child) {
    int current = child;
    while (current > 0) {
      long node = Nodes.at(current);
      int header = Nodes.header(arena, node);
      int last = Nodes.previousByte(arena, node, header, 255);
      if (last == Nodes.NONE) {
        push(current, SELF);
        return Nodes.self(arena, node) & ~Nodes.RECORD;
      }
      current = enter(current, node, header, last);
    }
    return current & ~Nodes.RECORD;
  }

  private int enter(int handle, long node, int header, int keyByte) {
    int child = keyByte == Nodes.NONE ? 0 : Nodes.child(arena, node, header, keyByte);
    if (child == 0) {
      // A node of a tree has a record somewhere below it.
      throw new IndexOutOfBoundsException("the buffer's memory was reused");
    }
    push(handle, keyByte);
    return child;
  }

  private int stepForward() {
    while (depth > 0) {
      int top = depth - 1;
      long node = Nodes.at(nodes[top]);
      int header = Nodes.header(arena, node);
      int next = Nodes.nextByte(arena, node, header, positions[top] + 1);
      if (next != Nodes.NONE) {
        positions[top] = next;
        return descendFirst(Nodes.child(arena, node, header, next));
      }
      depth--;
    }
    return 0;
  }

  private int stepBackward() {
    while (depth > 0) {
      int top = depth - 1;
      if (positions[top] != SELF) {
        long node = Nodes.at(nodes[top]);
        int header = Nodes.header(arena, node);
        int last = Nodes.previousByte(arena, node, header, positions[top] - 1);
        if (last != Nodes.NONE) {
          positions[top] = last;
          return descendLast(Nodes.child(arena, node, header, last));
        }
        int self = Nodes.self(arena, node);
        if (self != 0) {
          positions[top] = SELF;
          return self & ~Nodes.RECORD;
        }
      }
      depth--;
    }
    return 0;
  }

  private int seekForward(byte[] target, int offset, int length) {
    int child = tree.root();
    int at = 0;
    while (child > 0) {
      long node = Nodes.at(child);
      int header = Nodes.header(arena, node);
      int order = comparePrefix(node, header, target, offset + at, length - at);
      if (order < 0) {
        return stepForward();
      }
      at += Nodes.prefixLength(header);
      if (order > 0 || at == length) {
        return descendFirst(child);
      }
      int keyByte = target[offset + at] & 0xff;
      push(child, keyByte);
      child = Nodes.child(arena, node, header, keyByte);
      at++;
    }
    int found = child & ~Nodes.RECORD;
    if (child != 0 && records.compareKey(found, target, offset, length) >= 0) {
      return found;
    }
    return stepForward();
  }

  private int seekBackward(byte[] target, int offset, int length, boolean inclusive) {
    int child = tree.root();
    int at = 0;
    while (child > 0) {
      long node = Nodes.at(child);
      int header = Nodes.header(arena, node);
      int order = comparePrefix(node, header, target, offset + at, length - at);
      if (order > 0) {
        return stepBackward();
      }
      if (order < 0) {
        return descendLast(child);
      }
      at += Nodes.prefixLength(header);
      if (at == length) {
        int self = Nodes.self(arena, node);
        if (inclusive && self != 0) {
          push(child, SELF);
          return self & ~Nodes.RECORD;
        }
        return stepBackward();
      }
      int keyByte = target[offset + at] & 0xff;
      push(child, keyByte);
      child = Nodes.child(arena, node, header, keyByte);
      at++;
    }
    int found = child & ~Nodes.RECORD;
    if (child != 0) {
      int order = records.compareKey(found, target, offset, length);
      if (order < 0 || order == 0 && inclusive) {
        return found;
      }
    }
    return stepBackward();
  }

  /** Prefix of a node against the rest of a key; a rest that ends inside the prefix is smaller. */
  private int comparePrefix(long node, int header, byte[] target, int offset, int rest) {
    int prefix = Nodes.prefixLength(header);
    return prefix == 0
        ? 0
        : arena.compare(
            Nodes.prefixAt(node, header), prefix, target, offset, Math.min(prefix, rest));
  }
}
