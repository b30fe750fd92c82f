/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.codec.ManifestChecksum;
import io.eloqstore.io.BlockFile;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;

/**
 * Reads a manifest through one block, whatever the length of its records.
 *
 * <p>One thread. Nothing behind the limit is read: a field that would pass it is corruption of the
 * record it belongs to.
 */
final class ManifestInput implements AutoCloseable {
  private final BlockFile file;
  private final String path;
  private final Arena arena;
  private final IoBlock block;
  private long windowStart;
  private int windowBytes;
  private long position;
  private long limit;
  private long recordOffset;

  ManifestInput(BlockFile file, MemoryBudget budget) {
    this.file = file;
    this.path = file.path().toString();
    this.arena = budget.arena();
    this.block = IoBlock.take(budget, file.size());
  }

  String path() {
    return path;
  }

  long fileBytes() {
    return file.size();
  }

  /** Goes to a field of a record, which ends at the limit. */
  void seek(long to, long record, long end) {
    position = to;
    recordOffset = record;
    limit = end;
  }

  long position() {
    return position;
  }

  /** Bytes up to the limit. */
  long left() {
    return limit - position;
  }

  /** Bytes of the window from the position on, at least one. */
  private int available() {
    long index = position - windowStart;
    if (index < 0 || index >= windowBytes) {
      windowStart = position & -ManifestFormat.RECORD_ALIGNMENT;
      windowBytes = file.read(windowStart, block.at, block.bytes);
      index = position - windowStart;
      if (index >= windowBytes) {
        int found = windowBytes;
        windowBytes = 0;
        throw corrupt("bytes of the file", "more than " + position, windowStart + found);
      }
    }
    return (int) (windowBytes - index);
  }

  int readByte() {
    if (position >= limit) {
      throw corrupt("a field of the record", "within its length", "ends behind it");
    }
    available();
    return arena.getUnsignedByte(block.at + (position++ - windowStart));
  }

  long readU32() {
    long value = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      value |= (long) readByte() << shift;
    }
    return value;
  }

  long readU64() {
    return readU32() | readU32() << Integer.SIZE;
  }

  long readVarint64() {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      int next = readByte();
      value |= (long) (next & 0x7f) << shift;
      if (next < 0x80) {
        if (shift == 63 && next > 1) {
          break;
        }
        return value;
      }
    }
    throw corrupt("varint", "at most 64 bits", "more");
  }

  long readVarint32() {
    long value = readVarint64();
    if (value >>> Integer.SIZE != 0) {
      throw corrupt("varint", "at most 32 bits", Long.toUnsignedString(value));
    }
    return value;
  }

  /** Bytes on the heap; the length was checked to lie within the record. */
  byte[] readBytes(long length, String what) {
    if (length > left() || length > Integer.MAX_VALUE - 8) {
      throw corrupt("length of the " + what, "at most " + left(), length);
    }
    byte[] bytes = new byte[(int) length];
    for (int done = 0; done < bytes.length; ) {
      int step = Math.min(available(), bytes.length - done);
      arena.get(block.at + (position - windowStart), bytes, done, step);
      position += step;
      done += step;
    }
    return bytes;
  }

  /** Feeds the bytes from the position to the limit. */
  void checksumToLimit(ManifestChecksum checksum) {
    while (position < limit) {
      int step = (int) Math.min(available(), limit - position);
      checksum.update(arena, block.at + (position - windowStart), step);
      position += step;
    }
  }

  CorruptionException corrupt(String what, Object expected, Object actual) {
    return new CorruptionException(path, recordOffset, what, expected, actual);
  }

  @Override
  public void close() {
    block.close();
  }
}
