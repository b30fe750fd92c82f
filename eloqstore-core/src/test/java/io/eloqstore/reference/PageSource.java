/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/** Reads pages through a manifest's mapping and checks their checksums; notes which were used. */
final class PageSource implements AutoCloseable {
  private final Path directory;
  private final int pageBytes;
  private final int pagesPerFileShift;
  private final ReferenceManifest manifest;
  private final Map<Long, FileChannel> files = new HashMap<>();
  private final BitSet used = new BitSet();

  PageSource(Path directory, int pageBytes, int pagesPerFileShift, ReferenceManifest manifest) {
    this.directory = directory;
    this.pageBytes = pageBytes;
    this.pagesPerFileShift = pagesPerFileShift;
    this.manifest = manifest;
  }

  int pageBytes() {
    return pageBytes;
  }

  /** Pages handed out so far. */
  BitSet used() {
    return used;
  }

  /** The bytes of a page, each at most once in the life of this object. */
  byte[] use(int page) throws IOException {
    Long filePage = manifest.mapping().get(page);
    if (filePage == null) {
      throw new DecodeException("page " + Integer.toUnsignedString(page) + " is not mapped");
    }
    if (used.get(page)) {
      throw new DecodeException("page " + page + " is used a second time");
    }
    used.set(page);
    byte[] bytes = read(filePage);
    long stored = new ByteCursor(bytes, 0, 8).u64();
    long actual = Xxh3.hash(bytes, 8, pageBytes - 8);
    if (stored != actual) {
      throw new DecodeException(
          String.format(
              "page %d at file page %d: checksum %x, expected %x", page, filePage, actual, stored));
    }
    return bytes;
  }

  long fileId(long filePage) {
    return filePage >>> pagesPerFileShift;
  }

  private byte[] read(long filePage) throws IOException {
    long fileId = fileId(filePage);
    Long term = manifest.terms().get(fileId);
    if (term == null) {
      throw new DecodeException("file " + fileId + " has no term in the manifest");
    }
    String name = "data_" + Long.toUnsignedString(fileId) + "_" + Long.toUnsignedString(term);
    FileChannel channel = files.get(fileId);
    try {
      if (channel == null) {
        channel = FileChannel.open(directory.resolve(name), StandardOpenOption.READ);
        files.put(fileId, channel);
      }
      ByteBuffer buffer = ByteBuffer.allocate(pageBytes);
      long offset = (filePage & (1L << pagesPerFileShift) - 1) * pageBytes;
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, offset + buffer.position()) < 0) {
          throw new EOFException(name + " ends before the page at " + offset);
        }
      }
      return buffer.array();
    } catch (NoSuchFileException | EOFException e) {
      throw new DecodeException("file page " + filePage + " is not there: " + e.getMessage());
    }
  }

  @Override
  public void close() throws IOException {
    IOException first = null;
    for (FileChannel channel : files.values()) {
      try {
        channel.close();
      } catch (IOException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
