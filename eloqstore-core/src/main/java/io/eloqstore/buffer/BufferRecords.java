/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.Arena;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Byte layout of the records of a write buffer, and reading them. A record is named by its handle,
 * offset in the arena / 8; 0 is no record.
 *
 * <p>Little-endian, 8-aligned:
 *
 * <pre>
 * offset width field
 *      0     8 word: sequence << 8 | flags
 *      8     4 previous: the next older version that a snapshot may need, 0 = none
 *     12     2 key length, bytes
 *     14     2 value length, bytes
 *     16     2 room: size of the record in units of 8 bytes
 *     18       key bytes, then timestamp (8, if flagged), expiry (8, if flagged), value bytes
 * </pre>
 *
 * <p>The writer changes a record by storing the word with {@link #LOCKED}, then the fields, then
 * the final word; sequences never repeat, so a reader on another thread that finds the same
 * unlocked word before and after copying has a consistent copy ({@link #copyTo}). Previous, room
 * and key of a record that is in the tree never change. Who is the writer itself, or reads a frozen
 * buffer, or a version that its open snapshot sees, may use the accessors without a check.
 */
public final class BufferRecords {
  /** The record is being written. */
  static final int LOCKED = 1;

  /** Flag: a tombstone; it has no value. */
  public static final int DELETE = 2;

  /** Flag: the record has a timestamp of its own. */
  public static final int HAS_TIMESTAMP = 4;

  /** Flag: the record has an expiry. */
  public static final int HAS_EXPIRE = 8;

  /** Flag: the value bytes describe where the value is; the buffer does not look at them. */
  public static final int LARGE = 16;

  /** The row is the head of a list: rows of the list with lower numbers are dead. */
  public static final int LIST_HEAD = 32;

  /** Flag: the row is a chunk of a list and may be joined with the chunk before it. */
  public static final int LIST_CHUNK = 64;

  /** Longest key, bytes. */
  public static final int KEY_BYTES_MAX = 30_720;

  /** Longest value, bytes. */
  public static final int VALUE_BYTES_MAX = 61_440;

  static final int FLAGS = DELETE | HAS_TIMESTAMP | HAS_EXPIRE | LARGE | LIST_HEAD | LIST_CHUNK;
  private static final int FLAG_BITS = 8;
  private static final int FLAG_MASK = 0xff;
  private static final int PREVIOUS = 8;
  private static final int KEY_LENGTH = 12;
  private static final int VALUE_LENGTH = 14;
  private static final int ROOM = 16;
  private static final int KEY = 18;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final Arena arena;

  BufferRecords(Arena arena) {
    this.arena = arena;
  }

  Arena arena() {
    return arena;
  }

  private static long at(int record) {
    return Nodes.at(record);
  }

  /** Bytes a record takes, a multiple of 8. */
  static int bytes(int keyLength, int bodyBytes) {
    return KEY + keyLength + bodyBytes + 7 & -8;
  }

  /** Bytes of the optional fields. */
  static int extraBytes(int flags) {
    return ((flags & HAS_TIMESTAMP) == 0 ? 0 : Long.BYTES)
        + ((flags & HAS_EXPIRE) == 0 ? 0 : Long.BYTES);
  }

  private static int flagsOf(long word) {
    return (int) word & FLAGS;
  }

  static long sequenceOf(long word) {
    return word >>> FLAG_BITS;
  }

  long word(int record) {
    return arena.getLongVolatile(at(record));
  }

  /** {@link #DELETE}, {@link #HAS_TIMESTAMP}, {@link #HAS_EXPIRE} and {@link #LARGE}, or-ed. */
  public int flags(int record) {
    return flagsOf(word(record));
  }

  /** Whether the record is a tombstone. */
  public boolean isDelete(int record) {
    return (flags(record) & DELETE) != 0;
  }

  /** Number of the operation that wrote the record. */
  public long sequence(int record) {
    return sequenceOf(word(record));
  }

  int previous(int record) {
    return arena.getInt(at(record) + PREVIOUS);
  }

  /** Length of the key, bytes. */
  public int keyLength(int record) {
    return arena.getUnsignedShort(at(record) + KEY_LENGTH);
  }

  /** Offset of the key in the arena. */
  public long keyAt(int record) {
    return at(record) + KEY;
  }

  /** Length of the value, bytes. */
  public int valueLength(int record) {
    return arena.getUnsignedShort(at(record) + VALUE_LENGTH);
  }

  /** Offset of the value in the arena. */
  public long valueAt(int record) {
    return bodyAt(record) + extraBytes(flags(record));
  }

  /** Timestamp, 0 if the record has none. */
  public long timestamp(int record) {
    return (flags(record) & HAS_TIMESTAMP) == 0 ? 0 : arena.getLong(bodyAt(record));
  }

  /** Expiry, milliseconds since the epoch; 0 if the record has none. */
  public long expireTs(int record) {
    int flags = flags(record);
    return (flags & HAS_EXPIRE) == 0
        ? 0
        : arena.getLong(bodyAt(record) + extraBytes(flags & HAS_TIMESTAMP));
  }

  /** Unsigned byte order of the record's key against a key: negative, 0 or positive. */
  public int compareKey(int record, byte[] key, int offset, int length) {
    return arena.compare(keyAt(record), keyLength(record), key, offset, length);
  }

  /** Copies the key out. */
  public void copyKey(int record, byte[] target, int offset) {
    arena.get(keyAt(record), target, offset, keyLength(record));
  }

  /**
   * Copies value, timestamp and expiry of a record that another thread may be writing.
   *
   * @return whether the copy is consistent; if not, the content of the target means nothing and the
   *     record must be found again
   */
  public boolean copyTo(int record, ValueBuffer target) {
    long word = word(record);
    return (word & LOCKED) == 0 && copyTo(record, word, target);
  }

  /** Copies if the record still has this word afterwards. */
  boolean copyTo(int record, long word, ValueBuffer target) {
    int flags = flagsOf(word);
    long from = bodyAt(record);
    long timestamp = 0;
    long expireTs = 0;
    if ((flags & HAS_TIMESTAMP) != 0) {
      timestamp = arena.getLong(from);
      from += Long.BYTES;
    }
    if ((flags & HAS_EXPIRE) != 0) {
      expireTs = arena.getLong(from);
      from += Long.BYTES;
    }
    int length = valueLength(record);
    if (from + length > at(record) + roomBytes(record)) {
      // Old and new fields together: not worth a look beyond the record.
      return false;
    }
    arena.get(from, target.setLength(length), 0, length);
    target.setTimes(timestamp, expireTs);
    return isUnchanged(record, word);
  }

  /** Whether everything read since the word was read belongs to that word. */
  boolean isUnchanged(int record, long word) {
    VarHandle.acquireFence();
    return arena.getLong(at(record)) == word;
  }

  private long bodyAt(int record) {
    return at(record) + KEY + keyLength(record);
  }

  /** Size of the record, bytes. */
  int roomBytes(int record) {
    return arena.getUnsignedShort(at(record) + ROOM) * 8;
  }

  /** Bytes for optional fields and value. */
  int bodyCapacity(int record) {
    return roomBytes(record) - KEY - keyLength(record);
  }

  /** Begins a change; the record must not be read until {@link #unlock}. */
  void lock(int record, long sequence) {
    arena.putLongOrdered(at(record), sequence << FLAG_BITS | LOCKED);
    // The fields must not be stored before the mark.
    VarHandle.storeStoreFence();
  }

  /** Ends a change: everything stored before belongs to the new word. */
  void unlock(int record, long sequence, int flags) {
    arena.putLongOrdered(at(record), sequence << FLAG_BITS | flags);
  }

  void setKey(int record, byte[] key, int offset, int length) {
    arena.putShort(at(record) + KEY_LENGTH, length);
    putBytes(keyAt(record), key, offset, length);
  }

  void setRoom(int record, int bytes) {
    arena.putShort(at(record) + ROOM, bytes >>> 3);
  }

  void setPrevious(int record, int previous) {
    arena.putInt(at(record) + PREVIOUS, previous);
  }

  void setTimes(int record, int flags, long timestamp, long expireTs) {
    long to = bodyAt(record);
    if ((flags & HAS_TIMESTAMP) != 0) {
      arena.putLong(to, timestamp);
      to += Long.BYTES;
    }
    if ((flags & HAS_EXPIRE) != 0) {
      arena.putLong(to, expireTs);
    }
  }

  void setValue(int record, int flags, byte[] value, int offset, int length) {
    arena.putShort(at(record) + VALUE_LENGTH, length);
    putBytes(bodyAt(record) + extraBytes(flags), value, offset, length);
  }

  // Not Arena.put: with chronicle-core it adds the base of the array twice and so stores the bytes
  // that begin 16 further on. Most keys and values are a few words anyway.
  private void putBytes(long to, byte[] source, int offset, int length) {
    int done = 0;
    for (; done + Long.BYTES <= length; done += Long.BYTES) {
      arena.putLong(to + done, (long) LONGS.get(source, offset + done));
    }
    for (; done < length; done++) {
      arena.putByte(to + done, source[offset + done]);
    }
  }

  /** Adds a byte (unless the value is empty) and more bytes to the value; there must be room. */
  void extendValue(int record, int flags, byte delimiter, byte[] more, int offset, int length) {
    int oldLength = valueLength(record);
    long to = bodyAt(record) + extraBytes(flags) + oldLength;
    int newLength = oldLength + length;
    if (oldLength != 0) {
      arena.putByte(to++, delimiter);
      newLength++;
    }
    putBytes(to, more, offset, length);
    arena.putShort(at(record) + VALUE_LENGTH, newLength);
  }

  /** Copies lengths, key and body of a record into a larger one. */
  void copyContent(int from, int to, int flags) {
    int keyLength = keyLength(from);
    int valueLength = valueLength(from);
    arena.putShort(at(to) + KEY_LENGTH, keyLength);
    arena.putShort(at(to) + VALUE_LENGTH, valueLength);
    arena.copy(keyAt(from), keyAt(to), (long) keyLength + extraBytes(flags) + valueLength);
  }
}
