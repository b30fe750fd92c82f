/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.memory.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a name in a {@link MemoryTree} stands for. */
sealed interface MemoryNode {
  /**
   * A directory. Guarded by its tree.
   *
   * <p>{@code durable} is what the last {@code forceDirectory} left; the changes since are in the
   * tree's journal.
   */
  final class Directory implements MemoryNode {
    final SortedMap<String, MemoryNode> entries = new TreeMap<>();
    final SortedMap<String, MemoryNode> durable = new TreeMap<>();
  }

  /**
   * The content of a file, under one name, several or none. Guarded by itself.
   *
   * <p>{@code durable} and the writes since then, in order, make {@code current}. Without tracking
   * only {@code current} is kept.
   */
  final class Content implements MemoryNode {
    private enum State {
      /** Not forced yet. */
      WRITTEN,
      /** Forced, but behind a write that is lost. */
      FORCED,
      /** A force of it failed: no later force makes it durable. */
      LOST
    }

    private static final class Write {
      final long position;
      final byte[] bytes;
      State state = State.WRITTEN;

      Write(long position, byte[] bytes) {
        this.position = position;
        this.bytes = bytes;
      }
    }

    private final boolean isTracked;
    private final MemoryBytes current;
    private MemoryBytes durable;
    private final List<Write> writes = new ArrayList<>();

    Content(boolean isTracked) {
      this(isTracked, new MemoryBytes());
    }

    private Content(boolean isTracked, MemoryBytes current) {
      this.isTracked = isTracked;
      this.current = current;
      this.durable = isTracked ? current.copy() : null;
    }

    synchronized long length() {
      return current.length();
    }

    synchronized int read(long position, Arena arena, long at, int length) {
      return current.read(position, arena, at, length);
    }

    synchronized void write(long position, Arena arena, long at, int length) {
      if (length == 0) {
        return;
      }
      current.write(position, arena, at, length);
      if (isTracked) {
        byte[] bytes = new byte[length];
        arena.get(at, bytes, 0, length);
        writes.add(new Write(position, bytes));
      }
    }

    synchronized void force() {
      for (Write write : writes) {
        if (write.state == State.WRITTEN) {
          write.state = State.FORCED;
        }
      }
      while (!writes.isEmpty() && writes.get(0).state == State.FORCED) {
        Write write = writes.remove(0);
        durable.write(write.position, write.bytes, 0, write.bytes.length);
      }
    }

    synchronized void forceFailed() {
      for (Write write : writes) {
        if (write.state == State.WRITTEN) {
          write.state = State.LOST;
        }
      }
    }

    synchronized boolean flip(long bit) {
      if (isTracked) {
        durable.flip(bit);
        for (Write write : writes) {
          long index = (bit >>> 3) - write.position;
          if (index >= 0 && index < write.bytes.length) {
            write.bytes[(int) index] ^= (byte) (1 << (bit & 7));
          }
        }
      }
      return current.flip(bit);
    }

    /** What is found after a crash. */
    synchronized Content survivor(MemoryBackend.Survival unforced, Random random) {
      if (!isTracked) {
        throw new IllegalStateException("this backend does not simulate crashes");
      }
      MemoryBytes after = durable.copy();
      for (Write write : writes) {
        if (write.state == State.FORCED || unforced == MemoryBackend.Survival.ALL) {
          after.write(write.position, write.bytes, 0, write.bytes.length);
        } else if (unforced == MemoryBackend.Survival.RANDOM) {
          tear(write, after, random);
        }
      }
      return new Content(true, after);
    }

    /** Keeps all, nothing or some sectors. */
    private static void tear(Write write, MemoryBytes after, Random random) {
      int fate = random.nextInt(4);
      long end = write.position + write.bytes.length;
      for (long from = write.position; from < end; ) {
        long sectorEnd =
            (from / MemoryBackend.SECTOR_BYTES + 1) * (long) MemoryBackend.SECTOR_BYTES;
        int part = (int) (Math.min(end, sectorEnd) - from);
        if (fate == 0 || fate != 1 && random.nextBoolean()) {
          after.write(from, write.bytes, (int) (from - write.position), part);
        }
        from += part;
      }
    }
  }
}
