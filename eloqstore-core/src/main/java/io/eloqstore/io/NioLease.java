/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An advisory lock of the operating system on a file of its own.
 *
 * <p>Two traps are avoided. The system drops a process's lock when the process closes <em>any</em>
 * handle of the file, so a second opener in this JVM must be refused before it opens the file: the
 * names of held locks are kept here. And since the file is removed when the lock is released, a
 * process may lock a file that has just lost its name: the lock counts only if the name stands for
 * the same file before opening and after locking.
 *
 * <p>Any thread.
 */
final class NioLease implements FileLease, OpenFiles.Handle {
  /** Each attempt after the first means that another owner let go in between. */
  private static final int ATTEMPTS_MAX = 100;

  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  /** The file is never written, so its time is that of its creation. */
  private record Identity(Object key, FileTime made) {}

  private final Path path;
  private final Path realPath;
  private final FileChannel channel;
  private final OpenFiles openFiles;
  private boolean closed;

  private NioLease(Path path, Path realPath, FileChannel channel, OpenFiles openFiles) {
    this.path = path;
    this.realPath = realPath;
    this.channel = channel;
    this.openFiles = openFiles;
  }

  static NioLease take(Path path, OpenFiles openFiles) {
    boolean interrupted = Thread.interrupted();
    try {
      Path absolute = path.toAbsolutePath();
      Path realPath = absolute.getParent().toRealPath().resolve(absolute.getFileName());
      if (!HELD.add(realPath)) {
        throw busy(path, "this process");
      }
      FileChannel channel = null;
      try {
        channel = lock(path);
      } finally {
        if (channel == null) {
          HELD.remove(realPath);
        }
      }
      NioLease lease = new NioLease(path, realPath, channel, openFiles);
      openFiles.add(lease);
      return lease;
    } catch (IOException e) {
      throw IoErrors.of("lock", path, e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static FileChannel lock(Path path) throws IOException {
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      FileChannel channel = null;
      boolean locked = false;
      try {
        createIfAbsent(path);
        Identity before = identity(path);
        channel = FileChannel.open(path, StandardOpenOption.WRITE);
        FileLock lock = tryLock(channel);
        if (lock == null) {
          throw busy(path, "another process");
        }
        locked = before.equals(identity(path));
        if (locked) {
          return channel;
        }
      } catch (NoSuchFileException e) {
        if (!Files.isDirectory(path.toAbsolutePath().getParent())) {
          throw e;
        }
        // Its owner removed it between two of our steps: the lock is free, so try once more.
      } finally {
        if (channel != null && !locked) {
          channel.close();
        }
      }
    }
    throw busy(path, "others in quick succession");
  }

  private static void createIfAbsent(Path path) throws IOException {
    if (!Files.exists(path)) {
      try {
        Files.createFile(path);
      } catch (FileAlreadyExistsException e) {
        // Somebody else was quicker; the lock decides between us.
      }
    }
  }

  private static FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Held by a copy of this class from another class loader.
      return null;
    }
  }

  private static Identity identity(Path path) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    return new Identity(attributes.fileKey(), attributes.lastModifiedTime());
  }

  private static StoreException busy(Path path, String holder) {
    return new StoreException(StoreErrorCode.BUSY, "lock " + path + ": it is held by " + holder);
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    openFiles.remove(this);
    IOException first = null;
    try {
      // While the lock is held: afterwards the name may already be somebody else's.
      Files.deleteIfExists(realPath);
    } catch (IOException e) {
      first = e;
    }
    try {
      channel.close();
    } catch (IOException e) {
      if (first == null) {
        first = e;
      } else {
        first.addSuppressed(e);
      }
    }
    HELD.remove(realPath);
    if (first != null) {
      throw IoErrors.of("unlock", path, first);
    }
  }
}
