/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import java.nio.file.Path;

/**
 * A file of an {@link OpenFileCache}: open to its user, with or without a handle.
 *
 * <p>Any thread. Everything but the fixed fields belongs to {@link OpenHandles} and is guarded by
 * its lock.
 */
final class CachedFile implements BlockFile {
  private final OpenHandles handles;
  private final Path path;
  final OpenMode mode;
  // Whether what was written is forced before the handle goes.
  final boolean forces;

  // Where the file is found again: follows renames.
  Path current;
  BlockFile handle;
  // Operations that are using the handle.
  int uses;
  boolean opening;
  boolean leaving;
  boolean nameless;
  boolean unforced;
  boolean closed;
  // Why what was written may be lost.
  RuntimeException failure;
  // Neighbours in the order of use; null without a handle.
  CachedFile newer;
  CachedFile older;

  CachedFile(OpenHandles handles, Path path, OpenMode mode, boolean forces) {
    this.handles = handles;
    this.path = path;
    this.mode = mode;
    this.forces = forces;
    this.current = path;
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public int read(long position, long at, int length) {
    BlockFile used = handles.acquire(this, "read");
    try {
      return used.read(position, at, length);
    } finally {
      handles.release(this);
    }
  }

  @Override
  public void write(long position, long at, int length) {
    handles.checkWritten(this);
    BlockFile used = handles.acquire(this, "write");
    try {
      used.write(position, at, length);
    } finally {
      // Also of a failed write any part may be there to be forced.
      handles.written(this);
      handles.release(this);
    }
  }

  /**
   * Goes to the disk even if nothing is known to be unforced: others may have written. Is refused
   * after it failed once.
   */
  @Override
  public void force() {
    handles.checkWritten(this);
    BlockFile used = handles.acquire(this, "force");
    handles.forcing(this);
    try {
      used.force();
    } catch (RuntimeException e) {
      handles.failed(this, e);
      throw e;
    } finally {
      handles.release(this);
    }
  }

  @Override
  public long size() {
    BlockFile used = handles.acquire(this, "size");
    try {
      return used.size();
    } finally {
      handles.release(this);
    }
  }

  /** Operations under way in other threads end with {@code CLOSED}. */
  @Override
  public void close() {
    handles.close(this);
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
