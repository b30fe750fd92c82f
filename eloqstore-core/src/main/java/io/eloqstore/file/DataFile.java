/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import io.eloqstore.io.BlockFile;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.OpenMode;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One data file of a partition: pages, nothing else.
 *
 * <p>Any thread may read; in append mode one thread at a time writes. Handles are opened at their
 * first use and kept until the file is closed.
 */
public final class DataFile {
  private final IoBackend io;
  private final FileName.Data name;
  private final Path path;
  private final AtomicLong writtenBytes;
  private volatile FileOwnership ownership = FileOwnership.PRIVATE;
  private volatile BlockFile reader;
  private volatile BlockFile writer;
  private volatile boolean changed;
  private volatile boolean discarded;
  private boolean closed;

  DataFile(IoBackend io, Path directory, FileName.Data name, long bytes) {
    this.io = io;
    this.name = name;
    this.path = directory.resolve(name.text());
    this.writtenBytes = new AtomicLong(bytes);
  }

  public long fileId() {
    return name.fileId();
  }

  /** Writer epoch in its name, unsigned. */
  public long term() {
    return name.term();
  }

  public Path path() {
    return path;
  }

  /**
   * Where what was written ends, bytes from the start of the file. For a file that was there at
   * opening it is the length found, which preallocation (C++ append mode) makes larger.
   */
  public long writtenBytes() {
    return writtenBytes.get();
  }

  public FileOwnership ownership() {
    return ownership;
  }

  /** Says who may delete it from now on. */
  public void setOwnership(FileOwnership value) {
    ownership = value;
  }

  /** Creates the file; fails with {@code IO_FAILED} if there is one of that name. */
  synchronized void create() {
    writer = io.open(path, OpenMode.CREATE_NEW);
    reader = writer;
    changed = true;
  }

  BlockFile reader() {
    BlockFile open = reader;
    return open != null ? open : openReader();
  }

  private synchronized BlockFile openReader() {
    checkOpen();
    if (reader == null) {
      reader = io.open(path, OpenMode.READ);
    }
    return reader;
  }

  private synchronized BlockFile openWriter() {
    checkOpen();
    if (writer == null) {
      writer = io.open(path, OpenMode.WRITE);
    }
    return writer;
  }

  private void checkOpen() {
    if (closed) {
      throw FileSet.closed(path);
    }
  }

  void write(long position, long at, int length) {
    if (!ownership.isWritable()) {
      throw new IllegalStateException(path + " is " + ownership + ": it is not written any more");
    }
    BlockFile open = writer;
    try {
      (open != null ? open : openWriter()).write(position, at, length);
    } finally {
      // After the write: a force that runs beside it would take the mark off too early.
      changed = true;
    }
    writtenBytes.accumulateAndGet(position + length, Math::max);
  }

  /**
   * Forces what was written since the last force; the mark stays if that fails. A file that is
   * deleted meanwhile needs none.
   */
  void force() {
    if (!changed || discarded) {
      return;
    }
    changed = false;
    try {
      openWriter().force();
    } catch (RuntimeException e) {
      changed = true;
      if (!discarded) {
        throw e;
      }
    }
  }

  /** Closes it to be deleted: nobody needs its bytes. */
  void discard() {
    discarded = true;
    close();
  }

  synchronized void close() {
    closed = true;
    BlockFile first = reader;
    BlockFile second = writer;
    reader = null;
    writer = null;
    try {
      if (first != null) {
        first.close();
      }
    } finally {
      if (second != null) {
        second.close();
      }
    }
  }

  @Override
  public String toString() {
    return path + " (" + ownership + ", " + writtenBytes + " bytes)";
  }
}
