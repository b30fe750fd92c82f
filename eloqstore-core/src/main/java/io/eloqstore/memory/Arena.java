/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

import java.lang.invoke.VarHandle;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.openhft.chronicle.bytes.PointerBytesStore;
import net.openhft.chronicle.core.UnsafeMemory;

/**
 * One contiguous piece of off-heap memory, 4096-aligned, addressed by byte offsets from its start.
 *
 * <p>Any thread. Every access is checked against the bounds, so a reader that follows bytes which
 * were reused under it (it notices afterwards by a version) gets an {@link
 * IndexOutOfBoundsException} at worst, never a fault. Numbers are little-endian; alignment is not
 * needed except for the ordered and volatile accesses.
 *
 * <p>The memory comes from the C heap and not from direct buffers, because Flink does not count
 * managed memory into the JVM's limit for those. Direct I/O needs buffers, so {@link #buffer} makes
 * views of the same memory.
 */
public final class Arena implements AutoCloseable {
  /** Alignment of the first byte: what O_DIRECT asks for. */
  public static final int ALIGNMENT = 4096;

  private static final UnsafeMemory MEMORY = UnsafeMemory.MEMORY;
  private static final int ARRAY_BASE = MEMORY.arrayBaseOffset(byte[].class);
  private static final long BUFFER_ADDRESS = fieldOffset("address");
  private static final long BUFFER_CAPACITY = fieldOffset("capacity");
  private static final Class<?> DIRECT_BUFFER_CLASS = ByteBuffer.allocateDirect(0).getClass();

  private final PointerBytesStore store = new PointerBytesStore();
  private final long allocated;
  private final long allocatedBytes;
  private final long address;
  // Becomes 0 when the memory is given back, so that a late reader gets an exception.
  private long bytes;
  private boolean closed;

  private Arena(long bytes) {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new IllegalStateException("EloqStore needs a little-endian machine");
    }
    if (bytes <= 0) {
      throw new IllegalArgumentException("an arena holds at least one byte: " + bytes);
    }
    // Eight bytes of slack: searches load whole words that may begin on the last byte.
    this.allocatedBytes = bytes + ALIGNMENT + Long.BYTES;
    this.allocated = MEMORY.allocate(allocatedBytes);
    this.address = (allocated + ALIGNMENT - 1) & -ALIGNMENT;
    this.bytes = bytes;
    store.set(address, bytes + Long.BYTES);
  }

  /**
   * Takes memory of the process; the system backs a page of it with RAM when it is first written.
   *
   * @param bytes at least 1
   */
  public static Arena allocate(long bytes) {
    return new Arena(bytes);
  }

  /** Size, bytes. */
  public long bytes() {
    return bytes;
  }

  /** Where the arena lies in the address space of the process; for hashing and native I/O only. */
  public long address() {
    return address;
  }

  private void check(long at, long length) {
    // One comparison for both ends: a negative offset is a huge unsigned one.
    if (at < 0 || length < 0 || at > bytes - length) {
      throw new IndexOutOfBoundsException(
          "bytes " + at + " to " + (at + length) + " of an arena of " + bytes);
    }
  }

  public byte getByte(long at) {
    check(at, Byte.BYTES);
    return store.readByte(at);
  }

  public int getUnsignedByte(long at) {
    return getByte(at) & 0xff;
  }

  public int getUnsignedShort(long at) {
    check(at, Short.BYTES);
    return store.readShort(at) & 0xffff;
  }

  public int getInt(long at) {
    check(at, Integer.BYTES);
    return store.readInt(at);
  }

  public long getLong(long at) {
    check(at, Long.BYTES);
    return store.readLong(at);
  }

  /** Eight bytes in key order: the first one weighs most. */
  public long getLongBigEndian(long at) {
    return Long.reverseBytes(getLong(at));
  }

  public int getIntVolatile(long at) {
    check(at, Integer.BYTES);
    return store.readVolatileInt(at);
  }

  public long getLongVolatile(long at) {
    check(at, Long.BYTES);
    return store.readVolatileLong(at);
  }

  public void putByte(long at, byte value) {
    check(at, Byte.BYTES);
    store.writeByte(at, value);
  }

  public void putShort(long at, int value) {
    check(at, Short.BYTES);
    store.writeShort(at, (short) value);
  }

  public void putInt(long at, int value) {
    check(at, Integer.BYTES);
    store.writeInt(at, value);
  }

  public void putLong(long at, long value) {
    check(at, Long.BYTES);
    store.writeLong(at, value);
  }

  /** Stores so that who reads the value (volatile) sees everything written before it. */
  public void putIntOrdered(long at, int value) {
    check(at, Integer.BYTES);
    store.writeOrderedInt(at, value);
  }

  /** Stores so that who reads the value (volatile) sees everything written before it. */
  public void putLongOrdered(long at, long value) {
    check(at, Long.BYTES);
    store.writeOrderedLong(at, value);
  }

  /** Copies out to the heap. */
  public void get(long at, byte[] target, int offset, int length) {
    check(at, length);
    MEMORY.copyMemory(null, address + at, target, checkedBase(target, offset, length), length);
  }

  /** Copies in from the heap. */
  public void put(long at, byte[] source, int offset, int length) {
    check(at, length);
    checkedBase(source, offset, length);
    // Not the overload for any object: given an array it ignores the offset.
    MEMORY.copyMemory(source, offset, address + at, length);
  }

  private static long checkedBase(byte[] array, int offset, int length) {
    if (offset < 0 || length < 0 || offset > array.length - length) {
      throw new IndexOutOfBoundsException(
          "bytes "
              + offset
              + " to "
              + (offset + (long) length)
              + " of an array of "
              + array.length);
    }
    return ARRAY_BASE + (long) offset;
  }

  /** Copies inside the arena; the ranges may overlap. */
  public void copy(long from, long to, long length) {
    check(from, length);
    check(to, length);
    MEMORY.copyMemory(address + from, address + to, length);
  }

  /** Sets bytes to 0. */
  public void zero(long at, long length) {
    check(at, length);
    MEMORY.setMemory(address + at, length, (byte) 0);
  }

  /**
   * Compares arena bytes with heap bytes in unsigned byte order; a prefix is smaller.
   *
   * @return negative, 0 or positive
   */
  public int compare(long at, int length, byte[] key, int keyOffset, int keyLength) {
    check(at, length);
    long base = checkedBase(key, keyOffset, keyLength);
    int common = Math.min(length, keyLength);
    long here = address + at;
    int i = 0;
    for (; i + Long.BYTES <= common; i += Long.BYTES) {
      long left = UnsafeMemory.unsafeGetLong(here + i);
      long right = UnsafeMemory.unsafeGetLong(key, base + i);
      if (left != right) {
        return Long.compareUnsigned(Long.reverseBytes(left), Long.reverseBytes(right));
      }
    }
    for (; i < common; i++) {
      int difference =
          (UnsafeMemory.unsafeGetByte(here + i) & 0xff)
              - (UnsafeMemory.unsafeGetByte(key, base + i) & 0xff);
      if (difference != 0) {
        return difference;
      }
    }
    return length - keyLength;
  }

  /** Number of equal bytes at the start of arena bytes and heap bytes. */
  public int commonPrefix(long at, int length, byte[] key, int keyOffset, int keyLength) {
    check(at, length);
    long base = checkedBase(key, keyOffset, keyLength);
    int common = Math.min(length, keyLength);
    long here = address + at;
    int i = 0;
    for (; i + Long.BYTES <= common; i += Long.BYTES) {
      long difference =
          UnsafeMemory.unsafeGetLong(here + i) ^ UnsafeMemory.unsafeGetLong(key, base + i);
      if (difference != 0) {
        return i + (Long.numberOfTrailingZeros(difference) >>> 3);
      }
    }
    while (i < common
        && UnsafeMemory.unsafeGetByte(here + i) == UnsafeMemory.unsafeGetByte(key, base + i)) {
      i++;
    }
    return i;
  }

  /**
   * A direct buffer over bytes of the arena, for file channels. It must not be used after the arena
   * is closed.
   */
  public ByteBuffer buffer(long at, int length) {
    check(at, length);
    try {
      ByteBuffer buffer = (ByteBuffer) MEMORY.allocateInstance(DIRECT_BUFFER_CLASS);
      UnsafeMemory.unsafePutLong(buffer, BUFFER_ADDRESS, address + at);
      UnsafeMemory.unsafePutInt(buffer, BUFFER_CAPACITY, length);
      buffer.clear();
      return buffer;
    } catch (InstantiationException e) {
      throw new IllegalStateException("no direct buffer can be made on this JVM", e);
    }
  }

  /** Gives the memory back. Nobody may touch it any more. Does nothing the second time. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      bytes = 0;
      VarHandle.fullFence();
      MEMORY.freeMemory(allocated, allocatedBytes);
    }
  }

  private static long fieldOffset(String name) {
    try {
      return UnsafeMemory.unsafeObjectFieldOffset(Buffer.class.getDeclaredField(name));
    } catch (NoSuchFieldException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
