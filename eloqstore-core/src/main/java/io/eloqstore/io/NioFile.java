/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import com.sun.nio.file.ExtendedOpenOption;
import io.eloqstore.memory.Arena;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A file of the disk, buffered or direct. A direct one sends what is not aligned (the tail of a
 * file whose length is no multiple of a block) through a buffered channel of its own; the system
 * keeps both views of the file the same.
 *
 * <p>Any thread. Reading and writing survive interrupts, see {@link ReopeningChannel}. Forcing goes
 * through a {@link RandomAccessFile}, which no interrupt closes: a {@link FileChannel} that is
 * interrupted while it forces hides a failure of the force, and repeating a failed force reports
 * success for bytes that are lost.
 */
final class NioFile implements BlockFile, OpenFiles.Handle {
  /** Opens channels; tests put a failing one in its place. */
  @FunctionalInterface
  interface ChannelSource {
    FileChannel open(Path path, Set<? extends OpenOption> options) throws IOException;
  }

  private static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ);
  private static final Set<OpenOption> READ_WRITE =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);

  private final ChannelSource source;
  private final Arena arena;
  private final OpenFiles openFiles;
  private final Path path;
  private final OpenMode mode;
  private final Object identity;
  private final ReopeningChannel direct;
  private ReopeningChannel buffered;
  private RandomAccessFile forced;
  private volatile Path current;
  private volatile boolean closed;

  private NioFile(
      NioBackend backend, Path path, OpenMode mode, FileChannel channel, boolean isDirect)
      throws IOException {
    this.source = backend.channels();
    this.arena = backend.arena();
    this.openFiles = backend.files();
    this.path = path;
    this.current = path;
    this.mode = mode;
    this.identity = identity(path);
    this.direct =
        isDirect ? new ReopeningChannel(channel, () -> reopen(directOptions(options(mode)))) : null;
    this.buffered = isDirect ? null : new ReopeningChannel(channel, () -> reopen(options(mode)));
  }

  static NioFile open(NioBackend backend, Path path, OpenMode mode, boolean isDirect)
      throws IOException {
    Set<OpenOption> options;
    if (isDirect) {
      // Some systems create the file and then refuse the direct open, so creating goes first.
      create(path, mode);
      options = directOptions(options(mode));
    } else {
      options = creating(mode);
    }
    FileChannel channel = backend.channels().open(path, options);
    try {
      NioFile file = new NioFile(backend, path, mode, channel, isDirect);
      backend.files().add(file);
      return file;
    } catch (IOException | RuntimeException e) {
      try {
        channel.close();
      } catch (IOException late) {
        e.addSuppressed(late);
      }
      throw e;
    }
  }

  private static void create(Path path, OpenMode mode) throws IOException {
    if (mode == OpenMode.CREATE_NEW || mode == OpenMode.WRITE && !Files.exists(path)) {
      FileChannel.open(path, creating(mode)).close();
    }
  }

  private static Set<OpenOption> options(OpenMode mode) {
    return mode == OpenMode.READ ? READ : READ_WRITE;
  }

  private static Set<OpenOption> creating(OpenMode mode) {
    return switch (mode) {
      case READ -> READ;
      case WRITE ->
          Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
      case CREATE_NEW ->
          Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    };
  }

  private static Set<OpenOption> directOptions(Set<OpenOption> options) {
    return options == READ
        ? Set.of(StandardOpenOption.READ, ExtendedOpenOption.DIRECT)
        : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT);
  }

  /** Null where the system has no such thing; then no file is taken for a wrong one. */
  private static Object identity(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
  }

  private FileChannel reopen(Set<OpenOption> options) throws IOException {
    // A rename under way must not be seen half done.
    synchronized (openFiles) {
      Path name = current;
      FileChannel channel = source.open(name, options);
      try {
        checkIdentity(name);
        return channel;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    }
  }

  private void checkIdentity(Path name) throws IOException {
    if (!Objects.equals(identity, identity(name))) {
      throw new FileSystemException(
          name.toString(), null, "another file has taken the name of the open one");
    }
  }

  /** Follows a rename, so that the file can be opened again. */
  void renamed(Path from, Path to) {
    Path name = current;
    if (name.equals(from)) {
      current = to;
    } else if (name.startsWith(from)) {
      current = to.resolve(from.relativize(name));
    }
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public int read(long position, long at, int length) {
    checkRange(position, length);
    ByteBuffer buffer = arena.buffer(at, length);
    try {
      while (buffer.hasRemaining()) {
        int done = buffer.position();
        int count =
            channel(position + done, at + done, length - done).read(buffer, position + done);
        if (count < 0) {
          break;
        }
        checkProgress(count);
      }
      return buffer.position();
    } catch (ClosedChannelException e) {
      throw IoErrors.closed("read", path);
    } catch (IOException e) {
      throw IoErrors.of("read", path, position, length, e);
    }
  }

  @Override
  public void write(long position, long at, int length) {
    checkRange(position, length);
    if (mode == OpenMode.READ) {
      throw new IllegalStateException(path + " is open for reading only");
    }
    ByteBuffer buffer = arena.buffer(at, length);
    try {
      while (buffer.hasRemaining()) {
        int done = buffer.position();
        checkProgress(
            channel(position + done, at + done, length - done).write(buffer, position + done));
      }
    } catch (ClosedChannelException e) {
      throw IoErrors.closed("write", path);
    } catch (IOException e) {
      throw IoErrors.of("write", path, position, length, e);
    }
  }

  private static void checkRange(long position, int length) {
    if (position < 0 || length < 0) {
      throw new IllegalArgumentException("position " + position + ", length " + length);
    }
  }

  private static void checkProgress(int count) throws IOException {
    if (count <= 0) {
      throw new IOException("the system moved " + count + " bytes");
    }
  }

  private ReopeningChannel channel(long position, long at, int length) throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    boolean isAligned = ((position | at | length) & (Arena.ALIGNMENT - 1)) == 0;
    return direct != null && isAligned ? direct : buffered();
  }

  private ReopeningChannel buffered() throws IOException {
    if (direct == null) {
      return buffered;
    }
    synchronized (this) {
      if (closed) {
        throw new ClosedChannelException();
      }
      if (buffered == null) {
        ReopeningChannel.Opener opener = () -> reopen(options(mode));
        buffered = new ReopeningChannel(opener.open(), opener);
      }
      return buffered;
    }
  }

  @Override
  public synchronized void force() {
    if (closed) {
      throw IoErrors.closed("force", path);
    }
    try {
      if (forced == null) {
        checkIdentity(current);
        forced = new RandomAccessFile(current.toFile(), mode == OpenMode.READ ? "r" : "rw");
      }
      forced.getFD().sync();
    } catch (IOException e) {
      throw IoErrors.of("force", path, e);
    }
  }

  @Override
  public long size() {
    try {
      return (direct != null ? direct : buffered).size();
    } catch (ClosedChannelException e) {
      throw IoErrors.closed("size", path);
    } catch (IOException e) {
      throw IoErrors.of("size", path, e);
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    openFiles.remove(this);
    IOException first = null;
    for (AutoCloseable part : parts()) {
      try {
        part.close();
      } catch (IOException e) {
        first = e;
      } catch (Exception e) {
        throw new AssertionError("a channel close throws only IOException", e);
      }
    }
    if (first != null) {
      throw IoErrors.of("close", path, first);
    }
  }

  private List<AutoCloseable> parts() {
    List<AutoCloseable> parts = new ArrayList<>();
    if (direct != null) {
      parts.add(direct::close);
    }
    if (buffered != null) {
      parts.add(buffered::close);
    }
    if (forced != null) {
      parts.add(forced);
    }
    return parts;
  }
}
