/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FileLease;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.memory.Arena;
import java.nio.file.Path;
import java.util.List;

/**
 * A file system of which only so many files are open at a time, however many its users have open:
 * the least recently used handle is closed for the next one and opened again when it is needed. One
 * for each shard; locks are not counted.
 *
 * <p>Any thread. Who uses it sees an {@link IoBackend} like every other, with these differences:
 *
 * <ul>
 *   <li>A handle stays open during an operation. When every handle is in one, nobody waits: the
 *       limit is exceeded by as many handles as threads are in an operation, and the surplus is
 *       closed with the end of its operation.
 *   <li>A file that has lost its name, deleted or replaced by a rename, cannot be opened again: its
 *       handle stays until the file is closed, beyond the limit if nothing else can be closed. An
 *       image keeps the manifest of its commit so.
 *   <li>The system may forget a failure to write bytes out between the close of one handle and the
 *       opening of the next. So a file that was written is forced before its handle is closed;
 *       files without unforced bytes are closed first. If that force fails, every later write and
 *       force of the file does. Files opened through {@link #unforced} are closed as they are.
 * </ul>
 *
 * <p>A handle of a disk file is one descriptor of the system, two once it has been forced, one more
 * where direct I/O meets an unaligned tail.
 */
public final class OpenFileCache implements IoBackend {
  private final IoBackend io;
  private final OpenHandles handles;
  private final boolean forces;

  private OpenFileCache(IoBackend io, OpenHandles handles, boolean forces) {
    this.io = io;
    this.handles = handles;
    this.forces = forces;
  }

  /**
   * Takes a backend over; it is closed with the cache.
   *
   * @param openFilesMax handles that are open at a time, at least 1
   */
  public OpenFileCache(IoBackend io, int openFilesMax) {
    this(io, new OpenHandles(io, openFilesMax), true);
  }

  /**
   * The same files and the same limit, for who never forces what it writes: nor does the closing of
   * a handle. Not to be closed.
   */
  public IoBackend unforced() {
    return new OpenFileCache(io, handles, false);
  }

  /** Files open now, locks not counted. */
  public int openHandles() {
    return handles.open();
  }

  /** How often a file was opened so far, again or for the first time. */
  public long opened() {
    return handles.opened();
  }

  /** How often a handle was closed to make room for another. */
  public long evicted() {
    return handles.evicted();
  }

  @Override
  public Arena arena() {
    return io.arena();
  }

  @Override
  public BlockFile open(Path path, OpenMode mode) {
    return handles.open(path, mode, forces);
  }

  @Override
  public boolean exists(Path path) {
    return io.exists(path);
  }

  @Override
  public long size(Path path) {
    return io.size(path);
  }

  @Override
  public void createDirectories(Path directory) {
    io.createDirectories(directory);
  }

  @Override
  public List<DirectoryEntry> list(Path directory) {
    return io.list(directory);
  }

  @Override
  public void rename(Path from, Path to) {
    handles.rename(from, to);
  }

  @Override
  public void delete(Path path) {
    handles.delete(path);
  }

  @Override
  public void link(Path existing, Path link) {
    io.link(existing, link);
  }

  @Override
  public void forceDirectory(Path directory) {
    io.forceDirectory(directory);
  }

  @Override
  public FileLease lock(Path path) {
    return io.lock(path);
  }

  /** Files and leases that were opened and not closed, whether or not they have a handle. */
  @Override
  public int openFiles() {
    return handles.files() + io.openFiles() - handles.open();
  }

  @Override
  public void close() {
    try {
      handles.close();
    } finally {
      io.close();
    }
  }
}
