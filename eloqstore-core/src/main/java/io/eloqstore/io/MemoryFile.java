/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.api.StoreException;
import io.eloqstore.memory.Arena;
import java.nio.file.Path;

/** An open file of a {@link MemoryBackend}. Any thread. */
final class MemoryFile implements BlockFile, OpenFiles.Handle {
  private final MemoryNode.Content content;
  private final Path path;
  private final boolean isWritable;
  private final Arena arena;
  private final FaultPlan plan;
  private final OpenFiles openFiles;
  private volatile boolean closed;

  MemoryFile(MemoryBackend backend, Path path, boolean isWritable, MemoryNode.Content content) {
    this.content = content;
    this.path = path;
    this.isWritable = isWritable;
    this.arena = backend.arena();
    this.plan = backend.plan();
    this.openFiles = backend.files();
  }

  @Override
  public Path path() {
    return path;
  }

  private void check(String deed, long position, int length) {
    if (position < 0 || length < 0) {
      throw new IllegalArgumentException("position " + position + ", length " + length);
    }
    if (closed) {
      throw IoErrors.closed(deed, path);
    }
  }

  @Override
  public int read(long position, long at, int length) {
    check("read", position, length);
    int done = 0;
    while (done < length) {
      int piece = plan.piece(length - done);
      StoreException fault = plan.admit(FaultPlan.Kind.READ, path);
      if (fault != null) {
        throw fault;
      }
      int count = content.read(position + done, arena, at + done, piece);
      done += count;
      if (count < piece) {
        break;
      }
    }
    return done;
  }

  @Override
  public void write(long position, long at, int length) {
    check("write", position, length);
    if (!isWritable) {
      throw new IllegalStateException(path + " is open for reading only");
    }
    int done = 0;
    while (done < length) {
      int piece = plan.piece(length - done);
      StoreException fault = plan.admit(FaultPlan.Kind.WRITE, path);
      if (fault != null) {
        // When the machine stops, how much of it arrives is decided by the crash.
        int part = plan.isCrashed() ? piece : plan.writtenPart(piece);
        content.write(position + done, arena, at + done, part);
        throw fault;
      }
      content.write(position + done, arena, at + done, piece);
      done += piece;
    }
  }

  @Override
  public void force() {
    check("force", 0, 0);
    StoreException fault = plan.admit(FaultPlan.Kind.FORCE, path);
    if (fault != null) {
      if (!plan.isCrashed()) {
        content.forceFailed();
      }
      throw fault;
    }
    content.force();
  }

  @Override
  public long size() {
    check("size", 0, 0);
    plan.checkRunning("size", path);
    return content.length();
  }

  @Override
  public void close() {
    closed = true;
    openFiles.remove(this);
  }
}
