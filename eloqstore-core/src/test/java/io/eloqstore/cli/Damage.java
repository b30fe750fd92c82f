/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.codec.Xxh3;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/** Ways to damage files of a partition. */
final class Damage {
  static final int PAGE_TYPE_AT = 8;
  static final int LEAF = 2;
  static final int LEAF_NEXT_AT = 15;

  private Damage() {}

  /** Flips one bit. */
  static void flip(Path file, int offset) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[offset] ^= 4;
    Files.write(file, bytes);
  }

  static void append(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes, StandardOpenOption.APPEND);
  }

  static void cut(Path file, int bytes) throws IOException {
    byte[] old = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(old, old.length - bytes));
  }

  /** Changes a page and gives it a right checksum, so that only its meaning is wrong. */
  static void edit(Path file, int slot, int pageBytes, Consumer<ByteBuffer> edit)
      throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int start = slot * pageBytes;
    ByteBuffer page =
        ByteBuffer.wrap(bytes, start, pageBytes).slice().order(ByteOrder.LITTLE_ENDIAN);
    edit.accept(page);
    page.putLong(0, Xxh3.hash(bytes, start + Long.BYTES, pageBytes - Long.BYTES));
    Files.write(file, bytes);
  }

  /** The page in a slot of a file. */
  static ByteBuffer page(Path file, int slot, int pageBytes) throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(file), slot * pageBytes, pageBytes)
        .slice()
        .order(ByteOrder.LITTLE_ENDIAN);
  }
}
