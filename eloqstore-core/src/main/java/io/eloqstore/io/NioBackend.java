/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.memory.Arena;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disk, through {@link FileChannel}: buffered by the operating system, or direct (O_DIRECT).
 *
 * <p>Where a file system refuses direct I/O, its files are buffered, and the log says so once for
 * each backend. Any thread.
 */
public final class NioBackend implements IoBackend {
  private static final Logger LOG = LoggerFactory.getLogger(NioBackend.class);

  private final Arena arena;
  private final boolean isDirect;
  private final NioFile.ChannelSource channels;
  private final OpenFiles files = new OpenFiles();
  // Device number -> whether its file system takes direct I/O; one entry for each mounted disk.
  private final Map<Object, Boolean> directDevices = new ConcurrentHashMap<>();
  private final AtomicBoolean fallbackLogged = new AtomicBoolean();

  NioBackend(Arena arena, boolean isDirect, NioFile.ChannelSource channels) {
    this.arena = arena;
    this.isDirect = isDirect;
    this.channels = channels;
  }

  /** Goes through the page cache of the operating system. */
  public static NioBackend buffered(Arena arena) {
    return new NioBackend(arena, false, (path, options) -> FileChannel.open(path, options));
  }

  /** Goes around the page cache of the operating system where position, length and memory allow. */
  public static NioBackend direct(Arena arena) {
    return new NioBackend(arena, true, (path, options) -> FileChannel.open(path, options));
  }

  NioFile.ChannelSource channels() {
    return channels;
  }

  OpenFiles files() {
    return files;
  }

  @Override
  public Arena arena() {
    return arena;
  }

  @Override
  public BlockFile open(Path path, OpenMode mode) {
    try {
      return isDirect ? openDirect(path, mode) : NioFile.open(this, path, mode, false);
    } catch (IOException | UnsupportedOperationException e) {
      throw IoErrors.of("open", path, e);
    }
  }

  private NioFile openDirect(Path path, OpenMode mode) throws IOException {
    Path directory = path.toAbsolutePath().getParent();
    Object device = device(directory);
    if (!directDevices.computeIfAbsent(device, d -> blocksFit(directory))) {
      return NioFile.open(this, path, mode, false);
    }
    try {
      return NioFile.open(this, path, mode, true);
    } catch (UnsupportedOperationException e) {
      return openRefused(path, mode, device, e);
    } catch (FileSystemException e) {
      // EINVAL is all that says "no direct I/O here"; a subclass says something more exact.
      if (e.getClass() != FileSystemException.class || !Files.exists(path)) {
        throw e;
      }
      return openRefused(path, mode, device, e);
    }
  }

  /** Only when the buffered open succeeds was it the direct flag that failed. */
  private NioFile openRefused(Path path, OpenMode mode, Object device, Exception refusal)
      throws IOException {
    // The direct attempt has created the file by now.
    OpenMode again = mode == OpenMode.CREATE_NEW ? OpenMode.WRITE : mode;
    NioFile file;
    try {
      file = NioFile.open(this, path, again, false);
    } catch (IOException e) {
      e.addSuppressed(refusal);
      throw e;
    }
    directDevices.put(device, false);
    logFallback(path.toAbsolutePath().getParent(), "refuses it: " + refusal);
    return file;
  }

  private static Object device(Path directory) throws IOException {
    try {
      return Files.getAttribute(directory, "unix:dev");
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      return "not a Unix file system";
    }
  }

  private boolean blocksFit(Path directory) {
    try {
      long blockBytes = Files.getFileStore(directory).getBlockSize();
      if (blockBytes > 0 && Arena.ALIGNMENT % blockBytes == 0) {
        return true;
      }
      logFallback(directory, "has blocks of " + blockBytes + " bytes");
    } catch (IOException | UnsupportedOperationException e) {
      logFallback(directory, "does not tell its block size: " + e);
    }
    return false;
  }

  private void logFallback(Path directory, String reason) {
    if (fallbackLogged.compareAndSet(false, true)) {
      LOG.warn(
          "Direct I/O is off, files are buffered: the file system of {} {}", directory, reason);
    }
  }

  @Override
  public boolean exists(Path path) {
    return Files.exists(path);
  }

  @Override
  public long size(Path path) {
    try {
      return Files.size(path);
    } catch (IOException e) {
      throw IoErrors.of("size", path, e);
    }
  }

  @Override
  public void createDirectories(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw IoErrors.of("create directory", directory, e);
    }
  }

  @Override
  public List<DirectoryEntry> list(Path directory) {
    List<DirectoryEntry> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      for (Path path : stream) {
        DirectoryEntry entry = entry(path);
        if (entry != null) {
          entries.add(entry);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw IoErrors.of("list", directory, e.getCause());
    } catch (IOException e) {
      throw IoErrors.of("list", directory, e);
    }
    entries.sort(Comparator.comparing(DirectoryEntry::name));
    return entries;
  }

  private static DirectoryEntry entry(Path path) throws IOException {
    try {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      return new DirectoryEntry(
          path.getFileName().toString(), attributes.isDirectory(), attributes.size());
    } catch (NoSuchFileException e) {
      // Deleted since the listing began.
      return null;
    }
  }

  @Override
  public void rename(Path from, Path to) {
    synchronized (files) {
      try {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw IoErrors.of("rename to " + to + " of", from, e);
      }
      files.forEach(
          handle -> {
            if (handle instanceof NioFile file) {
              file.renamed(from, to);
            }
          });
    }
  }

  @Override
  public void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw IoErrors.of("delete", path, e);
    }
  }

  @Override
  public void link(Path existing, Path link) {
    try {
      Files.createLink(link, existing);
    } catch (IOException | UnsupportedOperationException e) {
      throw IoErrors.of("link to " + existing + " as", link, e);
    }
  }

  @Override
  public void forceDirectory(Path directory) {
    boolean interrupted = Thread.interrupted();
    try {
      while (!tryForceDirectory(directory)) {
        interrupted |= Thread.interrupted();
      }
    } catch (IOException e) {
      throw IoErrors.of("force directory", directory, e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Only channels can force a directory, and an interrupt may hide that it failed; forcing again is
   * harmless here because a file system that could not write its own journal goes read-only.
   *
   * @return false if an interrupt closed the channel
   */
  private static boolean tryForceDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      try {
        channel.force(true);
        return true;
      } catch (IOException e) {
        if (channel.isOpen()) {
          throw e;
        }
        return false;
      }
    }
  }

  @Override
  public FileLease lock(Path path) {
    return NioLease.take(path, files);
  }

  @Override
  public int openFiles() {
    return files.count();
  }

  @Override
  public void close() {
    files.closeAll();
  }
}
