/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import java.nio.file.Path;

/**
 * An open file whose bytes are moved to and from the arena of its backend.
 *
 * <p>Any thread, several at once; positions are absolute, so threads do not disturb each other. An
 * interrupt neither fails an operation nor is lost: the flag of the thread is still set afterwards.
 *
 * <p>Every method throws {@link io.eloqstore.api.StoreException} with path, offset and length:
 * {@code OUT_OF_SPACE}, {@code NO_PERMISSION}, {@code NOT_FOUND}, {@code CLOSED} or {@code
 * IO_FAILED}.
 */
public interface BlockFile extends AutoCloseable {
  /** The name it was opened with; a later rename does not change it. */
  Path path();

  /**
   * Reads into the arena.
   *
   * @param position bytes from the start of the file, 0 or more; may lie behind the end
   * @param at arena offset of the first byte
   * @param length bytes, 0 or more
   * @return bytes read: less than {@code length} only if the file ends there. What is in the arena
   *     after a failure is undefined between {@code at} and {@code at + length}
   */
  int read(long position, long at, int length);

  /**
   * Writes all bytes; a gap behind the old end reads as zeros. After a failure any part of them may
   * be in the file.
   *
   * @param position bytes from the start of the file, 0 or more
   * @param at arena offset of the first byte
   * @param length bytes, 0 or more
   * @throws IllegalStateException if the file was opened for reading
   */
  void write(long position, long at, int length);

  /**
   * Returns when all bytes written before the call, by anyone, are on the disk. It must not be
   * tried again after it failed: the system may have dropped the bytes.
   */
  void force();

  /** Length of the file, bytes. */
  long size();

  /** Gives the handle back; does nothing the second time. */
  @Override
  void close();
}
