/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.codec.ManifestChecksum;
import io.eloqstore.codec.Varints;
import io.eloqstore.io.BlockFile;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;

/**
 * Writes one record through one block, whatever its length. The first 4096 bytes, which hold the
 * checksum, are written last, so what was begun and not finished is no valid record.
 *
 * <p>One thread. The length of the record must be known when it begins, as the checksum covers it.
 */
final class RecordOutput implements AutoCloseable {
  private static final int HEAD_BYTES = ManifestFormat.RECORD_ALIGNMENT;

  private final Arena arena;
  private final long recordBytes;
  private final IoBlock block;
  private final IoBlock head;
  private final ManifestChecksum checksum = new ManifestChecksum();
  private BlockFile file;
  private long recordOffset;
  private long flushed;
  private int filled;

  /**
   * Takes the memory; nothing is written yet.
   *
   * @param recordBytes header and payload
   */
  RecordOutput(MemoryBudget budget, long recordBytes) {
    this.arena = budget.arena();
    this.recordBytes = recordBytes;
    // The head first: when memory is short the block takes whatever else is left.
    IoBlock kept = recordBytes > HEAD_BYTES ? IoBlock.take(budget, HEAD_BYTES) : null;
    try {
      this.block = IoBlock.take(budget, recordBytes);
    } catch (RuntimeException e) {
      if (kept != null) {
        kept.close();
      }
      throw e;
    }
    if (kept != null && recordBytes <= block.bytes) {
      kept.close();
      kept = null;
    }
    this.head = kept;
  }

  /**
   * Begins with the header.
   *
   * @param offset of the record, a multiple of 4096
   */
  void begin(BlockFile target, long offset, int rootPage, int ttlRootPage) {
    file = target;
    recordOffset = offset;
    putU64(0);
    putU32(rootPage);
    putU32(ttlRootPage);
    putU32(recordBytes - ManifestFormat.PAYLOAD_AT);
  }

  void putByte(int value) {
    if (filled == block.bytes) {
      flushFull();
    }
    arena.putByte(block.at + filled++, (byte) value);
  }

  void putU32(long value) {
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      putByte((int) (value >>> shift));
    }
  }

  void putU64(long value) {
    putU32(value);
    putU32(value >>> Integer.SIZE);
  }

  void putVarint(long value) {
    if (block.bytes - filled > Varints.size64(-1)) {
      filled = (int) (Varints.put(arena, block.at + filled, value) - block.at);
      return;
    }
    long rest = value;
    for (; (rest & ~0x7fL) != 0; rest >>>= 7) {
      putByte((int) (rest & 0x7f | 0x80));
    }
    putByte((int) rest);
  }

  void putBytes(byte[] bytes) {
    for (int done = 0; done < bytes.length; ) {
      if (filled == block.bytes) {
        flushFull();
      }
      int step = Math.min(block.bytes - filled, bytes.length - done);
      arena.put(block.at + filled, bytes, done, step);
      filled += step;
      done += step;
    }
  }

  private void flushFull() {
    sum(filled);
    long from = 0;
    if (flushed == 0) {
      arena.copy(block.at, head.at, HEAD_BYTES);
      from = HEAD_BYTES;
    }
    if (from < filled) {
      file.write(recordOffset + flushed + from, block.at + from, (int) (filled - from));
    }
    flushed += filled;
    filled = 0;
  }

  private void sum(int length) {
    int skipped = flushed == 0 ? ManifestFormat.ROOT_AT : 0;
    checksum.update(arena, block.at + skipped, length - skipped);
  }

  /**
   * Pads and writes what is left, the head last.
   *
   * @param mark XORed to the checksum, 0 for none
   * @return the checksum as it is stored
   */
  long finish(long mark) {
    if (flushed + filled != recordBytes) {
      throw new IllegalStateException(
          "a record of " + recordBytes + " bytes got " + (flushed + filled));
    }
    sum(filled);
    int padded = (int) ManifestFormat.aligned(filled);
    arena.zero(block.at + filled, padded - filled);
    long value = checksum.value() ^ mark;
    if (flushed == 0) {
      arena.putLong(block.at + ManifestFormat.CHECKSUM_AT, value);
      file.write(recordOffset, block.at, padded);
    } else {
      if (padded > 0) {
        file.write(recordOffset + flushed, block.at, padded);
      }
      arena.putLong(head.at + ManifestFormat.CHECKSUM_AT, value);
      file.write(recordOffset, head.at, HEAD_BYTES);
    }
    return value;
  }

  @Override
  public void close() {
    block.close();
    if (head != null) {
      head.close();
    }
  }
}
